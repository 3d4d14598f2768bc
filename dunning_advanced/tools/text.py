"""Words in front of words. No models, no clock."""


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
