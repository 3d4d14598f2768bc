"""Reminders that were issued before there was a chain are its first entries, and say so."""

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL, split_every


def migrate(cr, version):
    """Record them as they are found: that they change no more can be proved from now on."""
    env = api.Environment(cr, SUPERUSER_ID, {"dunning_links_later": True})
    entries, notices = env["dunning.chain.entry"], env["dunning.notice"]
    rows = env.execute_query(
        SQL("SELECT id FROM dunning_notice WHERE state IN ('issued', 'cancelled') ORDER BY id")
    )
    for batch in split_every(500, [id_ for [id_] in rows]):
        found = notices.browse(batch)
        found._record_issued("found")
        found.filtered(lambda notice: notice.state == "cancelled")._record_cancelled()
        env.flush_all()
        env.invalidate_all()
        while entries._link():
            pass
