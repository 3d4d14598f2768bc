from pathlib import Path
from tempfile import TemporaryDirectory

from odoo.tests import BaseCase

from .house import problems

ADDON = Path(__file__).parents[2]

# The rooms of models/, from the top down: a room may import those of the lines below its own.
FLOORS = (
    {"plan"},
    {"escalation"},
    {"notice"},
    {"money", "statement", "run", "reach", "case", "policy"},
    {"timeline", "hold", "agreement"},
    {"engine", "mixins"},
)
ROOMS = {
    room: set().union(*FLOORS[floor + 1 :]) for floor, rooms in enumerate(FLOORS) for room in rooms
}

# Files that may import inside of functions, and why.
LOCAL_IMPORTS = {
    "tests/process.py": "measurements start it from a Python that has not loaded Odoo",
}

# Models of Odoo that a room adds methods to, besides the model's own file, and why.
SPREAD = {
    ("res.partner", "models/statement"): "a statement is printed, exported and mailed in words "
    "of its own, three files of them",
}


class TestHouse(BaseCase):
    def test_the_addon_keeps_its_rules(self):
        if found := problems(ADDON, ROOMS, LOCAL_IMPORTS, SPREAD):
            self.fail("\n".join(["rules are broken:", *found]))


MODEL = """
from odoo import fields, models


class {name}(models.Model):
    _{kind} = "{model}"

    {body}
"""


def model(name, body="pass", kind="name"):
    words = name.title().replace(".", "")
    return MODEL.format(name=words, model=name, body=body, kind=kind)


SOUND = {
    "__init__.py": "from . import models, wizard",
    "__manifest__.py": '{"data": ["views/high/visit.xml"], "demo": ["data/demo.xml"]}',
    "data/demo.xml": "<odoo />",
    "models/__init__.py": "from . import low, high, res_partner",
    "models/high/__init__.py": '"""What is above."""\nfrom . import visit',
    "models/high/visit.py": "from ..low.batch import BATCH\n" + model("dunning.visit"),
    "models/low/__init__.py": '"""What is below."""\nfrom . import batch, size',
    "models/low/batch.py": "from ...tools.sql import values\n"
    + model("dunning.batch", "batch = fields.Integer()"),
    "models/low/size.py": "BATCH = 10\n" + model("dunning.batch", kind="inherit"),
    "models/res_partner.py": "from .high.visit import DunningVisit\n"
    + model("res.partner", "visits = fields.Integer()", "inherit"),
    "tests/__init__.py": "from .low import test_batch",
    "tests/low/__init__.py": "",
    "tests/low/test_batch.py": "from ...models.low import size",
    "tools/__init__.py": "",
    "tools/sql.py": "from odoo.tools import SQL\n\n\ndef values():\n    return SQL('1')",
    "views/high/visit.xml": "<odoo />",
    "wizard/__init__.py": "from . import visit_log",
    "wizard/visit_log.py": "from ..models.high import visit\n" + model("dunning.visit.log"),
}
TABLE = {"low": set(), "high": {"low"}}

UPWARD = (
    "room low must not import room high: move what it needs into a room below both, "
    "or let high override or register what low calls"
)
CIRCLE = "move what they share into a file that imports none of them"
LOCAL = (
    "an import inside a function: move it to the top of the file, "
    "or list the file with a reason in LOCAL_IMPORTS"
)
WITHOUT_ODOO = "take values as arguments (only tools/sql.py may have SQL of odoo.tools)"
ALL_FIELDS = "which holds all fields, constraints and indexes of the model"

