"""The accounting set-up of Odoo's own tests, made once for a database instead of once a class.

Making a company with a chart of accounts takes most of the time of a small test class. Who
prepares the database for tests runs :func:`prepare` on it; where nobody did, each class makes
its own, as Odoo's tests do.
"""

import json

from odoo import models
from odoo.modules.registry import Registry
from odoo.tests.common import get_db_name

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

PARAMETER = "dunning_advanced.prepared_tests"


class Prepared(AccountTestInvoicingCommon):
    """What is kept. No test of its own."""

    @classmethod
    def keep(cls):
        """Commit what the set-up has made, with the names by which a class knows it."""
        values = {name: stored for name, value in vars(cls).items() if (stored := _stored(value))}
        values["uid"] = cls.env.uid
        cls.env["ir.config_parameter"].sudo().set_param(PARAMETER, json.dumps(values))
        cls.env.flush_all()
        cls.commit_patcher.stop()
        cls.cr.commit()
        cls.commit_patcher.start()


def prepare():
    """Make the set-up in the database that Odoo is configured for, unless it is there."""
    if is_kept():
        return
    Prepared.setUpClass()
    try:
        Prepared.keep()
    finally:
        Prepared.doClassCleanups()


def restore(cls):
    """Give a test class, which has an environment, what is kept."""
    values = _read()
    uid = values.pop("uid")
    cls.tax_number = 0
    cls.env = cls.env(user=uid, context={**cls.env.context, **cls.default_env_context()})
    cls.user = cls.env.user
    for name, stored in values.items():
        setattr(cls, name, _loaded(cls.env, stored))
    # it need not be looked for again for the other companies of a test
    cls.chart_template = cls.company_data["company"].chart_template


def is_kept():
    """Tell whether the set-up is in the database."""
    return bool(_read())


def _read():
    with Registry(get_db_name()).cursor() as cr:
        cr.execute("SELECT value FROM ir_config_parameter WHERE key = %s", [PARAMETER])
        found = cr.fetchone()
    return found and json.loads(found[0])


def _stored(value):
    if isinstance(value, models.BaseModel):
        return {"model": value._name, "ids": value.ids}
    if isinstance(value, dict) and isinstance(value.get("company"), models.BaseModel):
        return {"of": {key: _stored(record) for key, record in value.items()}}
    return None


def _loaded(env, stored):
    if not stored:
        return None
    if "of" in stored:
        return {key: _loaded(env, record) for key, record in stored["of"].items()}
    return env[stored["model"]].browse(stored["ids"])
