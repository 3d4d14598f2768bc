"""Keeps in a database what the addon's test classes would each make for themselves."""

from .session import database, odoo_env


def main():
    """Prepare the database that ./dev test has just made."""
    with odoo_env(database()) as env:
        env.cr.commit()  # the set-up has a transaction of its own
        from odoo.addons.dunning_advanced.tests import prepared

        prepared.prepare()


if __name__ == "__main__":
    main()
