import logging
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

# What has reached a customer, and what may have, as domains of deliveries.
REACHED = Domain("state", "=", "done") & Domain("correction", "=", False)
LEFT = Domain("state", "in", ("done", "unknown")) & Domain("correction", "=", False)
# States from which a person may go on: try again, or say that it was delivered.
STUCK = ("failed", "unknown")


class DunningDelivery(models.Model):
    """One attempt to bring a notice to the debtor by one channel."""

    _name = "dunning.delivery"
    _description = "Reminder Delivery"
    _inherit = ["dunning.by.button", "dunning.batch"]
    _part_of = "notice_id"
    _order = "id desc"
    _check_company_auto = True

    notice_id = fields.Many2one(
        "dunning.notice", string="Reminder", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="notice_id.company_id", store=True)
    partner_id = fields.Many2one(related="notice_id.partner_id", store=True, string="Customer")
    channel = fields.Selection(
        selection=lambda self: self.env["dunning.channel"]._selection(), required=True
    )
    is_printed = fields.Boolean(
        compute="_compute_is_printed",
        search="_search_is_printed",
        string="On paper",
        help="Somebody prints it and posts it.",
    )
    contact_id = fields.Many2one("res.partner", string="Addressed to")
    address = fields.Char(help="The address as it was used.")
    state = fields.Selection(
        [
            ("queued", "Under way"),
            ("done", "Delivered"),
            ("failed", "Failed"),
            ("unknown", "Unknown"),
            ("withdrawn", "Cancelled"),
        ],
        string="Status",
        help="Unknown: the server stopped while it handed the e-mail over. Look whether it left, "
        "then mark it as delivered or try again; it is not repeated by itself.",
        required=True,
        default="queued",
        index=True,
    )
    date_queued = fields.Datetime(
        string="Waiting since", default=fields.Datetime.now, readonly=True, copy=False
    )
    date_handed = fields.Datetime(
        string="Handed over on",
        readonly=True,
        copy=False,
        help="When the e-mail was last handed to the mail server, whatever came of it.",
    )
    email_message_id = fields.Char(
        string="Message-ID",
        readonly=True,
        help="By which mail servers and programs know the e-mail; the same at every try.",
    )
    date_done = fields.Datetime(string="Delivered on")
    printed_by_id = fields.Many2one("res.users", string="Printed by", readonly=True)
    server_answer = fields.Char(
        string="Answer of the mail server",
        readonly=True,
        help="What the mail server said when it took the e-mail over.",
    )
    date_failed = fields.Datetime(readonly=True, help="When it failed last.")
    error = fields.Char()
    mail_id = fields.Many2one("mail.mail", index="btree_not_null", ondelete="set null")
    message_id = fields.Many2one("mail.message", index="btree_not_null", ondelete="set null")
    # Indexed, or the deletion of any attachment in Odoo would read all deliveries.
    attachment_id = fields.Many2one(
        "ir.attachment",
        string="Letter",
        readonly=True,
        index="btree_not_null",
        help="The letter to this contact. Empty where it is that of the reminder itself.",
    )
    correction = fields.Boolean(
        readonly=True, help="Notifies the customer that the reminder was cancelled."
    )

    _one_correction = models.UniqueIndex(
        "(notice_id, COALESCE(contact_id, 0)) WHERE correction AND state <> 'withdrawn'",
        "This customer has been notified already that the reminder was cancelled.",
    )

    @api.depends("channel")
    def _compute_is_printed(self):
        printed = self.env["dunning.channel"]._printed()
        for delivery in self:
            delivery.is_printed = delivery.channel in printed

    def _search_is_printed(self, operator, value):
        if operator != "in":
            return NotImplemented
        printed = Domain("channel", "in", self.env["dunning.channel"]._printed())
        return printed if True in value else ~printed

    @api.depends("notice_id", "channel")
    def _compute_display_name(self):
        channels = self.env["dunning.channel"]
        for delivery in self:
            parts = (delivery.notice_id.name, channels._label(delivery.channel))
            delivery.display_name = " · ".join(filter(None, parts))

    # Actions

    def action_retry(self):
        """Try failed deliveries once more, unless what they ask for was paid meanwhile."""
        channels = self.env["dunning.channel"].sudo()
        stuck = self._by_button().filtered(lambda record: record.state in STUCK)
        withdrawn, _part = stuck._ask_again()
        for delivery in stuck.filtered(
            lambda record: record.state in STUCK and record.notice_id not in withdrawn
        ):
            if delivery.correction and not delivery.mail_id:
                delivery._queue()
                delivery._send_corrections()
            else:
                channels._installed(delivery.channel).retry(channels, delivery)
                delivery._record_again()
        channels._send_queue()
        return (
            self.notice_id._notify_user(self._describe_withdrawn(withdrawn)) if withdrawn else None
        )

    def action_mark_done(self):
        """Somebody says that the customer has it, whatever the channel reported."""
        waiting = self._by_button().filtered(lambda record: record.state in ("queued", *STUCK))
        waiting._succeed()

    def action_print(self):
        """These letters as one PDF, those to one address one after the other: they go in
        one envelope. Those that wait to be printed count as delivered.

        :raises UserError: when there is no letter among them
        """
        letters = self._by_button().filtered(
            lambda delivery: delivery.is_printed and not delivery.correction
        )
        if not letters:
            raise UserError(
                self.env._(
                    "There is no letter to print: issue reminders whose channel is “Letter” first."
                )
            )
        waiting = letters.filtered(lambda delivery: delivery.state in ("queued", "failed"))
        withdrawn, part = waiting._ask_again()
        letters -= waiting.filtered(lambda delivery: delivery.state == "withdrawn")
        told = [self._describe_withdrawn(withdrawn)] if withdrawn else []
        told += [self._describe_part(part)] if part else []
        download = letters._print() if letters else False
        if not told:
            return download
        return self.notice_id._notify_user("\n".join(told), then=download)

    # Business

    def _ask_again(self):
        """Withdraw deliveries of reminders that ask for what is not owed any more.

        :return: see the method of dunning.notice
        """
        return self.filtered(lambda delivery: not delivery.correction).notice_id._ask_again()

    @api.model
    def _describe_withdrawn(self, withdrawn):
        """:param withdrawn: dict of dunning.notice to text"""
        return self.env._(
            "Withdrawn, as it is not owed any more: %s", self._describe_notices(withdrawn)
        )

    @api.model
    def _describe_part(self, part):
        """:param part: dict of dunning.notice to text"""
        return self.env._(
            "Paid in part since, decide whether to post it: %s", self._describe_notices(part)
        )

    @api.model
    def _describe_notices(self, facts):
        told = [f"{notice.display_name} ({fact})" for notice, fact in facts.items()]
        return ", ".join(told[:10] + (["…"] if len(told) > 10 else []))

    def _print(self):
        """:return: action that downloads these letters as one PDF"""
        letters = self.browse().concat(*self.sorted("id").grouped("contact_id").values())
        letters.notice_id._freeze_letters()
        content = self.env["ir.actions.report"]._dunning_merge(
            [(letter.attachment_id or letter.notice_id.attachment_id).raw for letter in letters]
        )
        letters.filtered(lambda delivery: not delivery.printed_by_id).printed_by_id = self.env.user
        letters.filtered(lambda delivery: delivery.state in ("queued", "failed"))._succeed()
        return self._download(content, letters)

    def _download(self, content, letters):
        """Keep the print on the run, so that it can be fetched again.

        :return: action that downloads it
        """
        run = letters.notice_id.run_id[:1]
        attachment = self.env["ir.attachment"].create(
            {
                "name": self.env._("Letters %s.pdf", len(letters)),
                "raw": content,
                "mimetype": "application/pdf",
                "res_model": run._name,
                "res_id": run.id,
            }
        )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "download",
        }

    def _queue(self):
        """Under way, for the first time or again."""
        self.write(
            {
                "state": "queued",
                "error": False,
                "date_queued": fields.Datetime.now(),
                "date_handed": False,
            }
        )

    def _lose_track(self):
        """Nobody knows whether these e-mails left; that is for a person to find out."""
        for delivery in self:
            delivery.write(
                {
                    "state": "unknown",
                    "error": self.env._(
                        "The server stopped while it handed this e-mail over, nobody knows "
                        "whether it left. Look for %s in the log of your mail server, then mark "
                        "it as delivered or try again.",
                        delivery.email_message_id,
                    ),
                }
            )

    def _succeed(self):
        """The notice has reached the debtor: the next level may follow."""
        self.write({"state": "done", "date_done": fields.Datetime.now(), "error": False})
        self.filtered(lambda record: not record.correction).notice_id.write({"delivered": True})

    def _fail(self, error):
        """Keep the reason; a failed delivery is shown and repeated, it never escalates.

        :param error: text of the failure
        """
        self.write(
            {
                "state": "failed",
                "error": error,
                "date_done": False,
                "date_failed": fields.Datetime.now(),
            }
        )
        for notice in self.notice_id:
            notice.delivered = bool(notice.delivery_ids.filtered_domain(REACHED))

    def _lose_mails(self, how):
        """Their e-mails will never leave: somebody took them from Odoo's queue.

        :param how: "cancelled" or "deleted"
        """
        if how == "cancelled":
            reason = self.env._("The e-mail was cancelled in the queue of outgoing e-mails.")
        else:
            reason = self.env._("The e-mail was deleted from the queue of outgoing e-mails.")
        if self:
            self._fail(reason)

    def _withdraw(self):
        """Stop what has not left yet. Mails that were sent stay as delivered."""
        waiting = self.filtered(lambda record: record.state in ("queued", "failed"))
        waiting.write({"state": "withdrawn"})
        # Also of what somebody called delivered while its mail was still in the queue.
        # Searched, not read: the bodies of thousands of mails fill the memory.
        mails = (
            self.env["mail.mail"]
            .sudo()
            .search([("id", "in", self.mail_id.ids), ("state", "in", ("outgoing", "exception"))])
        )
        mails.cancel()
        self.env["mail.notification"].sudo().search([("mail_mail_id", "in", mails.ids)]).write(
            {"notification_status": "canceled"}
        )

    @api.model
    def _ask_outcomes(self):
        """Let channels to which nobody reports ask what became of what is under way.
        One that fails is logged: it is asked again the next time.
        """
        channels = self.env["dunning.channel"]
        for channel in channels._channels():
            if not channel.outcome:
                continue
            waiting = self.search([("channel", "=", channel.code), ("state", "=", "queued")])
            try:
                with self.env.cr.savepoint():
                    channel.outcome(channels, waiting)
            except Exception:
                _logger.exception("Nobody knows what became of the deliveries by %s", channel.code)

    # The correction of a cancelled notice is one delivery of it.

    @api.model
    def _waiting_domain(self):
        return [("correction", "=", True), ("state", "=", "queued"), ("message_id", "=", False)]

    @api.model
    def _correct_next(self):
        """Send the next batch of corrections that nobody else is working on.

        :return: number of corrections that were tried
        """
        batch = self._take_next(self._waiting_domain())
        for _company, corrections in batch._for_readers():
            corrections._send_corrections()
        self.env.flush_all()
        return len(batch)

    def _send_corrections(self):
        """Hand corrections to their channels. What fails shows why, and does not
        stop the others.
        """
        channels = self.env["dunning.channel"]
        for code, own in self.grouped("channel").items():
            channel = channels._installed(code)
            own._all_or_each(partial(self._correct_by, channel))
        if self:
            channels._send_queue()

    @api.model
    def _correct_by(self, channel, corrections):
        channel.correct(self.env["dunning.channel"], corrections)
        corrections._record("corrected")

    def _correction_template(self):
        """The words of corrections.

        :raises UserError: when somebody has deleted them
        """
        template = self.env.ref("dunning_advanced.mail_template_correction", False)
        if not template:
            raise UserError(
                self.env._(
                    "The e-mail template “Dunning: correction” was deleted: ask your "
                    "administrator to update the module “Dunning Advanced”, which makes it again."
                )
            )
        return template

    def _refuse(self, reason):
        self._fail(reason)

    # What had left

    @api.model
    def _departures(self, key, ids, states):
        """How many reminders have left by each channel, and how many have not.

        :param key: SQL, a column of the notice n by which they are counted
        :param ids: its values
        :param states: of the notices that count
        :return: dict of value to list of (channel, left, not left)
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT key, channel, COUNT(*) FILTER (WHERE gone), COUNT(*) FILTER (WHERE NOT gone)
                  FROM (SELECT %(key)s AS key, delivery.channel,
                               BOOL_OR(delivery.state IN ('done', 'unknown')) AS gone
                          FROM dunning_delivery delivery
                          JOIN dunning_notice notice ON notice.id = delivery.notice_id
                         WHERE %(key)s = ANY(%(ids)s) AND notice.state IN %(states)s
                           AND delivery.correction IS NOT TRUE
                         GROUP BY notice.id, delivery.channel) departure
                 GROUP BY key, channel ORDER BY key, channel
                """,
                key=key,
                ids=list(ids),
                states=states,
            )
        )
        found = {}
        for value, *counts in rows:
            found.setdefault(value, []).append(counts)
        return found

    @api.model
    def _describe_departures(self, counts):
        """What was sent and what was stopped, as a sentence for each channel.

        :param counts: list of (channel, sent, not sent)
        """
        return " ".join(self._describe_departure(*row) for row in counts)

    @api.model
    def _describe_departure(self, channel, sent, stopped):
        label = self.env["dunning.channel"]._label(channel)
        values = {"channel": label, "sent": sent, "stopped": stopped}
        if not stopped:
            return self.env._("%(channel)s: %(sent)s already sent.", **values)
        if not sent:
            return self.env._("%(channel)s: %(stopped)s stopped before sending.", **values)
        return self.env._(
            "%(channel)s: %(sent)s already sent, %(stopped)s stopped before sending.", **values
        )
