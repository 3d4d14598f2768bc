"""Small changes of texts. No models, no clock."""

import re


def without_sender(subject, sender):
    """Return a subject without the sender that it begins with, for letters that name it above.

    >>> without_sender("Azure Interior: your invoices", "Azure Interior")
    'Your invoices'
    >>> without_sender("Your invoices", "Azure Interior")
    'Your invoices'
    """
    if sender and subject.startswith(sender):
        subject = subject[len(sender) :].lstrip(" :–-\u202f\xa0")
    return subject[:1].upper() + subject[1:]


def one_line(text):
    """A text on one line, as the subject of an e-mail has to be.

    >>> one_line("Payment\\r\\n  reminder")
    'Payment reminder'
    """
    return re.sub(r"\s*[\r\n]+\s*", " ", text or "").strip()
