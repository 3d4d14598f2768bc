from ..common import DAY, DunningCommon

ADDRESS = {"street": "Main street 1", "zip": "1000", "city": "Brussels"}


class TestContact(DunningCommon):
    """Who gets the reminder, and by which channel."""

    def add_contact(self, name, kind, **values):
        return self.env["res.partner"].create(
            {"name": name, "type": kind, "parent_id": self.debtor.id, **values}
        )

    def chosen(self):
        """(channel, contact) of a proposal for one overdue invoice."""
        if not self.env["account.move"].search([("partner_id", "=", self.debtor.id)]):
            self.invoice(5)
        run = self.run_at()
        run.action_cancel()
        return run.notice_ids.channel, run.notice_ids.contact_id

    def test_precedence_of_contacts(self):
        self.assertEqual(self.chosen(), ("email", self.debtor))
        self.add_contact("Shop", "other", email="shop@example.com")
        self.add_contact("Ann", "contact", email="ann@example.com")
        self.assertEqual(self.chosen(), ("email", self.debtor))
        invoicing = self.add_contact("Invoices", "invoice", email="invoices@example.com")
        self.assertEqual(self.chosen(), ("email", invoicing))
        dunning = self.add_contact("Payables", "dunning", email="payables@example.com")
        self.assertEqual(self.chosen(), ("email", dunning))
        dunning.active = False
        self.assertEqual(self.chosen(), ("email", invoicing))

    def test_contact_is_passed_over_where_the_channel_cannot_reach_it(self):
        invoicing = self.add_contact("Invoices", "invoice", email="invoices@example.com")
        self.add_contact("Payables", "dunning", email="not an address", **ADDRESS)
        self.assertEqual(self.chosen(), ("email", invoicing))

    def test_invoice_contact_with_email_beats_paper(self):
        self.debtor.write({"email": False, **ADDRESS})
        self.assertEqual(self.chosen(), ("letter", self.debtor))
        invoicing = self.add_contact("Invoices", "invoice", email="invoices@example.com")
        self.assertEqual(self.chosen(), ("email", invoicing))

    def test_channel_of_the_level(self):
        self.debtor.write(ADDRESS)
        self.assertEqual(self.chosen()[0], "email")
        self.first.channel = "letter"
        self.assertEqual(self.chosen()[0], "letter")

    def test_preferred_channel_of_the_debtor_comes_first(self):
        self.debtor.dunning_channel = "letter"
        self.assertEqual(self.chosen(), ("email", self.debtor), "there is no address for it")
        self.debtor.write(ADDRESS)
        self.assertEqual(self.chosen(), ("letter", self.debtor))

    def test_fallback_of_the_level(self):
        self.debtor.write({"email": False, **ADDRESS})
        self.assertEqual(self.chosen()[0], "letter")
        self.first.fallback_channel = False
        self.assertEqual(self.chosen(), (False, self.env["res.partner"]))

    def test_incomplete_addresses_do_not_count(self):
        for values in (
            {"email": False, "city": "Brussels"},
            {"email": False, "street": "Main street 1", "city": False},
            {"email": "nobody", "street": False},
            {"email": "nobody@localhost"},
        ):
            with self.subTest(values):
                self.debtor.write({"street": False, "zip": False, "city": False, **values})
                self.assertFalse(self.chosen()[0])

    def test_contact_of_the_invoice_does_not_split_the_notice(self):
        shop = self.add_contact("Shop", "other", email="shop@example.com")
        self.invoice(5)
        self.invoice(5, debtor=shop)
        notice = self.run_at().notice_ids
        self.assertEqual((notice.partner_id, notice.item_count), (self.debtor, 2))

    def test_chosen_contact_is_kept_when_issued(self):
        self.add_contact("Invoices", "invoice", email="invoices@example.com")
        ann = self.add_contact("Ann", "contact", email="ann@example.com")
        self.invoice(5)
        notice = self.run_at().notice_ids
        notice.contact_ids = ann
        notice.state = "confirmed"
        notice._issue(DAY)
        self.assertEqual(notice.state, "issued")
        self.assertEqual(notice.contact_id, ann)
        self.assertEqual(notice.delivery_ids.address, "ann@example.com")

    def test_extra_channel_where_possible(self):
        self.first.extra_channel = "letter"
        reachable = self.make_debtor("Deco Addict", **ADDRESS)
        self.invoice(5)
        self.invoice(5, debtor=reachable)
        notices = self.remind().notice_ids
        channels = {n.partner_id: set(n.delivery_ids.mapped("channel")) for n in notices}
        self.assertEqual(channels, {self.debtor: {"email"}, reachable: {"email", "letter"}})


class TestBranches(DunningCommon):
    """Items of branches belong to the run of their company."""

    def test_branch_items_are_reminded_by_the_company(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.cr.precommit.run()  # loads the chart of accounts of the branch
        own, theirs = self.invoice(5), self.invoice_of(branch, 70)
        self.assertEqual(theirs.company_id, branch)
        notice = self.run_at().notice_ids
        self.assertEqual((notice.company_id, notice.amount_total), (self.company, 170))
        self.assertEqual(notice.line_ids.move_id, own + theirs)
        run = self.env["dunning.run"].create({"company_id": branch.id, "date": notice.date})
        self.assertEqual(run._propose(), {"pending": 1}, "it is on a reminder of the company")

    def test_policies_of_the_branch(self):
        """On its invoices: the branch's default before the company's, a rule before both, the
        customer's in the branch before a rule, that of the invoice first.
        """
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.cr.precommit.run()  # loads the chart of accounts of the branch
        own, theirs = self.invoice(40), self.invoice_of(branch, 70)
        names = ("Default", "Rule", "Customer here", "Customer there", "Invoice")
        default, rule, here, there, alone = (
            self.policy.copy({"name": name, "company_id": branch.id if name == "Default" else False})
            for name in names
        )
        self.assertEqual(self.policies(), {own: self.policy, theirs: self.policy})
        branch.dunning_policy_id = default
        self.assertEqual(self.policies(), {own: self.policy, theirs: default})
        self.env["dunning.rule"].create({"name": "All", "policy_id": rule.id})
        self.assertEqual(self.policies(), {own: rule, theirs: rule})
        self.debtor.with_company(self.company).dunning_policy_id = here
        self.assertEqual(self.policies(), {own: here, theirs: here})
        self.debtor.with_company(branch).dunning_policy_id = there
        self.assertEqual(self.policies(), {own: here, theirs: there})
        theirs.dunning_policy_id = alone
        self.assertEqual(self.policies(), {own: here, theirs: alone})

    def policies(self):
        """Policy by invoice, in a run of the company."""
        run = self.run_at()
        found = {line.move_id: line.policy_id for line in run.line_ids}
        run.unlink()
        return found

    def test_other_companies_stay_apart(self):
        elsewhere = self.setup_other_company()["company"]
        self.invoice(5)
        self.invoice_of(elsewhere, 700)
        notice = self.run_at().notice_ids
        self.assertEqual((notice.company_id, notice.amount_total), (self.company, 100))
        run = self.env["dunning.run"].create({"company_id": elsewhere.id, "date": notice.date})
        run._propose()
        self.assertEqual(run.notice_ids.mapped("amount_total"), [700])
        self.assertEqual(run.notice_ids.company_id, elsewhere)
