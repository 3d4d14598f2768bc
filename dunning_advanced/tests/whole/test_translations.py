import re
from pathlib import Path

import polib

from odoo.tests import TransactionCase, tagged
from odoo.tools.translate import TranslationModuleReader

MODULE = "dunning_advanced"
FILES = sorted((Path(__file__).parents[2] / "i18n").glob("*.po"))

# Placeholders, tags and expressions: what is left of a term without them is its text.
NO_TEXT = re.compile(r"%\(\w+\)s|%s|\{\{.*?\}\}|<[^>]+>|object\.\S+")

# Terms that are the same in another language. Odoo exports them without a translation, as
# it does those that nobody has translated yet.
SAME_EVERYWHERE = {"BIC", "Brandon Freeman", "ID", "Message-ID", "XLSX"}
SAME = {
    "de": (
        "Code Journal Manager Normal OK PDF Problem Simulation Standard Status Team Teams "
        "Text Trend Version in online"
    ),
    "es": "Australia Error No Normal PDF Plan Total",
    "fr": (
        "Attention Canada Classes Code Configuration Contact Contacts Conversation Date "
        "Description E-mail Journal Maximum Message Messages Minimum Normal Notes OK "
        "Objection PDF Plan Points Signature Simulation Source Standard Total Version"
    ),
    "it": "Australia Canada E-mail No OK PDF Record Standard Stop Team in online",
    "nl": (
        "Canada Code Contact E-mail Manager Maximum Minimum Model OK Product Record "
        "Status Stop Team Teams Trend Voicemail in online"
    ),
}


class Terms(dict):
    """The terms of a file and their translations; faults are told by language."""

    def __init__(self, path):
        self.language = path.stem
        super().__init__({entry.msgid: entry.msgstr for entry in polib.pofile(path)})

    def faults(self, terms):
        same = SAME_EVERYWHERE.union(SAME[self.language].split())
        for term in sorted(terms - self.keys()):
            yield f"{self.language}: has no entry for {term!r}"
        for term in sorted(terms & self.keys() - same):
            if not self[term] and re.search(r"[^\W\d_]", NO_TEXT.sub("", term)):
                yield f"{self.language}: nobody has translated {term!r}"
        for term in sorted(self.keys() - terms):
            yield f"{self.language}: nothing says {term!r} any more"


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    """The files in i18n/ have the terms that Odoo exports, all of them translated and no others."""

    def test_every_term_is_translated(self):
        rows = TranslationModuleReader(self.env.cr, modules=[MODULE], lang=None)
        terms = {source for _module, _type, _name, _id, source, _value, _comments in rows}
        self.assertEqual([path.stem for path in FILES], sorted(SAME))
        faults = [fault for path in FILES for fault in Terms(path).faults(terms)]
        self.assertFalse(faults, "\n".join(faults))
