from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL


class DunningHold(models.Model):
    """Stops dunning for a customer, or for one invoice, while it is active."""

    _name = "dunning.hold"
    _description = "Dunning Hold"
    _inherit = ["mail.thread"]
    _order = "date_to, id desc"
    _check_company_auto = True

    name = fields.Char(string="Reason", required=True, tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, ondelete="cascade"
    )
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        index="btree_not_null",
        ondelete="cascade",
        domain="[('commercial_partner_id', '=', partner_id), ('state', '=', 'posted')]",
        help="Empty: everything that the customer owes is held.",
    )
    user_id = fields.Many2one(
        "res.users", string="Set by", default=lambda self: self.env.user, readonly=True
    )
    date_from = fields.Date(required=True, default=fields.Date.context_today, tracking=True)
    date_to = fields.Date(
        string="Until",
        required=True,
        tracking=True,
        help="Last day of the hold. Nothing is held for ever: look at it again then.",
    )
    active = fields.Boolean(default=True, help="Not active: the hold was lifted.")

    _dates_in_order = models.Constraint(
        "CHECK (date_to >= date_from)",
        "The hold ends before it begins: choose a later last day.",
    )

    @api.constrains("partner_id", "move_id")
    def _check_debtor(self):
        for hold in self:
            debtor = hold.partner_id.commercial_partner_id
            if hold.partner_id != debtor:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is a contact of %(debtor)s: hold %(debtor)s.",
                        contact=hold.partner_id.name,
                        debtor=debtor.name,
                    )
                )
            if hold.move_id and hold.move_id.commercial_partner_id != debtor:
                raise ValidationError(
                    self.env._(
                        "Invoice %(invoice)s belongs to %(owner)s, not to %(debtor)s: choose an "
                        "invoice of this customer.",
                        invoice=hold.move_id.name,
                        owner=hold.move_id.commercial_partner_id.name,
                        debtor=debtor.name,
                    )
                )

    def action_lift(self):
        """End the hold now; dunning goes on from the level that was reached."""
        self.active = False

    @api.model
    def _active_sql(self, scope, key):
        """The hold that lasts longest, for each invoice or for each debtor.

        :param scope: Scope of the evaluation
        :param key: "move_id" or "partner_id"
        :return: SQL of a query with the key, hold_id and until
        """
        column = SQL.identifier("h", key)
        return SQL(
            """
            SELECT DISTINCT ON (%(key)s) %(key)s, h.id AS hold_id, h.date_to AS until
              FROM dunning_hold h
             WHERE h.active AND h.date_from <= %(date)s AND h.date_to >= %(date)s
               AND h.company_id IN %(companies)s AND %(scope)s
             ORDER BY %(key)s, h.date_to DESC, h.id
            """,
            key=column,
            date=scope.date,
            companies=tuple(self.env["dunning.engine"]._companies(scope.company).ids),
            scope=SQL("h.move_id IS NOT NULL") if key == "move_id" else SQL("h.move_id IS NULL"),
        )
