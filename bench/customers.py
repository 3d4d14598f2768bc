"""Customers who all owe the same number of invoices, and a run that proposes one
reminder for each: what letters, e-mails and their undoing are measured on.
"""

import base64
import io
from datetime import timedelta

from PIL import Image, ImageDraw

from odoo import Command

from .ledger import DAY, copy, prepare_company

ITEMS = 12  # of each customer


def propose(env, customers, day=DAY):
    """Make customers with an e-mail and a postal address, and a run for all of them.

    :param day: date of the run, ten days after the invoices were due
    :return: dunning.run with one notice of 12 invoices for each customer
    """
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
    due = day - timedelta(days=10)
    invoice = {
        "move_type": "out_invoice",
        "partner_id": debtor.id,
        "invoice_date": due,
        "invoice_date_due": due,
        "invoice_line_ids": [Command.create({"name": "Work", "price_unit": 75, "tax_ids": False})],
    }
    env["account.move"].create([invoice] * ITEMS).action_post()
    env.flush_all()
    copy(env, customers - 1, "res.partner", "account.move")
    run = env["dunning.run"].create({"company_id": env.company.id, "date": day})
    run._propose()
    if run.notice_ids.mapped("item_count") != [ITEMS] * customers:
        raise AssertionError(f"there is not one notice of {ITEMS} items for each customer")
    return run


def _logo():
    image = Image.new("RGB", (480, 160), "white")
    ImageDraw.Draw(image).ellipse((20, 20, 460, 140), fill="#714B67")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue())
