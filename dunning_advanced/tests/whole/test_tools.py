import doctest
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

from odoo.tests import BaseCase, TransactionCase

from odoo.addons.dunning_advanced import tools
from odoo.addons.dunning_advanced.tools import color, format, ladder, sql, text

GERMAN = SimpleNamespace(decimal_point=",")


class TestTools(BaseCase):
    def test_examples_in_the_docstrings_hold(self):
        for path in sorted(Path(tools.__file__).parent.glob("[a-z]*.py")):
            with self.subTest(path.name):
                module = import_module(f"{tools.__name__}.{path.stem}")
                self.assertFalse(doctest.testmod(module).failed)

    def test_numbers(self):
        for number, short, rate in [
            (0, "0", "0,00"),
            (9, "9", "9,00"),
            (9.2, "9,2", "9,20"),
            (-0.88, "-0,88", "-0,88"),
            (11.27, "11,27", "11,27"),
            (0.1234, "0,1234", "0,12"),
            (-0.00001, "0", "-0,00"),
            (100, "100", "100,00"),
            (1234567.5, "1234567,5", "1234567,50"),
        ]:
            with self.subTest(number):
                self.assertEqual(format.format_number(number, GERMAN), short)
                self.assertEqual(format.format_rate(number, GERMAN), rate)

    def test_colors(self):
        for wanted, expected in [
            ("#fff", "#fff"),
            ("rgba(0, 10, 20, 0.5)", "rgba(0, 10, 20, 0.5)"),
            ("teal", "teal"),
            (False, "black"),
            ("", "black"),
            ("red;background:url(//x)", "black"),
            ("expression(alert(1))", "black"),
        ]:
            with self.subTest(wanted):
                self.assertEqual(color.css_color(wanted, "black"), expected)

    def test_subject_without_its_sender(self):
        for subject, sender, expected in [
            ("Azure: your invoices", "Azure", "Your invoices"),
            ("Azure – invoice 12", "Azure", "Invoice 12"),
            ("Azure\u202f: facture", "Azure", "Facture"),
            ("Your invoices of Azure", "Azure", "Your invoices of Azure"),
            ("Azure", "Azure", ""),
            ("", "Azure", ""),
            (": odd", "", ": odd"),
        ]:
            with self.subTest(subject):
                self.assertEqual(text.without_sender(subject, sender), expected)

    def test_ladder(self):
        levels = [(0, 11, -3, 0), (1, 12, 10, 0), (2, 13, 24, 20)]
        for repeat, expected in [
            ((0, 0), [(0, 11, -3, 0, 0), (1, 12, 10, 13, 0), (2, 13, 24, 20, 0)]),
            (
                (7, 2),
                [
                    (0, 11, -3, 0, 0),
                    (1, 12, 10, 13, 0),
                    (2, 13, 24, 20, 0),
                    (3, 13, 31, 7, 1),
                    (4, 13, 38, 7, 2),
                ],
            ),
        ]:
            self.assertEqual(ladder.rows(levels, *repeat), expected)
        self.assertEqual(ladder.rows([], 7, 2), [])


class TestSqlValues(TransactionCase):
    def test_rows_of_a_statement(self):
        columns = {"id": "int", "name": "text", "amount": "numeric"}
        rows = [(1, "a", None), (2, None, 3)]
        self.assertEqual(self.env.execute_query(sql.values(columns, rows)), rows)
        self.assertEqual(self.env.execute_query(sql.values(columns, [])), [])
        self.assertEqual([column.name for column in self.env.cr.description], list(columns))
