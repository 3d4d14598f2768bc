"""Colors of style sheets. No models, no clock."""

import re

COLOR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]+|rgba?\([\d.,% ]+\)")


def css_color(wanted, usual):
    """Return the wanted color where it is one, for it becomes a part of a style.

    >>> css_color("#875A7B", "black"), css_color("red; background: url(x)", "black")
    ('#875A7B', 'black')
    """
    return wanted if COLOR.fullmatch(wanted or "") else usual
