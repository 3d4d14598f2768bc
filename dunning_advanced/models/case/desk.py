from odoo import api, fields, models


class DunningCase(models.Model):
    """What people do with the customer of a case, and what came of it."""

    _inherit = "dunning.case"

    promise_ids = fields.One2many("dunning.promise", compute="_compute_promises")
    broken_count = fields.Integer(
        string="Broken promises",
        compute="_compute_broken_count",
        help="Promises of this customer that were not, or only partly, kept.",
    )

    call_ids = fields.One2many("dunning.call", "case_id")
    contact_ids = fields.Many2many(
        "res.partner", string="Contacts", compute="_compute_contacts", help="Whom to call."
    )
    call_contact_id = fields.Many2one(
        "res.partner",
        compute="_compute_contacts",
        help="The first whose number can be dialed: dunning contact, customer, others.",
    )
    phone = fields.Html(compute="_compute_contacts", sanitize=False)
    phone_problem = fields.Char(compute="_compute_contacts")

    @api.depends("partner_id")
    def _compute_contacts(self):
        contacts = self.env["res.partner"].search(
            [("commercial_partner_id", "in", self.partner_id.ids)]
        )
        contacts |= self.partner_id
        contacts.mapped("dunning_phone")  # of all cases at once
        found = contacts.grouped("commercial_partner_id")
        for case in self:
            own = found.get(case.partner_id, case.partner_id)
            case.contact_ids = own.sorted(
                lambda contact, debtor=case.partner_id: (
                    contact.type != "dunning",
                    contact != debtor,
                    contact.type != "invoice",
                    contact.id,
                )
            )
            usable = case.contact_ids.filtered("dunning_phone")
            case.call_contact_id = (usable or case.partner_id)[:1]
            case.phone = case.call_contact_id.dunning_phone
            case.phone_problem = case.call_contact_id.dunning_phone_problem

    def _compute_promises(self):
        promises = self.env["dunning.promise"].search(self._debtor_domain())
        found = promises.grouped(lambda promise: (promise.partner_id, promise.company_id))
        for case in self:
            case.promise_ids = found.get((case.partner_id, case.company_id))

    def _compute_broken_count(self):
        groups = self.env["dunning.promise"]._read_group(
            [*self._debtor_domain(), ("state", "in", ("broken", "partial"))],
            ["partner_id", "company_id"],
            ["__count"],
        )
        found = {(partner, company): count for partner, company, count in groups}
        for case in self:
            case.broken_count = found.get((case.partner_id, case.company_id), 0)

    # Actions

    def action_log_call(self):
        """Ask what came of a call."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Log call"),
            "res_model": "dunning.call.log",
            "view_mode": "form",
            "target": "new",
            "context": {"default_case_id": self.id},
        }

    def action_fix_phone(self):
        """Correct the contact whose number cannot be dialed."""
        self.ensure_one()
        return self.call_contact_id.action_dunning_fix()

    def action_promise(self):
        """Ask what the customer promised to pay, and by when."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Promise"),
            "res_model": "dunning.promise",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_partner_id": self.partner_id.id,
                "default_company_id": self.company_id.id,
                "default_currency_id": self._main_currency().id,
            },
        }

    def _main_currency(self):
        """The currency in which the customer owes the most."""
        today = fields.Date.context_today(self)
        balances = self.partner_id._dunning_balances(self.company_id, today)
        rows = balances.get((self.company_id.id, self.partner_id.id), [])
        largest = max(rows, key=lambda row: row["overdue_company"], default={})
        return self.env["res.currency"].browse(
            largest.get("currency_id", self.company_id.currency_id.id)
        )
