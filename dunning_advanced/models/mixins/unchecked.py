from odoo import fields


class UncheckedMany2one(fields.Many2one):
    """A many2one without a foreign key in the database.

    For records that are written by the hundred thousand, where the foreign keys of other
    records keep what it points to: checking each once more would be a good part of the work.
    """

    def update_db_foreign_key(self, model, column):
        """Make none."""
