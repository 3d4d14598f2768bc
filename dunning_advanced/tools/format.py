"""Numbers as people of a language write them. No models, no clock.

``lang`` is what ``odoo.tools.get_lang`` gives; only its ``decimal_point`` is asked for.
"""


def format_number(number, lang):
    """Return a number without needless zeros, with up to four decimals.

    >>> from types import SimpleNamespace
    >>> german = SimpleNamespace(decimal_point=",")
    >>> [format_number(number, german) for number in (8, 11.27, 0.5, 1250000)]
    ['8', '11,27', '0,5', '1250000']
    """
    return f"{round(number, 4) + 0:.4f}".rstrip("0").rstrip(".").replace(".", lang.decimal_point)


def format_rate(percent, lang):
    """Return a percentage a year with its two decimals.

    >>> from types import SimpleNamespace
    >>> format_rate(2.5, SimpleNamespace(decimal_point="."))
    '2.50'
    """
    return f"{percent:.2f}".replace(".", lang.decimal_point)
