from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..engine.gates import COUNTS


class DunningRun(models.Model):
    """What a run found, summed up for the screen; a fixed number of queries for any runs."""

    _inherit = "dunning.run"

    def _compute_notice_summary(self):
        notices = self.env["dunning.notice"]
        live = [("run_id", "in", self.ids), ("state", "not in", ("dropped", "cancelled"))]
        keys = ["run_id", "level_id", "channel", "currency_id", "state"]
        rows = notices._read_group(live, keys, ["amount_total:sum", "__count"], order="level_id")
        problems = dict(
            notices._read_group([*live, ("error", "!=", False)], ["run_id"], ["__count"])
        )
        channels = self.env["dunning.channel"]
        for run in self:
            own = [row[1:] for row in rows if row[0] == run._origin]
            run.notice_count = sum(row[-1] for row in own)
            run.review_count = sum(row[-1] for row in own if row[3] == "proposed")
            run.error_count = problems.get(run._origin, 0)
            run.level_summary = self._summarize((row[0].name, row[-1]) for row in own)
            run.channel_summary = self._summarize((channels._label(row[1]), row[-1]) for row in own)
            amounts = self._add_up((row[2], row[4]) for row in own)
            run.amount_summary = " + ".join(cur.format(total) for cur, total in amounts.items())

    def _compute_print_count(self):
        to_print = [("is_printed", "=", True), ("state", "=", "queued")]
        counts = dict(
            self.env["dunning.notice"]._read_group(
                [("run_id", "in", self.ids), ("delivery_ids", "any", to_print)],
                ["run_id"],
                ["__count"],
            )
        )
        for run in self:
            run.print_count = counts.get(run._origin, 0)

    def _compute_stop_summary(self):
        rows = self.env["dunning.line"]._read_group(
            [("run_id", "in", self.ids), ("state", "=", "stopped")],
            ["run_id", "verdict"],
            ["__count", "partner_id:count_distinct"],
        )
        labels = dict(self.env["dunning.line"]._selection_decision())
        for run in self:
            own = {code: (count, partners) for r, code, count, partners in rows if r == run._origin}
            run.line_count = sum(count for count, _partners in own.values())
            run.unreachable_count = own.get("unreachable", (0, 0))[1]
            counts = {
                **{name: run[f"{name}_count"] for name in COUNTS},
                **{code: count for code, (count, _partners) in own.items()},
            }
            run.stop_summary = self._summarize((labels[code], n) for code, n in counts.items())

    def _compute_comparison(self):
        groups = self.env["dunning.notice"]._read_group(
            [("run_id", "in", self.ids), ("state", "not in", ("dropped", "cancelled"))],
            ["run_id", "comparison"],
            ["__count"],
        )
        counts = {(run, code): count for run, code, count in groups}
        words = {
            "new": self.env._("new"),
            "higher": self.env._("at a higher level"),
            "same": self.env._("at the same level"),
            "lower": self.env._("at a lower level"),
        }
        for run in self:
            parts = [(counts.get((run._origin, code)), word) for code, word in words.items()]
            run.comparison_summary = ", ".join(f"{n} {word}" for n, word in parts if n)

    def _compute_last_run(self):
        for run in self:
            run.last_run_id = last = run._last_run()
            gone = run._gone_since(last)
            paid = sum(gone.values())
            parts = [
                (paid, self.env._("customers paid: %s", paid)),
                (len(gone) - paid, self.env._("not reminded now: %s", len(gone) - paid)),
            ]
            run.since_summary = ", ".join(words for count, words in parts if count)
            since = self.env._("Since the run of %s", format_date(self.env, last.date))
            run.since_label = since if last else False

    def _compute_warnings(self):
        notices = self.env["dunning.notice"]
        for code, domain in notices._warning_domains().items():
            counts = dict(
                notices._read_group(
                    domain & fields.Domain("run_id", "in", self.ids), ["run_id"], ["__count"]
                )
            )
            for run in self:
                run[f"{code}_count"] = counts.get(run._origin, 0)

    def _compute_bank(self):
        for run in self:
            run.bank_last = run._bank_last()
            run.bank_is_old = run.state == "proposed" and run._bank_is_old()
            [(run.bank_count, run.bank_since)] = self.env[
                "account.bank.statement.line"
            ]._read_group(run._bank_domain(), [], ["__count", "date:min"])

    def _compute_has_warnings(self):
        for run in self:
            run.has_warnings = run.state == "proposed" and any(
                run[name]
                for name in (
                    *("unreachable_count", "contact_count", "high_count"),
                    *("key_count", "credit_count", "bank_count", "unsent_count", "bank_is_old"),
                )
            )

    # Business

    def _summarize(self, pairs):
        """Labels with their counts: "Friendly 12, Firm 3"."""
        counts = self._add_up(pairs)
        return ", ".join(f"{label} {count}" for label, count in counts.items() if label and count)

    def _add_up(self, pairs):
        totals = {}
        for key, number in pairs:
            totals[key] = totals.get(key, 0) + number
        return totals

    # What the reviewer of a run sees first: what is new since the last one, and
    # what deserves a second look.

    def _bank_last(self):
        """The day of the newest bank transaction of the company; nothing without any."""
        own = [("company_id", "child_of", self.company_id.id), ("state", "=", "posted")]
        last = (
            self.env["account.bank.statement.line"].sudo().search(own, order="date desc", limit=1)
        )
        return last.date

    def _bank_is_old(self):
        """Whether so much time has passed since the newest bank transaction that customers
        may have paid without anybody knowing. A company that keeps no bank statements in
        Odoo is not told so.
        """
        days, last = self.company_id.dunning_bank_age, self._bank_last()
        return bool(days and last and last < fields.Date.subtract(self.date, days=days))

    def _bank_domain(self):
        """Money at the bank that nobody has matched for too long, by the settings."""
        days = self.company_id.dunning_bank_days
        if not days or self.state != "proposed":
            return fields.Domain.FALSE
        return fields.Domain(
            [
                ("company_id", "child_of", self.company_id.id),
                ("is_reconciled", "=", False),
                ("state", "=", "posted"),
                ("amount", ">", 0),
                ("date", "<", fields.Date.subtract(self.date, days=days)),
            ]
        )

    def _last_run(self):
        """The run before this one that sent anything to customers at large."""
        if self.partner_ids or self.simulation or not self.ids:
            return self.browse()
        return self.search(
            Domain("company_id", "=", self.company_id.id)
            & Domain("partner_ids", "=", False)
            & Domain("notice_ids.state", "=", "issued")
            & (
                Domain("date", "<", self.date)
                | Domain("date", "=", self.date) & Domain("id", "<", self.ids[0])
            ),
            limit=1,
        )

    def _gone_since(self, last):
        """Customers of the last run that this one does not remind.

        :return: dict of partner id to whether all that was reminded is settled
        """
        if not last:
            return {}
        self.env.flush_all()
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT notice.partner_id, bool_and(line.state <> 'issued' OR aml.id IS NULL
                                                  OR aml.reconciled IS TRUE)
                      FROM dunning_notice notice
                      JOIN dunning_line line ON line.notice_id = notice.id
                      LEFT JOIN account_move_line aml ON aml.id = line.move_line_id
                           AND aml.parent_state = 'posted'
                     WHERE notice.run_id = %(last)s AND notice.state = 'issued'
                       AND NOT EXISTS (
                           SELECT FROM dunning_notice own
                            WHERE own.run_id = %(run)s AND own.partner_id = notice.partner_id
                              AND own.state NOT IN ('dropped', 'cancelled'))
                     GROUP BY notice.partner_id
                    """,
                    last=last.id,
                    run=self.ids[0],
                )
            )
        )
