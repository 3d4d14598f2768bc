from odoo import fields, models
from odoo.exceptions import UserError

from ...tools.spreadsheet import MAX_ROWS, Amount, Column, workbook
from ..engine.gates import COUNTS
from ..mixins.labels import labels

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

    # Business

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
        partners = notices.partner_id | notices.contact_ids | lines.partner_id
        partners.fetch(PARTNER_FIELDS)
        return notices, lines

    def _xlsx_notice_columns(self):
        return [
            Column(self.env._("Number"), width=16),
            Column(self.env._("Customer"), width=32),
            Column(self.env._("Customer no.")),
            Column(self.env._("Level"), width=20),
            Column(self.env._("Channel"), width=12),
            Column(self.env._("Addressed to"), width=28),
            Column(self.env._("Contact address"), width=36),
            Column(self.env._("Status"), width=12),
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
        channels = self.env["dunning.channel"]
        states = labels(notices, "state")
        comparisons = labels(notices, "comparison")
        deliveries = self._xlsx_deliveries()
        company_digits = self.company_id.currency_id.decimal_places
        for notice in notices:
            digits = notice.currency_id.decimal_places
            contacts = notice.contact_ids
            address, problem = deliveries.get(notice.id, (False, False))
            channel = channels._get(notice.channel)
            yield [
                notice.name,
                notice.partner_id.display_name,
                notice.partner_id.ref,
                notice.level_id.name,
                channels._label(notice.channel),
                ", ".join(contacts.mapped("display_name")),
                address or (channel and ", ".join(map(channel.address, contacts))),
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
        """Addresses and failures of the last deliveries of each notice, one to each contact."""
        deliveries = self.env["dunning.delivery"].search_fetch(
            [
                ("notice_id.run_id", "=", self.id),
                ("state", "!=", "withdrawn"),
                ("correction", "=", False),
            ],
            ["notice_id", "channel", "contact_id", "address", "error"],
            order="id",
        )
        last = {
            (delivery.notice_id, delivery.contact_id): delivery
            for delivery in deliveries
            if delivery.channel == delivery.notice_id.channel
        }
        return {
            notice.id: [", ".join(filter(None, own.mapped(name))) for name in ("address", "error")]
            for notice, own in deliveries.browse()
            .concat(*last.values())
            .grouped("notice_id")
            .items()
        }

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
            Column(self.env._("Reason"), width=40),
            Column(self.env._("Reminder"), width=16),
            Column(self.env._("Next level from"), "date", 15),
        ]

    def _xlsx_line_rows(self, lines):
        decisions = dict(lines._selection_decision())
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
                decisions.get(line.verdict, line.verdict),
                line.reason,
                line.notice_id.name,
                line.date_next,
            ]

    def _xlsx_charges(self, book):
        """The charges of the run with their workings, one row for each period of interest;
        no sheet where nothing costs anything.
        """
        charges = (
            self.env["dunning.charge"]
            .search([("notice_id.run_id", "=", self.id)])
            .sorted("id")
            ._by_kind()
            .sorted(lambda charge: charge.notice_id.id)
        )
        if not charges:
            return
        charges.notice_id.fetch(["name"])
        sheet = book.sheet(self.env._("Charges"), self._xlsx_charge_columns())
        sheet.table(row for charge in charges for row in self._xlsx_charge_rows(charge))

    def _xlsx_charge_columns(self):
        return [
            Column(self.env._("Reminder"), width=16),
            Column(self.env._("Customer"), width=32),
            Column(self.env._("Invoice"), width=20),
            Column(self.env._("Kind"), width=12),
            Column(self.env._("Charge"), width=28),
            Column(self.env._("From"), "date"),
            Column(self.env._("Until"), "date"),
            Column(self.env._("Days"), "int"),
            Column(self.env._("Rate a year"), width=12),
            Column(self.env._("On amount"), "amount"),
            Column(self.env._("Amount"), "amount"),
            Column(self.env._("Currency"), width=9),
            Column(self.env._("Status"), width=16),
            Column(self.env._("Working"), width=44),
            Column(self.env._("Reason"), width=28),
        ]

    def _xlsx_charge_rows(self, charge):
        states = labels(charge, "state")
        digits = charge.currency_id.decimal_places
        whole = {
            "from": charge.date_from,
            "until": charge.date_until,
            "days": charge.days or None,
            "rate": None,
            "base": charge.principal,
            "amount": charge.amount,
        }
        for part in charge._segment_rows() or [whole]:
            yield [
                charge.notice_id.name,
                charge.partner_id.display_name,
                charge.item_name,
                charge._kind_label(charge.kind),
                charge.name,
                part["from"],
                part["until"],
                part["days"],
                part["rate"],
                Amount(part["base"], digits),
                Amount(part["amount"], digits),
                charge.currency_id.name,
                states[charge.state],
                charge.formula,
                charge.reason,
            ]

    # The totals in the workbook of a run.

    def _xlsx_totals(self, book):
        """Sums by currency, never over currencies: of the reminders by level,
        and of the items that were stopped by reason.
        """
        own = self.company_id.currency_id
        sheet = book.sheet(
            self.env._("Totals"),
            [
                Column(self.env._("Level"), width=32),
                Column(self.env._("Currency"), width=9),
                Column(self.env._("Reminders"), "int", 11),
                Column(self.env._("Items"), "int"),
                Column(self.env._("Open"), "amount"),
                Column(self.env._("Disputed"), "amount"),
                Column(self.env._("Credits"), "amount"),
                Column(self.env._("To pay"), "amount"),
                Column(self.env._("To pay in %s", own.name), "amount"),
            ],
        )
        sheet.header()
        for label, currency, count, items, *amounts, company in self._xlsx_sums():
            money = [Amount(value, currency.decimal_places) for value in amounts]
            sheet.add(
                [label, currency.name, count, items, *money, Amount(company, own.decimal_places)]
            )
        sheet.skip()
        sheet.header(
            [
                Column(self.env._("Not reminded of")),
                Column(self.env._("Currency")),
                Column(""),
                Column(self.env._("Items")),
                Column(self.env._("Open")),
            ]
        )
        for label, currency, count, opened in self._xlsx_stops():
            amount = Amount(opened, currency.decimal_places) if currency else None
            sheet.add([label, currency.name, None, count, amount, None, None, None, None])

    def _xlsx_sums(self):
        """Each level and currency of the reminders that count, then each currency."""
        live = [("run_id", "=", self.id), ("state", "not in", ("dropped", "cancelled"))]
        sums = [
            "__count",
            "item_count:sum",
            "amount_open:sum",
            "amount_held:sum",
            "amount_credit:sum",
            "amount_total:sum",
            "amount_total_company:sum",
        ]
        notices = self.env["dunning.notice"]
        levels = notices._read_group(live, ["level_id", "currency_id"], sums)
        totals = notices._read_group(live, ["currency_id"], sums)
        yield from ((level.name, *rest) for level, *rest in levels)
        yield from ((self.env._("Total"), *rest) for rest in totals)

    def _xlsx_stops(self):
        """Number and open amount of the stopped items, by reason and currency;
        those that only wait for their day are counted without an amount.
        """
        lines = self.env["dunning.line"]
        labels = dict(lines._selection_decision())
        groups = lines._read_group(
            [("run_id", "=", self.id), ("state", "=", "stopped")],
            ["verdict", "currency_id"],
            ["__count", "amount_open:sum"],
        )
        for decision, *rest in groups:
            yield labels.get(decision, decision), *rest
        for name in COUNTS:
            if count := self[f"{name}_count"]:
                yield labels[name], self.env["res.currency"], count, 0
