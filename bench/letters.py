"""Letters rendered and e-mails issued a second, on one core: one process does it all.

Each customer owes 12 items, so that each letter has 12 rows; the letterhead has a logo.
"""

import base64
import io
import time
from datetime import timedelta

from PIL import Image, ImageDraw

from odoo import Command

from devtools.session import odoo_env

from .ledger import DAY, copy, prepare_company

CUSTOMERS = 100
ITEMS = 12


def measure_letters(dbname):
    """Return letters and e-mails a second, by the clock and by the process's own CPU time.

    An e-mail is issued with all that belongs to it: gates asked again, number, frozen
    text, outgoing mail, delivery; a letter is rendered and kept as an attachment. On a
    busy machine only the CPU time tells; it leaves out what PostgreSQL's process does.
    """
    with odoo_env(dbname) as env:
        notices = _notices(env)
        figures = {
            **_rates(env, notices, "letters", notices._freeze_letters),
            **_rates(env, notices, "emails", lambda: notices._issue(DAY)),
        }
        env.cr.rollback()
    return figures


def _notices(env):
    prepare_company(env)
    env.company.logo = _logo()
    debtor = env["res.partner"].create(
        {
            "name": "Customer",
            "is_company": True,
            "email": "customer@example.com",
            "street": "1 Main Street",
            "zip": "1000",
            "city": "Brussels",
            "country_id": env.ref("base.be").id,
            "lang": "en_US",
        }
    )
    due = DAY - timedelta(days=10)
    invoice = {
        "move_type": "out_invoice",
        "partner_id": debtor.id,
        "invoice_date": due,
        "invoice_date_due": due,
        "invoice_line_ids": [Command.create({"name": "Work", "price_unit": 75, "tax_ids": False})],
    }
    env["account.move"].create([invoice] * ITEMS).action_post()
    env.flush_all()
    copy(env, CUSTOMERS - 1, "res.partner", "account.move")
    run = env["dunning.run"].create({"company_id": env.company.id, "date": DAY})
    run._propose()
    notices = run.notice_ids
    notices.state = "confirmed"
    env.flush_all()
    if notices.mapped("item_count") != [ITEMS] * CUSTOMERS:
        raise AssertionError(f"{notices.mapped('item_count')} items instead of {ITEMS} each")
    return notices


def _logo():
    image = Image.new("RGB", (480, 160), "white")
    ImageDraw.Draw(image).ellipse((20, 20, 460, 140), fill="#714B67")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue())


def _rates(env, notices, name, work):
    """Return how many notices a second; the first ones, which fill caches, count too."""
    clock, cpu = time.perf_counter(), time.process_time()
    with env.cr.savepoint() as savepoint:
        work()
        env.flush_all()
        seconds, cpu_seconds = time.perf_counter() - clock, time.process_time() - cpu
        failed = notices.filtered("error")
        if failed:
            raise AssertionError(failed[0].error)
        savepoint.rollback()
    env.invalidate_all()
    return {
        f"{name}_per_second": round(len(notices) / seconds, 1),
        f"{name}_per_cpu_second": round(len(notices) / cpu_seconds, 1),
    }