# Files that are added or changed, and the one sentence that follows from them.
FAULTS = [
    (
        {"models/low/size.py": "import re\nfrom ..high import visit\nBATCH = 10"},
        f"models/low/size.py:2: {UPWARD}",
    ),
    (
        {
            "models/low/size.py": "BATCH = 10\n"
            "from odoo.addons.toy.models.high.visit import DunningVisit"
        },
        f"models/low/size.py:2: {UPWARD}",
    ),
    (
        {"models/low/size.py": "BATCH = 10\nimport odoo.addons.toy.models.high.visit"},
        f"models/low/size.py:2: {UPWARD}",
    ),
    (
        {"models/high/visit.py": "\nfrom .. import res_partner", "models/res_partner.py": ""},
        (
            "models/high/visit.py:2: a room must not import models/res_partner.py, "
            "which is above all rooms: move what it needs into a room or tools/"
        ),
    ),
    (
        {"models/res_partner.py": "from ..wizard.visit_log import X", "wizard/visit_log.py": ""},
        (
            "models/res_partner.py:1: models/ must not import wizard/: "
            "move what it needs into models/ or tools/"
        ),
    ),
    (
        {
            "tools/sql.py": "from ..models.low.size import BATCH",
            "models/low/batch.py": model("dunning.batch"),
        },
        "tools/sql.py:1: tools/ must not import models/: move what it needs into tools/",
    ),
    (
        {"tools/sql.py": "from odoo.tools import (\n    SQL,\n    float_round,\n)"},
        (
            "tools/sql.py:3: tools/ works without Odoo, so it must not import "
            f"odoo.tools.float_round: {WITHOUT_ODOO}"
        ),
    ),
    (
        {"tools/rows.py": "from odoo.tools import SQL"},
        (
            "tools/rows.py:1: tools/ works without Odoo, so it must not import "
            f"odoo.tools.SQL: {WITHOUT_ODOO}"
        ),
    ),
    (
        {
            "models/low/batch.py": "from .size import BATCH",
            "models/low/size.py": "BATCH = 10\nfrom . import batch",
        },
        (
            "models/low/size.py:2: this import closes the circle "
            f"models/low/batch.py > models/low/size.py > models/low/batch.py: {CIRCLE}"
        ),
    ),
    (
        {"models/low/size.py": "BATCH = 10\n\n\ndef size():\n    from ...tools import sql"},
        f"models/low/size.py:5: {LOCAL}",
    ),
    (
        {"models/low/size.py": "BATCH = 10\n\n\nasync def size():\n    import qrcode"},
        f"models/low/size.py:5: {LOCAL}",
    ),
    (
        {
            "models/low/size.py": "BATCH = 1\n"
            + model("dunning.batch", "a = fields.Char()", "inherit")
        },
        f"models/low/size.py:9: a of dunning.batch belongs into models/low/batch.py, {ALL_FIELDS}",
    ),
    (
        {
            "models/low/size.py": "BATCH = 1\n"
            + model("dunning.batch", "_a = models.UniqueIndex('(a)')", "inherit")
        },
        f"models/low/size.py:9: _a of dunning.batch belongs into models/low/batch.py, {ALL_FIELDS}",
    ),
    (
        {"wizard/visit_log.py": model("dunning.batch")},
        (
            "wizard/visit_log.py:5: dunning.batch is already the _name of a class "
            "in models/low/batch.py"
        ),
    ),
    (
        {"models/high/visit.py": model("res.partner", kind="inherit")},
        (
            "models/high/visit.py:5: res.partner is Odoo's model: "
            "extend it in models/res_partner.py alone"
        ),
    ),
    (
        {"models/res_partner.py": model("account.move", kind="inherit")},
        (
            "models/res_partner.py:5: account.move is Odoo's model: "
            "extend it in models/account_move.py alone"
        ),
    ),
    (
        {
            "wizard/__init__.py": "from . import reversal, visit_log",
            "wizard/reversal.py": model("account.move.reversal", kind="inherit"),
            "wizard/visit_log.py": model("account.move.reversal", kind="inherit"),
        },
        (
            "wizard/visit_log.py:5: account.move.reversal is Odoo's model: "
            "extend it in wizard/reversal.py alone"
        ),
    ),
    (
        {"tests/low/test_batch.py": "\n" * 601},
        "tests/low/test_batch.py:601: the file has 601 lines, 600 are allowed: split it by subject",
    ),
    (
        {"views/high/visit.xml": "<odoo>" + "\n" * 600 + "</odoo>"},
        "views/high/visit.xml:601: the file has 601 lines, 600 are allowed: split it by subject",
    ),
    (
        {"models/low/new.py": ""},
        "models/low/__init__.py:1: new is not imported, so Odoo does not load it: add it here",
    ),
    (
        {"models/__init__.py": "from . import low, res_partner"},
        "models/__init__.py:1: high is not imported, so Odoo does not load it: add it here",
    ),
    (
        {"models/high/__init__.py": None},
        (
            "models/high/__init__.py:1: the file is missing: "
            "make it, with a list of the modules of its folder"
        ),
    ),
    (
        {"models/high/__init__.py": "from . import visit"},
        "models/high/__init__.py:1: say in a docstring of one sentence what lives in this room",
    ),
    (
        {
            "models/__init__.py": "from . import low, high, roof, res_partner",
            "models/roof/__init__.py": '"""What is on top."""',
        },
        (
            "models/roof/__init__.py:1: the table of rooms lacks roof: "
            "say there which rooms it may import"
        ),
    ),
    (
        {
            "models/__init__.py": "from . import low, res_partner",
            "models/high/__init__.py": None,
            "models/high/visit.py": None,
            "models/res_partner.py": "",
            "wizard/visit_log.py": "",
        },
        "models/__init__.py:1: there is no room high: take it out of the table of rooms",
    ),
    (
        {"tests/__init__.py": "from . import low"},
        "tests/low/test_batch.py:1: Odoo does not find this test: import it in tests/__init__.py",
    ),
    (
        {
            "tests/__init__.py": "from .low import test_batch\nfrom .high import test_batch",
            "tests/high/test_batch.py": "",
        },
        (
            "tests/low/test_batch.py:1: tests/high/test_batch.py has the same name "
            "and hides it from Odoo: rename one"
        ),
    ),
    (
        {"views/low/batch.xml": "<odoo />"},
        "views/low/batch.xml:1: Odoo does not load this file: add it to data in __manifest__.py",
    ),
    (
        {"security/ir.model.access.csv": "id"},
        (
            "security/ir.model.access.csv:1: Odoo does not load this file: "
            "add it to data in __manifest__.py"
        ),
    ),
]


