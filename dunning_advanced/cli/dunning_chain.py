"""Check the chain of what went out: ``odoo-bin --addons-path=... dunning_chain -d DATABASE``."""

import sys

from odoo import SUPERUSER_ID
from odoo.api import Environment
from odoo.cli.command import Command
from odoo.modules.registry import Registry
from odoo.tools import config


class DunningChain(Command):
    """Check that nothing that dunning sent out was changed, deleted or put in since.

    Names the first record that does not fit, and ends with 1 where there is one.
    """

    name = "dunning_chain"

    def __init__(self):
        super().__init__()
        add = self.parser.add_argument
        add("-c", "--config", help="configuration file of Odoo")
        add("-d", "--database", required=True, help="name of the database")
        add("--company", help="only the company of this name")

    def run(self, args):
        """Print what came of it, company by company."""
        given = self.parser.parse_args(args)
        options = ["--no-http", "--log-level=warn", "-d", given.database]
        config.parse_config(options + (["-c", given.config] if given.config else []))
        with Registry(given.database).cursor() as cr:
            env = Environment(cr, SUPERUSER_ID, {})
            sys.exit(0 if self.report(env, given.company) else 1)

    def report(self, env, name=None):
        """Print the check of each company.

        :param name: of the only company that is asked for
        :return: whether all are whole
        """
        companies = env["res.company"].search([("name", "=", name)] if name else [])
        if not companies:
            sys.exit(f"There is no company {name!r}")
        entries, whole = env["dunning.chain.entry"], True
        for company in companies:
            checked = entries._check(company)
            print(f"{company.name}: {'BROKEN' if checked.problems else 'whole'}")
            for sentence in entries._describe(checked):
                print(f"  {sentence}")
            whole = whole and not checked.problems
        return whole
