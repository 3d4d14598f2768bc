from datetime import timedelta

from hypothesis import given, settings, strategies as st

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user
from odoo.tools import SQL

from ..common import DAY, DunningCommon


class TeamCase(DunningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann, cls.bob, cls.cleo, cls.dora = (cls.make_member(name) for name in "abcd")
        cls.team = cls.env["dunning.team"].create(
            {"name": "North", "member_ids": [Command.set((cls.ann | cls.bob).ids)]}
        )
        cls.rule = cls.env["dunning.rule"].create(
            {"name": "All", "policy_id": cls.policy.id, "team_id": cls.team.id}
        )

    @classmethod
    def make_member(cls, name, company=None):
        company = company or cls.company
        return new_test_user(
            cls.env,
            f"{name}.team",
            "dunning_advanced.group_user",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )

    def owe(self, count):
        """So many more customers with an overdue invoice."""
        debtors = self.env["res.partner"].create(
            [{"name": f"D{n}", "is_company": True, "email": "d@example.com"} for n in range(count)]
        )
        for debtor in debtors:
            self.invoice(5, debtor=debtor)
        return debtors

    def cases(self, debtors=None):
        domain = [("partner_id", "in", debtors.ids)] if debtors else []
        return self.env["dunning.case"].search([*domain, ("state", "=", "open")], order="id")

    def loads(self):
        """Open cases of each member."""
        return {
            user: len(self.cases().filtered(lambda case, user=user: case.user_id == user))
            for user in self.team.member_ids
        }


class TestRoundRobin(TeamCase):
    def test_two_members_take_turns(self):
        debtors = self.owe(5)
        run = self.run_at()
        given = self.cases(debtors).mapped(lambda case: case.user_id.login[0])
        self.assertEqual("".join(given), "ababa")
        self.assertEqual(self.team.last_user_id, self.ann)
        self.assertEqual(self.cases(debtors).team_id, self.team)
        self.assertEqual(
            {notice.partner_id: notice.user_id for notice in run.notice_ids},
            {case.partner_id: case.user_id for case in self.cases(debtors)},
        )

    def test_fewest_first_then_who_waited_longest(self):
        self.team.member_ids |= self.cleo
        for user in (self.ann, self.ann, self.ann, self.bob):
            [debtor] = self.owe(1)
            self.env["dunning.case"].create({"partner_id": debtor.id, "user_id": user.id})
        # Cleo has none and catches up; then Bob, who has waited longer; then they take turns.
        debtors = self.owe(7)
        self.run_at()
        given = self.cases(debtors).mapped(lambda case: case.user_id.login[0])
        self.assertEqual("".join(given), "cbcbcab")

    def test_reminder_before_the_due_date_has_no_case_yet(self):
        self.company.dunning_user_id = self.dora
        self.invoice(-3)
        notice = self.run_at().notice_ids
        self.assertFalse(self.cases(self.debtor))
        self.assertEqual(notice.user_id, self.dora)

    def test_two_runs_are_as_fair_as_one(self):
        self.team.member_ids |= self.cleo
        for _day in range(2):
            self.owe(4)
            self.run_at()
        self.assertEqual(sorted(self.loads().values()), [2, 3, 3])
        self.run_at(DAY + timedelta(days=1))
        self.assertEqual(sorted(self.loads().values()), [2, 3, 3], "nothing is given twice")

    def test_reminders_stay_with_the_case(self):
        [debtor] = self.owe(1)
        self.remind()
        case = self.cases(debtor)
        self.assertEqual(case.user_id, self.ann)
        self.owe(1)
        later = self.run_at(DAY + timedelta(days=14))
        self.assertEqual(
            later.notice_ids.filtered(lambda n: n.partner_id == debtor).user_id, self.ann
        )
        case.user_id = self.bob
        later._propose()
        self.assertEqual(
            later.notice_ids.filtered(lambda n: n.partner_id == debtor).user_id, self.bob
        )

    def test_case_without_responsible_goes_back_to_the_team(self):
        debtors = self.owe(3)
        self.run_at()
        case = self.cases(debtors)[0]
        case.user_id = False
        self.run_at(DAY + timedelta(days=1))
        self.assertIn(case.user_id, self.team.member_ids)

    def test_who_left_gets_nothing(self):
        self.bob.active = False
        debtors = self.owe(3)
        self.run_at()
        self.assertEqual(self.cases(debtors).user_id, self.ann)

    def test_leader_and_company_step_in(self):
        self.company.dunning_user_id = self.dora
        self.team.member_ids.active = False
        debtors = self.owe(2)
        run = self.run_at()
        self.assertFalse(self.cases(debtors).user_id)
        self.assertEqual(self.team._next_member(), self.env["res.users"])
        self.team.leader_id = self.cleo
        run._propose()
        self.assertEqual(self.cases(debtors).user_id, self.cleo)
        self.assertEqual(run.notice_ids.user_id, self.cleo)

    def test_responsible_of_the_customer_comes_first(self):
        one, two = self.owe(2)
        one.dunning_user_id = self.dora
        self.run_at()
        self.assertEqual(self.cases(one).user_id, self.dora)
        self.assertFalse(self.cases(one).team_id)
        self.assertEqual(self.cases(two).user_id, self.ann)

    def test_opened_by_hand(self):
        one, two, three = self.owe(3)
        cases = self.env["dunning.case"]
        cases |= cases.create([{"partner_id": one.id}, {"partner_id": two.id}])
        with Form(cases.browse().with_user(self.dora)) as form:
            form.partner_id = three
            form.user_id = self.dora
        self.assertEqual((cases | form.record).user_id, self.ann | self.bob | self.dora)
        self.assertEqual(cases.team_id, self.team)
        self.assertEqual(self.team._next_member(), self.ann)

    def test_opened_by_hand_for_another_team(self):
        south = self.env["dunning.team"].create({"name": "South", "member_ids": self.cleo.ids})
        [debtor] = self.owe(1)
        case = self.env["dunning.case"].create({"partner_id": debtor.id, "team_id": south.id})
        self.assertEqual((case.team_id, case.user_id), (south, self.cleo))

    def test_look_at_the_past_gives_nothing(self):
        self.owe(1)
        self.run_at(simulation=True)
        self.assertFalse(self.cases())

    def test_two_teams_in_one_run(self):
        south = self.env["dunning.team"].create(
            {"name": "South", "member_ids": (self.cleo | self.dora).ids}
        )
        debtors = self.owe(4)
        self.env["dunning.rule"].create(
            {
                "name": "South",
                "sequence": 1,
                "policy_id": self.policy.id,
                "team_id": south.id,
                "partner_domain": f"[('id', 'in', {debtors[:2].ids})]",
            }
        )
        self.run_at()
        self.assertEqual(self.cases(debtors[:2]).user_id, self.cleo | self.dora)
        self.assertEqual(self.cases(debtors[2:]).user_id, self.ann | self.bob)

    def test_same_order_as_one_after_the_other(self):
        """The statement gives out any number as if each were counted anew."""
        users = self.env["res.users"]
        for number in range(4):
            users |= self.make_member(f"m{number}")
        self.team.member_ids = users
        debtors = self.env["res.partner"].create([{"name": f"P{n}"} for n in range(30)])

        @settings(max_examples=40, derandomize=True, deadline=None, database=None)
        @given(
            st.lists(st.sampled_from(range(4)), max_size=12),
            st.integers(1, 15),
            st.integers(0, 12),
        )
        def check(before, count, closed):
            with self.env.cr.savepoint() as savepoint:
                self.env.cr.execute("DELETE FROM dunning_case")
                rows = [(users[n].id, place >= closed) for place, n in enumerate(before)]
                rows += [(None, True)] * count
                for partner, (user, open_) in zip(debtors, rows, strict=False):
                    self.env.cr.execute(
                        "INSERT INTO dunning_case (partner_id, company_id, state, date_open,"
                        " team_id, user_id) VALUES (%s, %s, %s, %s, %s, %s)",
                        [
                            *(partner.id, self.company.id, "open" if open_ else "closed", DAY),
                            *(self.team.id, user),
                        ],
                    )
                run = self.env["dunning.run"].new({"company_id": self.company.id, "date": DAY})
                self.env["dunning.team"]._assign_open(run._scope(), SQL("TRUE"))
                self.env.cr.execute("SELECT user_id FROM dunning_case ORDER BY id")
                given = [user for [user] in self.env.cr.fetchall()][len(before) :]
                self.assertEqual(given, self.one_by_one(users, rows[: len(before)], count))
                savepoint.rollback()
            self.env.invalidate_all()

        check()

    def one_by_one(self, users, rows, count):
        """Whom a person would give so many cases, one after the other."""
        loads = {user: sum(open_ for owner, open_ in rows if owner == user) for user in users.ids}
        latest = {
            user: max((n for n, row in enumerate(rows) if row[0] == user), default=-1)
            for user in users.ids
        }
        given = []
        for number in range(count):
            user = min(users.ids, key=lambda user: (loads[user], latest[user], user))
            loads[user] += 1
            latest[user] = len(rows) + number
            given.append(user)
        return given


class TestTeamOfTwoCompanies(TeamCase):
    def test_cases_of_all_companies_count(self):
        """A team without a company works for several; each company gives to it."""
        elsewhere = self.setup_other_company()["company"]
        elsewhere.dunning_user_id = self.dora
        (self.ann | self.bob).company_ids |= elsewhere
        self.invoice_of(elsewhere, 100)
        run = (
            self.env["dunning.run"]
            .with_company(elsewhere)
            .create({"company_id": elsewhere.id, "date": DAY})
        )
        run._propose()
        there = self.cases(self.debtor)
        self.assertEqual((there.company_id, there.user_id), (elsewhere, self.ann))
        self.invoice(5)
        self.run_at()
        here = self.cases(self.debtor) - there
        self.assertEqual((here.company_id, here.user_id), (self.company, self.bob))

    def test_team_of_another_company_is_refused(self):
        elsewhere = self.setup_other_company()["company"]
        stranger = self.make_member("stranger", elsewhere)
        with self.assertRaisesRegex(UserError, "another company"):
            self.env["dunning.team"].create(
                {"name": "There", "company_id": self.company.id, "member_ids": stranger.ids}
            )
        there = self.env["dunning.team"].create(
            {"name": "There", "company_id": elsewhere.id, "member_ids": stranger.ids}
        )
        with self.assertRaisesRegex(UserError, "another company"):
            self.rule.team_id = there
        self.assertFalse(there.with_user(self.ann).search([("id", "=", there.id)]))
        with self.assertRaises(AccessError):
            there.with_user(self.ann).read(["name"])


class TestTeamBadInput(TeamCase):
    def test_team_without_members(self):
        with self.assertRaisesRegex(ValidationError, "Team “North” has no members"):
            self.team.member_ids = False
        with self.assertRaises(AssertionError):
            Form(self.env["dunning.team"]).save()

    def test_member_who_cannot_open_a_case(self):
        clerk = new_test_user(self.env, "clerk.team", "base.group_user", name="Clerk")
        for values in ({"member_ids": [Command.link(clerk.id)]}, {"leader_id": clerk.id}):
            with self.assertRaisesRegex(ValidationError, "Clerk cannot open the cases"):
                self.team.write(values)

    def test_used_team_is_kept(self):
        message = "“North” is assigned by follow-up rule “All”"
        with self.assertRaisesRegex(UserError, message):
            self.team.unlink()
        with self.assertRaisesRegex(ValidationError, message):
            self.team.active = False
        self.owe(1)
        self.run_at()
        self.rule.unlink()
        with self.assertRaisesRegex(UserError, "“North” has worked on cases.*archive it"):
            self.team.unlink()
        self.team.active = False
        with self.assertRaisesRegex(ValidationError, "“North” is archived"):
            self.rule.create({"name": "A", "policy_id": self.policy.id, "team_id": self.team.id})

    def test_only_managers_make_teams(self):
        self.assertTrue(self.team.with_user(self.ann).read(["name", "case_count"]))
        with self.assertRaises(AccessError):
            self.team.with_user(self.ann).name = "Mine"

    def test_cases_of_the_team(self):
        debtors = self.owe(3)
        self.run_at()
        self.assertEqual(self.team.case_count, 3)
        action = self.team.action_view_cases()
        self.assertEqual(self.env["dunning.case"].search(action["domain"]), self.cases(debtors))
