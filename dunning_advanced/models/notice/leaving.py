from odoo import models

from ..engine.engine import Scope


class DunningNotice(models.Model):
    """Issued reminders asked again right before they leave: by the queue of e-mails, when a
    failed delivery is tried again, and before letters are printed.
    """

    _inherit = "dunning.notice"

    def _ask_again(self):
        """Withdraw what asks for something that is not owed any more.

        What is frozen cannot be changed: a reminder of which one invoice was paid meanwhile, is
        on hold or disputed, is cancelled as a whole; the rest is proposed again by the next run.

        :return: the withdrawn notices with why; the notices that ask for more than is still
            open with what is left, both as dict of dunning.notice to text
        """
        withdrawn, part = {}, {}
        issued = self.filtered(lambda notice: notice.state == "issued")
        for company, notices in issued.grouped("company_id").items():
            stopped, less = notices._changes_since(company)
            for notice, facts in stopped.items():
                withdrawn[notice] = notice._withdraw_before_leaving(facts)
            part.update({notice: facts for notice, facts in less.items() if notice not in stopped})
        return withdrawn, part

    def _changes_since(self, company):
        """What has become of the items of issued notices.

        :return: why items are not asked for any more, and what is left of others, both as dict
            of dunning.notice to text
        """
        engine = self.env["dunning.engine"]
        lines = self.line_ids.filtered(lambda line: line.state == "issued")
        scope = Scope(
            company=company,
            date=company._dunning_today(),
            partner_ids=tuple(self.partner_id.ids),
            own_notice_ids=tuple(self.ids),
            leaving_item_ids=tuple(lines.move_line_id.ids) or (0,),
        )
        rows = {row["id"]: row for row in engine._evaluate(scope)}
        decisions = {line: self._decision_leaving(line, rows) for line in lines}
        stopped = lines.filtered(lambda line: decisions[line] not in ("dun", "part"))
        less = lines.filtered(lambda line: decisions[line] == "part")
        facts = {
            line: line._in_words_of(line.notice_id)._label_of(decisions[line]) for line in stopped
        }
        facts.update(stopped._facts(decisions, rows) if stopped else {})
        return self._by_notice(facts), self._by_notice(less._facts_part(rows) if less else {})

    def _decision_leaving(self, line, rows):
        row = rows.get(line.move_line_id.id)
        mine = (line.partner_id.id, line.currency_id.id)
        if not row or (row["debtor_id"], row["currency_id"]) != mine:
            return "changed"
        if row["decision"] in self.env["dunning.engine"]._asked_again():
            return row["decision"]
        if line.rung < 1 <= (row["rung"] or 0):
            return "changed"
        less = line.currency_id.compare_amounts(row["net"], line.amount_net) < 0
        return "part" if less else "dun"

    def _by_notice(self, facts):
        lines = self.env["dunning.line"]
        return {
            notice: lines._describe_facts({line: facts[line] for line in own})
            for notice, own in lines.concat(*facts).grouped("notice_id").items()
        }

    def _withdraw_before_leaving(self, reason):
        """Cancel a notice of which nothing has left; of another only what has not left yet
        is stopped.

        :return: the reason
        """
        self.ensure_one()
        waiting = self.delivery_ids.filtered(
            lambda delivery: delivery.state in ("queued", "failed") and not delivery.correction
        )
        if not self._left() and not self._later_notices():
            self._try(lambda notice: notice._cancel(reason))
        if self.state == "issued":
            self.delivery_ids.filtered(lambda delivery: not delivery.correction)._withdraw()
        waiting.error = reason
        return reason
