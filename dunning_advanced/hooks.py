"""What goes before Odoo uninstalls the addon."""

from lxml import etree

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
    _unlink_numbers(env, names)
    _unlink_named(env, names)
    _release_views(env)
    _forget(env, names)
    _empty_tables(env, names)
    _release_products(env)
    env["ir.default"].discard_values("res.partner", "type", ["dunning"])


def _unlink_activities(env, names):
    """Their types go first, which would write on activities of records that are gone."""
    activities = env["mail.activity"].with_context(active_test=False)
    activities.search([("res_model", "in", names)]).unlink()


def _unlink_numbers(env, names):
    """The numbers of each year are kept in the database by sequences of their own."""
    sequences = env["ir.sequence"].with_context(active_test=False)
    sequences.search([("code", "in", names)]).date_range_ids.unlink()


def _release_views(env):
    """Views that people made and that show fields of ours would not open any more: those
    that show nothing else go, the others are archived.
    """
    fields = env["ir.model.fields"].browse(_ids(env, "ir.model.fields").mapped("res_id"))
    ours = {name for name in fields.mapped("name") if name.startswith("dunning_")}
    domain = [("arch_db", "like", "dunning_"), ("model", "!=", False)]
    views = env["ir.ui.view"].with_context(active_test=False).search(domain)
    for view in views - views.browse(_ids(env, "ir.ui.view").mapped("res_id")):
        # one with a position only says where the others go
        shown = set(etree.fromstring(view.arch).xpath("//field[not(@position)]/@name"))
        if shown & ours:
            if shown <= ours and not view.inherit_children_ids:
                view.unlink()
            else:
                view.active = False


def _forget(env, names):
    """External ids that other modules have for parts of our models, by what they inherit."""
    models = env["ir.model"].search([("model", "in", names)])
    for model, domain in {
        "ir.model.inherit": [("model_id", "in", models.ids)],
        "ir.model.fields.selection": [("field_id.model_id", "in", models.ids)],
    }.items():
        ids = env[model].search(domain).ids
        others = [("model", "=", model), ("res_id", "in", ids), ("module", "!=", MODULE)]
        env["ir.model.data"].search(others).unlink()


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
    # Those on tables of others, which go with their columns, would leave a row about them.
    constraints = env["ir.model.constraint"].search([("module.name", "=", MODULE)])
    constraints.filtered(lambda row: row.model.model not in names).unlink()
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
