from datetime import timedelta

from odoo import Command

from ..common import DAY, DunningCommon


def days(count):
    return timedelta(days=count)


class TestGates(DunningCommon):
    """Each gate stops exactly what it is for, and says so."""

    def assertDecision(self, invoice, decision, day=DAY):
        """Written lines and the plain evaluation must tell the same."""
        self.assertEqual(self.evaluate(day)[invoice.id], decision)
        run = self.run_at(day)
        if decision in ("not_due", "waiting", "pending"):
            self.assertFalse(run.line_ids)
            self.assertEqual(run[f"{decision}_count"], 1)
        else:
            self.assertEqual(self.decisions(run), {invoice: decision})
        self.assertEqual(bool(run.notice_ids), decision == "dun")
        self.assertEqual(run.state, "proposed" if decision == "dun" else "done")
        return run

    def evaluate(self, day):
        run = self.env["dunning.run"].new({"company_id": self.company.id, "date": day})
        rows = self.env["dunning.engine"]._evaluate(run._scope())
        items = self.env["account.move.line"].browse(row["id"] for row in rows)
        return {item.move_id.id: row["decision"] for item, row in zip(items, rows, strict=True)}

    def test_dun(self):
        invoice = self.invoice(5)
        run = self.assertDecision(invoice, "dun")
        self.assertEqual(run.notice_ids.level_id, self.first)
        self.assertEqual(run.line_ids.notice_id, run.notice_ids)
        self.assertEqual((run.line_ids.step, run.line_ids.rung), (1, 1))

    def test_not_due(self):
        self.assertDecision(self.invoice(4), "not_due")

    def test_not_due_before_friendly_reminder(self):
        self.assertDecision(self.invoice(-4), "not_due")

    def test_waiting(self):
        invoice = self.invoice(5)
        self.remind()
        self.assertDecision(invoice, "waiting", DAY + days(13))
        self.assertDecision(invoice, "dun", DAY + days(14))

    def test_pending(self):
        invoice = self.invoice(5)
        self.run_at()
        self.assertDecision(invoice, "pending", DAY + days(30))

    def test_no_level(self):
        self.debtor.dunning_policy_id = self.env["dunning.policy"].create({"name": "Empty"})
        self.assertDecision(self.invoice(50), "no_level")

    def test_exhausted(self):
        self.policy.level_ids = [Command.unlink(level.id) for level in self.second + self.last]
        invoice = self.invoice(5)
        self.remind()
        self.assertDecision(invoice, "exhausted", DAY + days(300))

    def test_undelivered(self):
        invoice = self.invoice(5)
        notice = self.remind().notice_ids
        notice.delivery_ids._fail("mailbox full")
        self.assertDecision(invoice, "undelivered", DAY + days(14))
        notice.delivery_ids.action_mark_done()
        run = self.assertDecision(invoice, "dun", DAY + days(14))
        self.assertEqual(run.notice_ids.level_id, self.second)

    def test_excluded(self):
        invoice = self.invoice(5)
        invoice.no_followup = True
        self.assertDecision(invoice, "excluded")

    def test_general_entry_excluded(self):
        receivable = self.company_data["default_account_receivable"]
        entry = self.env["account.move"].create(
            {
                "date": DAY - days(60),
                "journal_id": self.company_data["default_journal_misc"].id,
                "line_ids": [
                    Command.create(
                        {"account_id": account.id, "partner_id": self.debtor.id, "balance": amount}
                    )
                    for account, amount in (
                        (receivable, 100),
                        (self.company_data["default_account_revenue"], -100),
                    )
                ],
            }
        )
        entry.action_post()
        self.assertDecision(entry, "excluded")

    def test_covered(self):
        invoice = self.invoice(5)
        self.pay(self.debtor, 100)
        self.assertDecision(invoice, "covered")

    def test_no_rate(self):
        self.first.minimum_amount = 10
        currency = self.env["res.currency"].create({"name": "QQQ", "symbol": "Q"})
        invoice = self.invoice(5, currency=currency)
        self.assertDecision(invoice, "no_rate")
        self.first.minimum_ids = [Command.create({"currency_id": currency.id, "amount": 100})]
        self.assertDecision(invoice, "dun")

    def test_minimum(self):
        self.first.minimum_amount = 100.01
        invoice = self.invoice(5)
        self.assertDecision(invoice, "minimum")
        self.first.minimum_amount = 100
        self.assertDecision(invoice, "dun")

    def test_unreachable(self):
        self.debtor.email = False
        self.assertDecision(self.invoice(5), "unreachable")

    def test_first_gate_is_the_decision(self):
        """Unreachable, below the minimum, excluded: the earlier gate is named."""
        self.debtor.email = False
        self.first.minimum_amount = 1000
        invoice = self.invoice(5)
        self.assertDecision(invoice, "minimum")
        invoice.no_followup = True
        self.assertDecision(invoice, "excluded")

    def test_only_open_posted_items_of_the_date(self):
        paid = self.invoice(10)
        self.pay(self.debtor, 100, invoices=paid)
        self.invoice(10).button_draft()
        self.invoice(10, date=DAY + days(1))
        self.assertFalse(self.evaluate(DAY))


