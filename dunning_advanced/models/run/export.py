from odoo import fields, models
from odoo.exceptions import UserError

from ...tools.spreadsheet import MAX_ROWS, Amount, Column, workbook

PARTNER_FIELDS = [
    "name",
    "complete_name",
    "ref",
    "email",
    "contact_address_inline",
    "commercial_partner_id",
]
NOTICE_FIELDS = [
    "name",
    "partner_id",
    "contact_id",
    "currency_id",
    "level_id",
    "rung",
    "channel",
    "state",
    "item_count",
    "date",
    "date_oldest",
    "amount_open",
    "amount_held",
    "amount_credit",
    "amount_total",
    "amount_total_company",
    "comparison",
    "last_date",
    "amount_change",
    "user_id",
    "reason",
    "error",
    "company_id",
]
LINE_FIELDS = [
    "name",
    "partner_id",
    "notice_id",
    "currency_id",
    "level_id",
    "date",
    "date_maturity",
    "amount_open",
    "amount_held",
    "amount_net",
    "verdict",
    "date_next",
    "company_id",
]


class DunningRun(models.Model):
    _inherit = "dunning.run"

    def action_export_xlsx(self):
        """Download the run as a workbook."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/dunning/run/{self.id}/xlsx",
            "target": "download",
        }

    def _xlsx_name(self):
        """The name of the file: what it is, of which day and company."""
        self.ensure_one()
        return self.env._(
            "Reminders %(date)s %(company)s.xlsx",
            date=fields.Date.to_string(self.date),
            company=self.company_id.name,
        ).replace("/", "-")

    def _xlsx(self):
        """The workbook of the run: its reminders, all its items, the totals
        and the charges.

        The number of queries does not depend on the number of items.

        :return: content of the file, as bytes
        :raises UserError: when the run has more items than a sheet has rows
        """
        self.ensure_one()
        notices, lines = self._xlsx_records()
        with workbook() as (book, output):
            sheet = book.sheet(self.env._("Reminders"), self._xlsx_notice_columns())
            sheet.table(self._xlsx_notice_rows(notices))
            sheet = book.sheet(self.env._("Items"), self._xlsx_line_columns())
            sheet.table(self._xlsx_line_rows(lines))
            self._xlsx_totals(book)
            self._xlsx_charges(book)
        return output.getvalue()

    def _xlsx_records(self):
        """Notices and lines, with all that their rows show in the cache."""
        own = [("run_id", "=", self.id)]
        if self.env["dunning.line"].search_count(own) > MAX_ROWS:
            raise UserError(
                self.env._(
                    "The run has more than %s items, and a sheet cannot hold more: make a run "
                    "for some customers only.",
                    f"{MAX_ROWS:,}",
                )
            )
        notices = self.env["dunning.notice"].search_fetch(own, NOTICE_FIELDS)
        lines = self.env["dunning.line"].search_fetch(own, LINE_FIELDS, order="partner_id, id")
        partners = notices.partner_id | notices.contact_id | lines.partner_id
        partners.fetch(PARTNER_FIELDS)
        return notices, lines

    # Reminders

    def _xlsx_notice_columns(self):
        return [
            Column(self.env._("Number"), width=16),
            Column(self.env._("Customer"), width=32),
            Column(self.env._("Customer no.")),
            Column(self.env._("Level"), width=20),
            Column(self.env._("Channel"), width=12),
            Column(self.env._("Addressed to"), width=28),
            Column(self.env._("Contact address"), width=36),
            Column(self.env._("State"), width=12),
            Column(self.env._("Items"), "int"),
            Column(self.env._("Due since"), "date"),
            Column(self.env._("Days"), "int"),
            Column(self.env._("Open"), "amount"),
            Column(self.env._("Disputed"), "amount"),
            Column(self.env._("Credits"), "amount"),
            Column(self.env._("To pay"), "amount"),
            Column(self.env._("Currency"), width=9),
            Column(self.env._("To pay in %s", self.company_id.currency_id.name), "amount"),
            Column(self.env._("Compared"), width=12),
            Column(self.env._("Last reminder"), "date"),
            Column(self.env._("Change"), "amount"),
            Column(self.env._("Attention"), width=28),
            Column(self.env._("Responsible"), width=20),
            Column(self.env._("Reason or problem"), width=40),
        ]

    def _xlsx_notice_rows(self, notices):
        channels = dict(self.env["dunning.channel"]._selection())
        states = dict(notices._fields["state"]._description_selection(self.env))
        comparisons = dict(notices._fields["comparison"]._description_selection(self.env))
        deliveries = self._xlsx_deliveries()
        company_digits = self.company_id.currency_id.decimal_places
        for notice in notices:
            digits = notice.currency_id.decimal_places
            contact = notice.contact_id
            address, problem = deliveries.get(notice.id, (False, False))
            yield [
                notice.name,
                notice.partner_id.display_name,
                notice.partner_id.ref,
                notice.level_id.name,
                channels.get(notice.channel, notice.channel),
                contact.display_name,
                address
                or (contact.email if notice.channel == "email" else contact.contact_address_inline),
                states[notice.state],
                notice.item_count,
                notice.date_oldest,
                notice.days_overdue,
                Amount(notice.amount_open, digits),
                Amount(notice.amount_held, digits),
                Amount(notice.amount_credit, digits),
                Amount(notice.amount_total, digits),
                notice.currency_id.name,
                Amount(notice.amount_total_company, company_digits),
                comparisons.get(notice.comparison),
                notice.last_date,
                Amount(notice.amount_change, digits) if notice.last_date else None,
                notice.warning,
                notice.user_id.name,
                " ".join(filter(None, [notice.reason, notice.error, problem])),
            ]

    def _xlsx_deliveries(self):
        """Address and failure of the last delivery of each notice."""
        deliveries = self.env["dunning.delivery"].search_fetch(
            [
                ("notice_id.run_id", "=", self.id),
                ("state", "!=", "withdrawn"),
                ("correction", "=", False),
            ],
            ["notice_id", "channel", "address", "error"],
            order="id",
        )
        return {
            delivery.notice_id.id: (delivery.address, delivery.error)
            for delivery in deliveries
            if delivery.channel == delivery.notice_id.channel
        }

    # Items

    def _xlsx_line_columns(self):
        return [
            Column(self.env._("Customer"), width=32),
            Column(self.env._("Invoice"), width=20),
            Column(self.env._("Due date"), "date"),
            Column(self.env._("Days"), "int"),
            Column(self.env._("Open"), "amount"),
            Column(self.env._("Disputed"), "amount"),
            Column(self.env._("To pay"), "amount"),
            Column(self.env._("Currency"), width=9),
            Column(self.env._("Level"), width=20),
            Column(self.env._("Decision"), width=28),
            Column(self.env._("Reminder"), width=16),
            Column(self.env._("Next level from"), "date", 15),
        ]

    def _xlsx_line_rows(self, lines):
        verdicts = dict(lines._selection_verdict())
        for line in lines:
            digits = line.currency_id.decimal_places
            yield [
                line.partner_id.display_name,
                line.name,
                line.date_maturity,
                line.days_overdue,
                Amount(line.amount_open, digits),
                Amount(line.amount_held, digits),
                Amount(line.amount_net, digits),
                line.currency_id.name,
                line.level_id.name,
                verdicts.get(line.verdict, line.verdict),
                line.notice_id.name,
                line.date_next,
            ]