class TestRules(BaseCase):
    """The rules themselves, on a small addon with one fault after the other."""

    def problems(self, changes, local_imports=(), spread=()):
        """Write the small addon with some changes, and return what is wrong with it."""
        with TemporaryDirectory() as folder:
            root = Path(folder, "toy")
            for path, text in {**SOUND, **changes}.items():
                if text is not None:
                    (root / path).parent.mkdir(parents=True, exist_ok=True)
                    (root / path).write_text(text)
            return problems(root, TABLE, dict(local_imports), dict(spread))

    def test_a_sound_addon_has_no_problem(self):
        self.assertEqual(self.problems({}), [])

    def test_a_fault_is_named_with_its_file_and_line(self):
        for changes, sentence in FAULTS:
            with self.subTest(sentence):
                self.assertEqual(self.problems(changes), [f"toy/{sentence}"])

    def test_a_listed_import_inside_a_function_is_allowed_while_it_is_there(self):
        listed = {"models/low/size.py": "qrcode is optional"}
        local = {"models/low/size.py": "BATCH = 10\n\n\ndef size():\n    import qrcode"}
        self.assertEqual(self.problems(local, listed), [])
        self.assertEqual(
            self.problems({}, listed),
            [
                (
                    "toy/models/low/size.py:1: no import inside a function is left: "
                    "take the file out of LOCAL_IMPORTS"
                )
            ],
        )

    def test_a_room_may_add_methods_to_a_listed_model_but_no_fields(self):
        listed = {("res.partner", "models/high"): "a visit has words of its own"}
        methods = {"models/high/visit.py": model("res.partner", kind="inherit")}
        self.assertEqual(self.problems(methods, spread=listed), [])
        self.assertEqual(
            self.problems({}, spread=listed),
            [
                (
                    "toy/models/high/__init__.py:1: no class of res.partner is left "
                    "in this folder: take the two out of SPREAD"
                )
            ],
        )
        field = model("res.partner", "visited = fields.Date()", "inherit")
        self.assertEqual(
            self.problems({"models/high/visit.py": field}, spread=listed),
            [
                (
                    "toy/models/high/visit.py:8: visited of res.partner belongs into "
                    f"models/res_partner.py, {ALL_FIELDS}"
                )
            ],
        )