class TestLadder(DunningCommon):
    """Which level an item gets, and when."""

    def levels_at(self, *offsets):
        """Remind on days after DAY; the level of the notice of each day."""
        return [self.remind(DAY + days(offset)).notice_ids.level_id for offset in offsets]

    def test_levels_follow_step_by_step(self):
        invoice = self.invoice(5)
        none = self.env["dunning.level"]
        self.assertEqual(
            self.levels_at(0, 0, 13, 14, 27, 28, 300),
            [self.first, none, none, self.second, none, self.last, none],
        )
        self.assertEqual(invoice.dunning_level_id, self.last)
        lines = invoice.dunning_line_ids.filtered(lambda line: line.state == "issued")
        self.assertEqual(lines.mapped("step"), [1, 2, 3])

    def test_late_start_keeps_the_rhythm(self):
        self.invoice(400)
        none = self.env["dunning.level"]
        self.assertEqual(
            self.levels_at(0, 1, 13, 14, 15, 28),
            [self.first, none, none, self.second, none, self.last],
        )

    def test_late_notice_shifts_the_next(self):
        self.invoice(5)
        none = self.env["dunning.level"]
        self.assertEqual(self.levels_at(10, 14, 23, 24), [self.first, none, none, self.second])

    def test_own_interval_overrides_the_distance(self):
        self.second.min_interval = 3
        self.last.min_interval = 30
        none = self.env["dunning.level"]
        self.invoice(400)
        self.assertEqual(
            self.levels_at(0, 2, 3, 32, 33), [self.first, none, self.second, none, self.last]
        )

    def test_friendly_reminder_before_due(self):
        invoice = self.invoice(-3)
        run = self.remind()
        self.assertEqual(run.notice_ids.level_id, self.before)
        self.assertEqual((run.line_ids.step, run.line_ids.rung), (1, 0))
        none = self.env["dunning.level"]
        self.assertEqual(self.levels_at(7, 8), [none, self.first])
        last = invoice.dunning_line_ids.filtered(lambda line: line.level_id == self.first)
        self.assertEqual((last.step, last.rung), (2, 1))

    def test_friendly_reminder_left_out_once_due(self):
        """On the due day it is too late for it; the first level comes on its day."""
        self.invoice(0)
        none = self.env["dunning.level"]
        self.assertEqual(self.levels_at(0, 4, 5), [none, none, self.first])

    def test_friendly_reminder_does_not_return_when_due_date_moves(self):
        invoice = self.invoice(5)
        self.remind()
        invoice.invoice_date_due = DAY + days(2)
        self.assertFalse(self.levels_at(1)[0])

    def test_early_reminder_waits_for_what_is_overdue(self):
        """No reminder tells at once of what is overdue and of what is not, and no
        customer gets two on one day."""
        self.policy.align = True
        old, early = self.invoice(20), self.invoice(-3)
        run = self.remind()
        self.assertEqual(self.decisions(run), {old: "dun", early: "overdue_first"})
        waiting = run.line_ids.filtered(lambda line: line.verdict == "overdue_first")
        self.assertEqual(waiting.date_next, DAY + days(1))
        following = self.remind(DAY + days(1))
        self.assertEqual(
            {line.move_id: line.level_id for line in following.notice_ids.line_ids},
            {early: self.before},
        )

    def test_early_reminder_goes_where_nothing_overdue_does(self):
        """What is overdue and stopped holds back nothing."""
        self.first.minimum_amount = 1000
        old, early = self.invoice(20), self.invoice(-3)
        run = self.remind()
        self.assertEqual(self.decisions(run), {old: "minimum", early: "dun"})

    def test_early_reminder_is_compared_with_early_ones(self):
        self.invoice(20)
        self.remind()
        self.invoice(-4)
        early = self.remind(DAY + days(1)).notice_ids.filtered(lambda notice: notice.rung < 1)
        self.assertEqual(early.comparison, "new")

    def test_last_level_repeats_up_to_its_maximum(self):
        self.policy.write({"repeat_every": 10, "repeat_max": 2})
        invoice = self.invoice(400)
        levels = self.levels_at(0, 14, 28, 37, 38, 47, 48, 58)
        none = self.env["dunning.level"]
        self.assertEqual(
            levels,
            [self.first, self.second, self.last, none, self.last, none, self.last, none],
        )
        self.assertEqual(self.decisions(self.run_at(DAY + days(90))), {invoice: "exhausted"})

    def test_repetition_without_days_is_refused(self):
        with self.assertRaisesRegex(Exception, "but not after how many days"):
            self.policy.repeat_max = 2

    def test_level_inserted_in_between(self):
        """The item has had one; the new second level is what comes next."""
        self.invoice(5)
        self.remind()
        between = self.second.copy({"days": 10, "name": "In between"})
        self.assertEqual((between.rung, self.second.rung, self.last.rung), (2, 3, 4))
        self.assertEqual(self.levels_at(5, 14, 28), [between, self.second, self.last])

    def test_archived_level_leaves_the_ladder(self):
        self.invoice(5)
        self.remind()
        self.second.active = False
        self.assertEqual(self.last.rung, 2)
        none = self.env["dunning.level"]
        self.assertEqual(self.levels_at(27, 28, 60), [none, self.last, none])


