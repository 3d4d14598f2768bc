import logging

from odoo import models

_logger = logging.getLogger(__name__)


class ResPartnerBank(models.Model):
    """Bank accounts on documents for customers."""

    _inherit = "res.partner.bank"

    def _dunning_number(self):
        """The account number as people read it: an IBAN in groups of four."""
        number = self.sanitized_acc_number or ""
        if self.acc_type != "iban":
            return self.acc_number or ""
        return " ".join(number[at : at + 4] for at in range(0, len(number), 4))

    def _dunning_qr(self, amount, reference, structured, currency, debtor):
        """A QR code to pay by, where the bank account allows one.

        :param amount: float, in the currency
        :param reference: text on the transfer
        :param structured: payment reference of a single invoice
        :return: data URI, or None; a document never fails because of it
        """
        if not self or amount <= 0:
            return None
        try:
            return self.build_qr_code_base64(amount, reference, structured, currency, debtor)
        except Exception as error:  # noqa: BLE001 - a document never fails for its QR code
            _logger.info("No QR code for %s: %s", reference, error)
            return None
