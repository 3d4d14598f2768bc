from odoo import fields, models


class DunningRun(models.Model):
    """What a run found, summed up for the screen; a fixed number of queries for any runs."""

    _inherit = "dunning.run"

    notice_count = fields.Integer(compute="_compute_notice_summary", string="Reminders")
    review_count = fields.Integer(compute="_compute_notice_summary", string="Reminders to review")
    error_count = fields.Integer(
        compute="_compute_notice_summary", string="Reminders with problems"
    )
    print_count = fields.Integer(compute="_compute_print_count", string="Letters to print")
    amount_summary = fields.Char(compute="_compute_notice_summary", string="Amounts")
    level_summary = fields.Char(compute="_compute_notice_summary", string="Levels")
    channel_summary = fields.Char(compute="_compute_notice_summary", string="Channels")
    line_count = fields.Integer(compute="_compute_stop_summary", string="Stopped items")
    unreachable_count = fields.Integer(
        compute="_compute_stop_summary", string="Customers without usable contact data"
    )
    stop_summary = fields.Char(compute="_compute_stop_summary", string="Stopped")

    def _compute_notice_summary(self):
        notices = self.env["dunning.notice"]
        live = [("run_id", "in", self.ids), ("state", "not in", ("dropped", "cancelled"))]
        keys = ["run_id", "level_id", "channel", "currency_id", "state"]
        rows = notices._read_group(live, keys, ["amount_total:sum", "__count"], order="level_id")
        problems = dict(
            notices._read_group([*live, ("error", "!=", False)], ["run_id"], ["__count"])
        )
        channels = dict(self.env["dunning.channel"]._selection())
        for run in self:
            own = [row[1:] for row in rows if row[0] == run._origin]
            run.notice_count = sum(row[-1] for row in own)
            run.review_count = sum(row[-1] for row in own if row[3] == "proposed")
            run.error_count = problems.get(run._origin, 0)
            run.level_summary = self._summarize((row[0].name, row[-1]) for row in own)
            run.channel_summary = self._summarize((channels.get(row[1]), row[-1]) for row in own)
            amounts = self._add_up((row[2], row[4]) for row in own)
            run.amount_summary = " + ".join(cur.format(total) for cur, total in amounts.items())

    def _compute_print_count(self):
        to_print = [("channel", "=", "letter"), ("state", "=", "queued")]
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
        labels = dict(self.env["dunning.line"]._selection_verdict())
        for run in self:
            own = {code: (count, partners) for r, code, count, partners in rows if r == run._origin}
            run.line_count = sum(count for count, _partners in own.values())
            run.unreachable_count = own.get("unreachable", (0, 0))[1]
            counts = {
                "not_due": run.not_due_count,
                "waiting": run.waiting_count,
                "pending": run.pending_count,
                **{code: count for code, (count, _partners) in own.items()},
            }
            run.stop_summary = self._summarize((labels[code], n) for code, n in counts.items())

    def _summarize(self, pairs):
        """Labels with their counts: "Friendly 12, Firm 3"."""
        counts = self._add_up(pairs)
        return ", ".join(f"{label} {count}" for label, count in counts.items() if label and count)

    def _add_up(self, pairs):
        totals = {}
        for key, number in pairs:
            totals[key] = totals.get(key, 0) + number
        return totals
