"""A language of tests: every own term is translated to itself in brackets. What is shown without
them was not translated, or is in another language than its reader's.
"""

import calendar
import re
import tempfile

import polib
from lxml import html

from odoo.tools.translate import TranslationImporter, code_translations, trans_export

MODULE, LANG = "dunning_advanced", "qq_QQ"
OPEN, CLOSE = "‹", "›"
# What is no text: addresses and names of files.
LINK = re.compile(r"\S+@\S+|https?:\S+|\S*localhost\S*|\S+\.(?:com|pdf|xlsx|zip)\b")
WORD = re.compile(r"(?<![\w/.-])[A-Z]?[a-z]{2,}(?![\w/-])")
# Months, as Babel shortens them in a language that it does not know.
MONTHS = frozenset(calendar.month_abbr)


def bracket(term):
    return f"{OPEN}{term}{CLOSE}" if re.search(r"[^\W\d_]", term) else term


def load(case):
    """Make the language and translate all own terms to it.

    :param case: test case with an environment
    """
    env = case.env
    env["res.lang"].create(
        {"name": "Brackets", "code": LANG, "iso_code": "qq", "url_code": "qq", "active": True}
    )
    with tempfile.NamedTemporaryFile(suffix=".po") as file:
        trans_export(LANG, [MODULE], file, "po", env)
        file.flush()
        terms = polib.pofile(file.name)
        for entry in terms:
            entry.msgstr = bracket(entry.msgid)
        terms.save(file.name)
        with open(file.name, "rb") as translated:
            importer = TranslationImporter(env.cr, verbose=False)
            importer.load(translated, "po", LANG)
            importer.save(overwrite=True, force_overwrite=True)
    known = {entry.msgid: entry.msgstr for entry in terms}
    code_translations.python_translations[MODULE, LANG] = known
    case.addClassCleanup(code_translations.python_translations.pop, (MODULE, LANG))
    for country in env["res.country"].with_context(lang=LANG).search([]):
        country.name = bracket(country.name)
    env.invalidate_all()
    return known


def shown(page):
    """What one reads on a page, hints of its parts included, programs left out."""
    tree = html.fromstring(f"<div>{page}</div>" if "<html" not in page else page)
    hidden = " or ".join(f"ancestor::{tag}" for tag in ("head", "style", "script", "pre"))
    texts = tree.xpath(f"//text()[not({hidden})]")
    hints = tree.xpath("//@title | //@alt | //@placeholder | //@aria-label")
    return " ".join([*texts, *hints])


def outside(text):
    """What of a text stands in no brackets."""
    depth, kept = 0, []
    for char in text:
        depth += char == OPEN
        kept.append(" " if depth else char)
        depth -= char == CLOSE and depth > 0
    return "".join(kept)


def bare(text, known=()):
    """The words of a text that stand in no brackets.

    :param known: words that are data
    :return: set of words
    """
    return set(WORD.findall(LINK.sub(" ", outside(text)))) - MONTHS - set(known)
