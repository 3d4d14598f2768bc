"""What goes before Odoo uninstalls the addon."""

from odoo.tools import SQL

MODULE = "dunning_advanced"
# Where Odoo keeps the name of a model, or the code of a number, as text: what people
# made there for our models does not go with them.
NAMED = {
    "ir.actions.act_window": "res_model",
    "ir.actions.report": "model",
    "ir.exports": "resource",
    "ir.filters": "model_id",
    "ir.sequence": "code",
    "ir.ui.view": "model",
}


def uninstall_hook(env):
    """Take away what Odoo would stumble over or leave behind.

    Odoo deletes the records that came with an addon one by one, before its tables. A
    reminder keeps its level and an invoice keeps the product of its fee: each of these
    would be an error of the database, and some records would stay.
    """
    names = [name for name, model in env.items() if model._original_module == MODULE]
    _unlink_activities(env, names)
    _unlink_named(env, names)
    _empty_tables(env, names)
    _release_products(env)
    env["ir.default"].discard_values("res.partner", "type", ["dunning"])


def _unlink_activities(env, names):
    """Their types go first, which would write on activities of records that are gone."""
    activities = env["mail.activity"].with_context(active_test=False)
    activities.search([("res_model", "in", names)]).unlink()


def _unlink_named(env, names):
    """Delete what people made for our models; what came with the addon is Odoo's to delete."""
    for model, field in NAMED.items():
        found = env[model].with_context(active_test=False).search([(field, "in", names)])
        (found - found.browse(_ids(env, model).mapped("res_id"))).unlink()


def _empty_tables(env, names):
    """Empty all tables of the addon at once, and forget the external ids of their rows.

    A table cannot be emptied while others refer to it: what refers to it are columns
    that are about to go with the addon.
    """
    env.flush_all()
    tables = [env[name]._table for name in names if env[name]._auto]
    references = env.execute_query(
        SQL(
            """SELECT other.relname::text, reference.conname::text
                 FROM pg_constraint reference
                 JOIN pg_class own ON own.oid = reference.confrelid
                 JOIN pg_class other ON other.oid = reference.conrelid
                WHERE reference.contype = 'f'
                  AND own.relnamespace = current_schema::regnamespace
                  AND own.relname::text = ANY(%(tables)s)
                  AND other.relname::text <> ALL(%(tables)s)""",
            tables=tables,
        )
    )
    for table, constraint in references:
        env.cr.execute(
            SQL(
                "ALTER TABLE %s DROP CONSTRAINT %s",
                SQL.identifier(table),
                SQL.identifier(constraint),
            )
        )
    env.cr.execute(SQL("TRUNCATE %s", SQL(", ").join(map(SQL.identifier, tables))))
    env.invalidate_all()
    env["ir.model.data"].search([("model", "in", names)]).unlink()


def _release_products(env):
    """Products that were invoiced stay on their invoices, archived; they are ours no more."""
    ids = _ids(env, "product.product") | _ids(env, "product.template")
    own = ids.filtered(lambda data: data.model == "product.product").mapped("res_id")
    products = env["product.product"].browse(own).exists()
    products._unlink_or_archive()
    products.exists().product_tmpl_id.action_archive()
    ids.exists().unlink()


def _ids(env, model):
    """The external ids of the addon for records of a model."""
    return env["ir.model.data"].search([("module", "=", MODULE), ("model", "=", model)])
