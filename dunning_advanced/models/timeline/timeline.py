from collections.abc import Set

from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.parts import IncompleteError
from ..mixins.labels import labels

# What every source gives, and as which type: rows of one type can be read through
# the union by the indexes of their tables.
COLUMNS = {
    "key": "int",
    "kind": "text",
    "tone": "text",
    "date": "date",
    "moment": "timestamp",
    "partner_id": "int",
    "company_id": "int",
    "currency_id": "int",
    "amount": "numeric",
    "user_id": "int",
    "items": "int",
    "res_model": "text",
    "res_id": "int",
}
# Room for the sources in an id, which is that of the record times this, plus the
# number of the source.
SOURCES = 256
IDS = "dunning_timeline_ids"


class DunningTimeline(models.Model):
    """All that happened with a debtor, one row an event, read from where it is kept.

    A source is a query in :meth:`_sources` and a method ``_describe_<source>`` that words
    its events. New kinds are added to ``kind`` and :meth:`_icons`, and what a query reads
    to ``_depends``.
    """

    _name = "dunning.timeline"
    _description = "Timeline"
    _auto = False
    _order = "date desc, moment desc, sequence desc, id desc"
    _rec_name = "text"

    source = fields.Char(readonly=True, exportable=False)
    sequence = fields.Integer(
        readonly=True,
        aggregator=None,
        exportable=False,
        help="Orders the events of one moment.",
    )
    kind = fields.Selection(
        [
            ("notice", "Reminder"),
            ("delivery", "Delivery"),
            ("message", "Message"),
            ("call", "Call"),
            ("payment", "Payment"),
            ("credit", "Credit note"),
            ("promise", "Promise"),
            ("dispute", "Dispute"),
            ("plan", "Payment plan"),
            ("hold", "Hold"),
            ("credit_hold", "Credit hold"),
            ("handover", "Hand-over"),
            ("writeoff", "Write-off"),
            ("level", "Level"),
            ("charge", "Charge"),
            ("case", "Case"),
        ],
        readonly=True,
    )
    tone = fields.Selection(
        [
            ("muted", "Background"),
            ("normal", "Normal"),
            ("success", "Paid"),
            ("info", "Agreed"),
            ("primary", "Held"),
            ("warning", "Needs attention"),
            ("danger", "Serious"),
        ],
        string="Weight",
        readonly=True,
    )
    icon = fields.Html(compute="_compute_icon", sanitize=False, exportable=False)
    date = fields.Date(readonly=True)
    moment = fields.Datetime(string="Time", readonly=True, help="Orders the events of a day.")
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    # What is asked, promised and paid does not add up.
    amount = fields.Monetary(readonly=True, aggregator=None)
    user_id = fields.Many2one("res.users", string="Who", readonly=True)
    responsible_id = fields.Many2one(
        "res.users", readonly=True, help="Of the open case of the customer."
    )
    items = fields.Integer(readonly=True, aggregator=None)
    text = fields.Char(string="What happened", compute="_compute_text")
    res_model = fields.Char(string="Model", readonly=True, exportable=False)
    res_id = fields.Many2oneReference(
        string="Record", model_field="res_model", readonly=True, exportable=False
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT event.*, kase.user_id AS responsible_id
              FROM (%s) event
              LEFT JOIN dunning_case kase ON kase.partner_id = event.partner_id
                   AND kase.company_id = event.company_id AND kase.state = 'open'
            """,
            SQL(" UNION ALL ").join(self._numbered_sources()),
        )

    def _register_hook(self):
        super()._register_hook()
        for source in self._sources():
            if not hasattr(self, f"_describe_{source}"):
                raise IncompleteError(
                    f"dunning.timeline: the source {source!r} has no sentence, "
                    f"give it a method _describe_{source}"
                )

    @api.model
    def _sources(self):
        """The queries that give the events, made by :meth:`_event`. A filter on the
        customer reaches their tables, so each has the customer in an index.

        :return: dict of name to SQL, in the order in which events of one moment are
            told; to be extended
        """
        return {}

    @api.model
    def _event(self, rows, kind, model, **columns):
        """A query that gives events of one kind.

        :param rows: SQL from FROM on; the table of the events is ``event``
        :param kind: value of ``kind``
        :param model: name of the model behind the events
        :param columns: SQL of COLUMNS, date and moment at least. Key, record, customer
            and company are those of ``event`` if nothing else is said; the rest is empty
        :return: SQL
        """
        given = {
            "key": SQL("event.id"),
            "kind": SQL("%s", kind),
            "tone": SQL("'normal'"),
            "partner_id": SQL("event.partner_id"),
            "company_id": SQL("event.company_id"),
            "res_model": SQL("%s", model),
            "res_id": SQL("event.id"),
            **columns,
        }
        # What was recorded on another day comes first on the day that it is about.
        given["moment"] = SQL(
            "CASE WHEN (%(moment)s)::date = (%(date)s) THEN %(moment)s ELSE %(date)s END",
            moment=given["moment"],
            date=given["date"],
        )
        terms = [
            SQL("(%s)::%s AS %s", given.get(name, SQL("NULL")), SQL(type_), SQL.identifier(name))
            for name, type_ in COLUMNS.items()
        ]
        return SQL("SELECT %s %s", SQL(", ").join(terms), rows)

    @api.model
    def _day(self, moment, company=None):
        """SQL of the day of a moment in the company of an event.

        :param company: SQL of its id; that of the row ``event`` unless given
        """
        company = company or SQL("event.company_id")
        return self.env["res.company"]._dunning_day_sql(company, moment)

    def _numbered_sources(self):
        """Each source with the ids of its events; only those that are asked for."""
        ids = self.env.context.get(IDS)
        for number, (name, rows) in enumerate(self._sources().items()):
            keys = ids and [id_ // SOURCES for id_ in ids if id_ % SOURCES == number]
            if ids and not keys:
                continue
            yield SQL(
                "SELECT source.key::bigint * %s + %s AS id, %s::text AS source, %s AS sequence,"
                " source.*"
                " FROM (%s) source %s",
                SOURCES,
                number,
                name,
                number,
                rows,
                SQL("WHERE source.key = ANY(%s)", keys) if ids else SQL(""),
            )

    @api.model
    def _search(self, domain, *args, **kwargs):
        """Events that are known by their ids are looked up in the tables that they come
        from: no index knows the ids themselves.
        """
        leaves = list(Domain(domain))
        known = leaves[0][2] if len(leaves) == 1 and leaves[0][:2] == ("id", "in") else None
        events = self
        if isinstance(known, list | tuple | Set):
            events = self.with_context(**{IDS: tuple(filter(None, known))})
        return super(DunningTimeline, events)._search(domain, *args, **kwargs)

    # What is shown

    @api.model
    def _icons(self):
        """The icon of each kind."""
        return {
            "notice": "fa-envelope-o",
            "delivery": "fa-paper-plane-o",
            "message": "fa-comment-o",
            "call": "fa-phone",
            "payment": "fa-money",
            "credit": "fa-undo",
            "promise": "fa-handshake-o",
            "dispute": "fa-exclamation-circle",
            "plan": "fa-calendar-check-o",
            "hold": "fa-pause-circle-o",
            "credit_hold": "fa-ban",
            "handover": "fa-gavel",
            "writeoff": "fa-trash-o",
            "level": "fa-signal",
            "charge": "fa-percent",
            "case": "fa-folder-open-o",
        }

    def _own_icons(self):
        """Icons of events that say more than that of their kind; to be extended.

        :return: dict of event to icon
        """
        return {}

    @api.depends("kind", "tone", "res_model", "res_id")
    def _compute_icon(self):
        icons, own = self._icons(), self._own_icons()
        kinds = labels(self, "kind")
        for event in self:
            event.icon = Markup(
                '<i class="fa fa-fw {} text-{}" role="img" aria-label="{}" title="{}"></i>'
            ).format(
                own.get(event) or icons.get(event.kind, "fa-circle-o"),
                "body" if event.tone == "normal" else event.tone,
                kinds.get(event.kind),
                kinds.get(event.kind),
            )

    @api.depends("source", "res_model", "res_id")
    @api.depends_context("lang")
    def _compute_text(self):
        for model, events in self.grouped("res_model").items():
            # As superuser: whoever sees an event may read its sentence.
            records = self.env[model].sudo().browse(events.mapped("res_id"))
            for event, record in zip(events, records, strict=True):
                event.text = getattr(event, f"_describe_{event.source}")(record)

    def action_open(self):
        """Open the record behind the event, or what it belongs to."""
        self.ensure_one()
        record = self.env[self.res_model].browse(self.res_id)
        return self._opened(record).get_formview_action()

    def _opened(self, record):
        """What is opened for a record that has no form; to be extended."""
        return record