class TestPolicyChoice(DunningCommon):
    """Which policy an item has."""

    def make_policy(self, name, *level_days, **values):
        return self.env["dunning.policy"].create(
            {
                "name": name,
                "level_ids": [
                    Command.create({"name": f"{name} {day}", "days": day}) for day in level_days
                ],
                **values,
            }
        )

    def policy_of(self, invoice):
        run = self.run_at()
        policy = run.line_ids.filtered(lambda line: line.move_id == invoice).policy_id
        run.action_cancel()
        return policy

    def test_precedence(self):
        invoice = self.invoice(5)
        own, debtor, rule, default = (
            self.make_policy(name, 1) for name in ("Own", "Debtor", "Rule", "Default")
        )
        self.assertEqual(self.policy_of(invoice), self.policy)
        self.company.dunning_policy_id = default
        self.assertEqual(self.policy_of(invoice), default)
        self.env["dunning.rule"].create({"name": "All", "policy_id": rule.id})
        self.assertEqual(self.policy_of(invoice), rule)
        self.debtor.dunning_policy_id = debtor
        self.assertEqual(self.policy_of(invoice), debtor)
        invoice.dunning_policy_id = own
        self.assertEqual(self.policy_of(invoice), own)

    def test_first_matching_rule_wins(self):
        invoice = self.invoice(5)
        self.debtor.country_id = self.env.ref("base.fr")
        one, two, three = (self.make_policy(name, 1) for name in ("One", "Two", "Three"))
        other = self.env["res.partner"].create({"name": "Other"})
        rules = self.env["dunning.rule"].create(
            [
                {"name": "No match", "policy_id": one.id, "sequence": 1, "party": "consumer"},
                {
                    "name": "Not this one",
                    "policy_id": one.id,
                    "sequence": 2,
                    "partner_domain": f"[('id', '=', {other.id})]",
                },
                {
                    "name": "French",
                    "policy_id": two.id,
                    "sequence": 4,
                    "country_ids": self.env.ref("base.fr").ids,
                },
                {"name": "All", "policy_id": three.id, "sequence": 5},
            ]
        )
        self.assertEqual(self.policy_of(invoice), two)
        rules[3].sequence = 3
        self.assertEqual(self.policy_of(invoice), three)

    def test_rule_by_tag_gives_responsible_and_approval(self):
        tag = self.env["res.partner.category"].create({"name": "Key customers"})
        self.debtor.category_id = tag
        self.first.automatic = True
        user = self.env["res.users"].create({"name": "Marc", "login": "marc.dunning"})
        rule = self.env["dunning.rule"].create(
            {
                "name": "Key",
                "policy_id": self.policy.id,
                "category_ids": tag.ids,
                "user_id": user.id,
                "approval": True,
            }
        )
        self.invoice(5)
        self.invoice(5, debtor=self.make_debtor("Deco Addict"))
        key, other = self.run_at().notice_ids.sorted(lambda n: n.partner_id != self.debtor)
        self.assertEqual((key.user_id, key.to_review), (rule.user_id, True))
        self.assertEqual((other.user_id.id, other.to_review), (False, False))

    def test_debtor_policy_depends_on_company(self):
        elsewhere = self.setup_other_company()["company"]
        policy = self.make_policy("Elsewhere", 1)
        self.debtor.with_company(elsewhere).dunning_policy_id = policy
        self.assertEqual(self.policy_of(self.invoice(5)), self.policy)

    def test_policy_of_another_company_is_not_used(self):
        elsewhere = self.setup_other_company()["company"]
        self.make_policy("Elsewhere", 1, company_id=elsewhere.id, sequence=1)
        self.assertEqual(self.policy_of(self.invoice(5)), self.policy)

    def test_first_policy_without_levels_is_passed_over(self):
        self.make_policy("Empty", sequence=1)
        self.assertEqual(self.policy_of(self.invoice(5)), self.policy)

    def test_shorter_ladder_is_exhausted_not_stalled(self):
        invoice = self.invoice(40)
        self.remind()
        self.remind(DAY + days(14))
        self.debtor.dunning_policy_id = self.make_policy("Short", 5)
        self.assertEqual(self.decisions(self.run_at(DAY + days(99))), {invoice: "exhausted"})

    def test_longer_ladder_goes_on(self):
        """Two notices were sent: the third level of the new ladder is next."""
        self.invoice(400)
        short = self.make_policy("Short", 5, 10)
        self.debtor.dunning_policy_id = short
        self.remind()
        self.remind(DAY + days(5))
        long = self.make_policy("Long", 1, 8, 20, 40)
        self.debtor.dunning_policy_id = long
        self.assertFalse(self.remind(DAY + days(16)).notice_ids)
        self.assertEqual(self.remind(DAY + days(17)).notice_ids.level_id, long.level_ids[2])

    def test_new_ladder_without_early_reminders(self):
        """An early reminder was sent, the new ladder has none: its first level is next."""
        early = self.make_policy("Early", -10, -5, 5)
        invoice = self.invoice(-8)
        self.debtor.dunning_policy_id = early
        self.assertEqual(self.remind().notice_ids.level_id, early.level_ids[0])
        plain = self.make_policy("Plain", 4)
        self.debtor.dunning_policy_id = plain
        run = self.run_at(DAY + days(1))
        self.assertFalse(run.line_ids, "the item is not due: nothing is exhausted")
        self.assertEqual(run.waiting_count, 1)
        run = self.run_at(DAY + days(12))
        self.assertEqual(self.decisions(run), {invoice: "dun"})
        self.assertEqual(run.notice_ids.level_id, plain.level_ids)

    def test_archived_policy_finishes_what_it_began(self):
        old = self.make_policy("Old", 5, 15)
        self.debtor.dunning_policy_id = old
        self.invoice(50)
        self.remind()
        old.active = False
        self.assertEqual(self.remind(DAY + days(10)).notice_ids.level_id, old.level_ids[1])

    def test_deleted_policy_falls_back(self):
        gone = self.make_policy("Gone", 5)
        invoice = self.invoice(50)
        self.debtor.dunning_policy_id = gone
        invoice.dunning_policy_id = gone
        gone.unlink()
        self.assertEqual(self.policy_of(invoice), self.policy)
