from odoo.tools import sql

# Kept by the foreign keys of the run, the reminder and the journal item.
COLUMNS = ("company_id", "currency_id", "level_id", "policy_id")


def migrate(cr, version):
    for column in COLUMNS:
        name = f"dunning_line_{column}_fkey"
        sql.drop_constraint(cr, "dunning_line", name)
        cr.execute("DELETE FROM ir_model_constraint WHERE name = %s", [name])
