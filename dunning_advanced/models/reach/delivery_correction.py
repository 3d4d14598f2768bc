from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class DunningDelivery(models.Model):
    """The correction of a cancelled notice is one delivery of it, by e-mail."""

    _inherit = "dunning.delivery"

    correction = fields.Boolean(
        readonly=True, help="Tells the customer that the reminder was cancelled."
    )

    _one_correction = models.UniqueIndex(
        "(notice_id) WHERE correction AND state <> 'withdrawn'",
        "This customer has been told already that the reminder was cancelled.",
    )

    @api.model
    def _waiting_domain(self):
        return [("correction", "=", True), ("state", "=", "queued"), ("message_id", "=", False)]

    @api.model
    def _correct_next(self):
        """Send the next batch of corrections that nobody else is working on.

        :return: number of corrections that were tried
        """
        batch = self._take_next(self._waiting_domain())
        batch._send_corrections()
        self.env.flush_all()
        return len(batch)

    def _send_corrections(self):
        """Hand corrections to the mail queue. What fails shows why, and does not
        stop the others.
        """
        self._all_or_each(lambda corrections: corrections._mail_corrections())
        if self:
            self.env["dunning.channel"]._send_queue()

    def _mail_corrections(self):
        notices = self.notice_id
        texts = notices._render_texts(self._correction_template())
        threads = notices._mail_threads()
        replies = notices._mail_replies(threads)
        values = []
        for correction in self:
            notice = correction.notice_id
            subject, words = texts[notice.id]
            body = notice._render_email(words, template="dunning_advanced.correction_email")
            thread, reply = threads[notice], replies[notice]
            values.append(
                {
                    **notice._mail_values(correction.contact_id, thread, reply),
                    "subject": subject,
                    "body": body,
                    "body_html": body,
                }
            )
        mails = self.env["mail.mail"].sudo().create(values)
        contacts = {correction.notice_id.id: correction.contact_id for correction in self}
        self.env["dunning.channel"]._notify(notices, contacts, mails)
        for correction, mail in zip(self, mails, strict=True):
            correction.write({"mail_id": mail.id, "message_id": mail.mail_message_id.id})

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
                  FROM (SELECT %(key)s AS key, v.channel, BOOL_OR(v.state = 'done') AS gone
                          FROM dunning_delivery v
                          JOIN dunning_notice n ON n.id = v.notice_id
                         WHERE %(key)s = ANY(%(ids)s) AND n.state IN %(states)s
                           AND v.correction IS NOT TRUE
                         GROUP BY n.id, v.channel) d
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
    def _tell_departures(self, counts):
        """What had left and what was stopped, as a sentence for each channel.

        :param counts: list of (channel, left, not left)
        """
        return " ".join(self._tell_departure(*row) for row in counts)

    @api.model
    def _tell_departure(self, channel, left, stopped):
        label = dict(self.env["dunning.channel"]._selection()).get(channel, channel)
        values = {"channel": label, "left": left, "stopped": stopped}
        if not stopped:
            return self.env._("%(channel)s: %(left)s had left already.", **values)
        if not left:
            return self.env._("%(channel)s: %(stopped)s stopped before leaving.", **values)
        return self.env._(
            "%(channel)s: %(left)s had left already, %(stopped)s stopped before leaving.", **values
        )
