import re
from unittest.mock import patch

from odoo import Command
from odoo.sql_db import Cursor
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from ..common import DAY, DunningCommon

DUNNING_TABLE = re.compile(r'\b(?:FROM|JOIN|INTO|UPDATE)\s+"?dunning_', re.IGNORECASE)


@tagged("post_install", "-at_install")
class TestQueries(DunningCommon):
    """The size of the ledger costs no queries, and accounting hardly any.

    Here those are counted that name a table of ours; `./dev test --odoo-suites` counts all
    queries next to a database without the addon.
    """

    def propose_and_count(self):
        """Propose as of a company that has done so before, and take it back.

        :return: number of queries, and of dunned and of unreachable items
        """
        with self.env.cr.savepoint() as savepoint:
            run = self.env["dunning.run"].create({"company_id": self.company.id, "date": DAY})
            self.env.flush_all()
            self.env.user.mapped("login")  # read before, by whatever ran first
            before = self.env.cr.sql_log_count
            counts = run._propose()
            self.env.flush_all()
            queries = self.env.cr.sql_log_count - before
            savepoint.rollback()
        self.env.invalidate_all()
        return queries, counts.get("dun"), counts.get("unreachable")

    def multiply_items(self, times):
        """Copy all open items, each time to two new customers: every second copy
        belongs to somebody who cannot be reached.
        """
        debtors = self.env["res.partner"].create(
            [
                {"name": f"Copy {n}", "is_company": True, "email": n % 2 and f"copy{n}@example.com"}
                for n in range(times)
            ]
        )
        self.env.flush_all()
        columns = [
            SQL.identifier(name)
            for [name] in self.env.execute_query(
                SQL(
                    "SELECT column_name FROM information_schema.columns"
                    " WHERE table_schema = current_schema AND table_name = 'account_move_line'"
                    " AND column_name NOT IN ('id', 'partner_id')"
                )
            )
        ]
        self.env.cr.execute(
            SQL(
                "INSERT INTO account_move_line (partner_id, %(columns)s)"
                " SELECT debtor.id, %(columns)s FROM account_move_line"
                " CROSS JOIN unnest(%(debtors)s) AS debtor(id) WHERE partner_id IN %(partners)s"
                " AND account_id = %(account)s",
                columns=SQL(", ").join(columns),
                debtors=debtors.ids,
                partners=tuple((self.debtor | self.silent).ids),
                account=self.company_data["default_account_receivable"].id,
            )
        )
        self.env.invalidate_all()

    def test_proposal_costs_the_same_queries_for_10_and_1000_items(self):
        self.check_proposal()

    def test_rules_that_ask_for_debts_and_give_teams_cost_the_same_queries(self):
        self.env["dunning.rule"].create(
            [
                {"name": "Big", "policy_id": self.policy.id, "amount_from": 10**6, "days_to": 9},
                {"name": "Known", "policy_id": self.policy.id, "grade_to": "C"},
                {
                    "name": "All",
                    "policy_id": self.policy.id,
                    "team_id": self.env["dunning.team"]
                    .create({"name": "North", "member_ids": self.env.user.ids})
                    .id,
                },
            ]
        )
        self.check_proposal()

    def check_proposal(self):
        self.silent = self.make_debtor("Silent", email=False)
        for amount in range(5):
            self.invoice(10 + 5 * amount, amount=100 + amount)
            self.invoice(10 + 5 * amount, amount=100 + amount, debtor=self.silent)
        self.propose_and_count()  # fills the caches
        few, dunned, unreachable = self.propose_and_count()
        self.assertEqual((dunned, unreachable), (5, 5))
        self.multiply_items(99)
        many, dunned, unreachable = self.propose_and_count()
        self.assertEqual((dunned, unreachable), (5 + 490, 5 + 500))
        self.assertEqual(many, few)

    def count_dunning_queries(self, work):
        """How many queries read or write tables of dunning while ``work`` is done."""
        seen = []
        execute = Cursor.execute

        def counted(cursor, query, *args, **kwargs):
            if DUNNING_TABLE.search(query.code if isinstance(query, SQL) else str(query)):
                seen.append(query)
            return execute(cursor, query, *args, **kwargs)

        self.env.flush_all()
        self.env.invalidate_all()
        with patch.object(Cursor, "execute", counted):
            work()
            self.env.flush_all()
        return len(seen)

    def test_the_counter_sees_dunning_tables(self):
        self.assertGreater(self.count_dunning_queries(self.run_at), 3)

    def test_posting_invoices_costs_at_most_3_queries(self):
        self.invoice(20)
        self.remind()
        new = self.invoice(1) | self.invoice(2)
        new.button_draft()
        self.assertLessEqual(self.count_dunning_queries(new.action_post), 3)

    def test_credit_holds_cost_posting_at_most_3_queries(self):
        biller = new_test_user(
            self.env,
            "biller.queries",
            "account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        held = self.make_debtor("Deco")
        self.env["dunning.credit.hold"].create({"partner_id": held.id, "reason": "Nothing paid"})
        for blocks, debtor in ((False, held), (True, self.debtor)):
            self.company.dunning_credit_block = blocks
            new = self.invoice(1, debtor=debtor) | self.invoice(2, debtor=debtor)
            new.button_draft()
            mine = new.with_user(biller)
            self.assertLessEqual(self.count_dunning_queries(mine.action_post), 3)

    def test_paying_reminded_invoices_costs_at_most_3_queries(self):
        invoices = self.invoice(20) | self.invoice(30) | self.invoice(40)
        self.remind()
        self.assertLessEqual(
            self.count_dunning_queries(lambda: self.pay(self.debtor, 300, invoices=invoices)), 3
        )
        self.assertEqual(set(invoices.mapped("amount_residual")), {0})

    def test_agreements_and_disputes_cost_payments_of_others_a_query_each(self):
        promised, free = self.invoice(20), self.invoice(30, debtor=self.make_debtor("Deco"))
        self.env["dunning.promise"].create(
            {
                "partner_id": self.debtor.id,
                "amount": 100,
                "date": "2999-01-01",
                "date_made": "2998-12-31",
                "item_ids": [Command.set(promised.line_ids.filtered("date_maturity").ids)],
            }
        )
        items = (self.pay(free.partner_id, 100).move_id | free).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        self.assertEqual(self.count_dunning_queries(items.reconcile), 2)
        self.assertEqual(self.count_dunning_queries(items.remove_move_reconcile), 2)
