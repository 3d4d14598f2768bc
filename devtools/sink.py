"""A mail server on loopback that takes every e-mail and sends none on."""

import logging
import socket
from contextlib import contextmanager
from email import message_from_bytes


class _Handler:
    def __init__(self, unknown):
        self.unknown = unknown
        self.messages = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.unknown:
            return "550 5.1.1 The mailbox does not exist"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.messages.append(message_from_bytes(envelope.content))
        return "250 Taken"


@contextmanager
def mail_sink(env, unknown=()):
    """Have all e-mails of Odoo go to a server of our own; give the list they arrive in.

    :param unknown: addresses that the server refuses
    :raises DevError: when the database names another mail server
    """
    from aiosmtpd.controller import Controller

    from odoo.tools import config

    from .console import DevError

    others = env["ir.mail_server"].sudo().search([])
    if others:
        raise DevError(f"the database sends by {others[0].name}: archive this mail server first")
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # it tells every command
    # a refused e-mail is told in the table, without a traceback
    logging.getLogger("odoo.addons.mail.models.mail_mail").setLevel(logging.CRITICAL)
    logging.getLogger("odoo.addons.base.models.ir_mail_server").setLevel(logging.CRITICAL)
    handler = _Handler(set(unknown))
    controller = Controller(handler, hostname="127.0.0.1", port=_free_port())
    before = config["smtp_server"], config["smtp_port"]
    controller.start()
    config["smtp_server"], config["smtp_port"] = "127.0.0.1", controller.port
    try:
        yield handler.messages
    finally:
        config["smtp_server"], config["smtp_port"] = before
        controller.stop()


def send_waiting(env, deliveries):
    """Send the e-mails of these deliveries now, instead of the mail queue."""
    mails = deliveries.mail_id.sudo().filtered(lambda mail: mail.state == "outgoing")
    mails.send()
    env["dunning.delivery"].invalidate_model()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
