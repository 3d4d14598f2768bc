"""Random ledgers for the oracle, few customers with many items in one currency:
what the items do to each other is what can go wrong.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial

from hypothesis import strategies as st

from ..common import DAY
from . import oracle

RATES = {"USD": Decimal(1), "JPY": Decimal(160), "AED": Decimal(4)}
DIGITS = {"USD": 2, "JPY": 0, "AED": 2, "QQQ": 2}
CURRENCIES = tuple(DIGITS)  # QQQ has no rate
CHANNELS = ("email", "letter")
AGES = (-7, -4, -1, 0, 1, 3, 5, 6, 8, 12, 15, 18, 25, 30, 35, 40, 50, 60, 80)

# The contacts of the debtors of every ledger, as (kind, e-mail, address).
CONTACTS = (
    (("own", True, False),),
    (("own", True, True),),
    (("own", False, False),),
    (("own", True, True), ("other", True, True), ("other", True, False)),
    (
        ("own", False, True),
        ("invoice", True, False),
        ("other", False, True),
        ("invoice", True, True),
    ),
    (("own", True, False), ("invoice", True, True), ("dunning", True, True)),
    (("own", True, True), ("dunning", False, True), ("dunning", True, True), ("other", True, True)),
)


@st.composite
def ledgers(draw):
    """A ledger of a drawn seed; when one fails, items are left off while it still does.

    Plain random numbers reach more of the engine in a hundred ledgers than
    choices that hypothesis makes one by one.
    """
    ledger = Maker(draw(st.randoms(use_true_random=True))).ledger()
    return replace(ledger, items=ledger.items[: draw(st.integers(1, 200))])


class Maker:
    """Makes the parts of a ledger by random numbers."""

    def __init__(self, random):
        self.choice = random.choice
        self.random = random

    def rarely(self, one_in):
        return self.random.randrange(one_in) == 0

    def sometimes(self, choices, one_in):
        return self.choice(choices) if self.rarely(one_in) else None

    def ledger(self):
        default, *others = (self.policy() for _policy in range(self.choice((1, 2, 2))))
        policies = self.made = (replace(default, active=True), *others)
        self.policies = range(len(policies))
        debtors = tuple(map(self.debtor, CONTACTS))
        self.cast = self.random.sample(range(len(debtors)), self.choice((1, 1, 2, 3)))
        self.home = self.choice(("USD", *CURRENCIES))
        items = []
        for invoice in range(self.random.randint(4, 40)):
            self.add_invoice(items, invoice)
        self.items = items
        ledger = oracle.Ledger(
            DAY,
            policies,
            debtors,
            tuple(items),
            rates=RATES,
            digits=DIGITS,
            transfers=self.some(self.transfer, (0, 0, 1, 3)),
            bank=self.some(self.bank_line, (0, 0, 1, 2)),
            caps=self.some(self.cap, (0, 0, 1, 2)),
            disputes=tuple(self.disputes()),
        )
        return replace(ledger, rules=self.some(partial(self.rule, ledger), (0, 0, 1, 2, 3)))

    def rule(self, ledger):
        """Limits are near what one of the debtors owes, mostly at it."""
        overdue, days = oracle.balance(ledger, self.choice(self.cast))
        cent = Decimal("0.01")
        return oracle.Rule(
            members=frozenset(self.random.sample(range(len(CONTACTS)), self.choice((4, 6, 7)))),
            policy=self.choice(self.policies),
            channel=self.sometimes(CHANNELS, 3),
            approval=self.rarely(3),
            amount=self.limits(overdue, cent) if self.rarely(2) else (None, None),
            days=self.limits(days, 1) if self.rarely(3) else (None, None),
            **self.choice(({}, {}, {"grades": "AB"}, {"grades": "CDE"}, {"new": self.rarely(2)})),
        )

    def limits(self, value, unit):
        """0 would be no limit."""
        at = self.choice((value, value, value + unit, value - unit))
        if at <= 0:
            return (None, None)
        return self.choice(((at, None), (None, at), (at, at + 10 * unit)))

    def some(self, make, counts):
        return tuple(make() for _time in range(self.choice(counts)))

    def policy(self):
        repeat = self.choice((0, 0, 1, 2))
        count = self.choice((0, 1, 2, 2, *[3] * 6, *[4] * 6))
        days = self.random.sample((-5, -2, 0, 1, 3, 5, 8, 12, 15, 20, 30), count)
        return oracle.Policy(
            levels=tuple(map(self.level, days)),
            currency=self.choice(CURRENCIES),
            active=not self.rarely(6),
            repeat_every=self.random.randint(1, 20) if repeat else 0,
            repeat_max=repeat,
            catch_up=self.rarely(4),
            align=self.rarely(3),
            every_contact=self.rarely(2),
        )

    def level(self, days):
        own = self.choice((0, 100, 500))
        return oracle.Level(
            days=days,
            min_interval=self.choice((0, 0, 0, 2, 9, 20)),
            fresh=self.choice((0, 0, 3, 3, 8)),
            minimum=self.choice((0, 0, 0, 50, 100, 200)),
            minimums=((self.choice(CURRENCIES), own),) if self.rarely(6) else (),
            share=self.choice((0, 0, 0, 0, 50, 80)),
            channel=self.choice(CHANNELS),
            fallback=self.choice((None, *CHANNELS, *CHANNELS)),
            active=not self.rarely(6),
        )

    def debtor(self, contacts):
        return oracle.Debtor(
            contacts=tuple(oracle.Contact(*contact) for contact in contacts),
            policy=self.sometimes(self.policies, 4),
            preferred=self.sometimes(CHANNELS, 2),
            held=self.rarely(20),
            contacted=self.some(self.contact, (0, 1, 2, 4)),
            grade=self.choice((None, *"ABCDE")),
        )

    def contact(self):
        """An earlier contact, some at the edge of a window."""
        state = self.choice(("queued", "done", "done", "failed", "withdrawn"))
        return (self.choice((0, 1, 3, 6, 7, 8, 13, 14, 29, 30)), self.choice(CHANNELS), state)

    def cap(self):
        return (self.choice((1, 1, 2, 3)), self.choice((1, 2, 7, 14, 30)))

    def disputes(self):
        """Amounts of some invoices: a part of one installment, more, or all and beyond."""
        owed = {}
        for item in self.items:
            if item.open > 0 and (item.invoice in owed or self.rarely(6)):
                owed.setdefault(item.invoice, []).append(item)
        for invoice, items in owed.items():
            amounts = [item.open for item in items]
            unit = Decimal(1).scaleb(-DIGITS[items[0].currency])
            part = max(unit, (amounts[0] / 5).quantize(unit))
            total = sum(amounts)
            yield invoice, self.choice((part, amounts[-1], amounts[-1] + part, total, total * 2))

    def transfer(self):
        """Money for one invoice or several, mostly enough, of a state that counts or not."""
        kind, states = self.choice(
            (
                ("transaction", ("pending", "authorized", "done", "draft")),
                ("payment", ("in_process", "in_process", "draft")),
            )
        )
        item = self.choice(self.items)
        invoices = {item.invoice, *self.some(lambda: self.choice(self.items).invoice, (0, 0, 1))}
        amount = sum(abs(i.open) for i in self.items if i.invoice in invoices)
        amount -= self.choice((0, 0, 5))
        return oracle.Transfer(
            kind=kind,
            invoices=tuple(sorted(invoices)),
            currency=item.currency,
            amount=amount * self.choice((1, 1, Decimal("0.5"), 2)),
            state=self.choice(states),
        )

    def bank_line(self):
        """Exactly one item, or about what a notice asks for."""
        item = self.choice(self.items)
        every = [
            i.open for i in self.items if (i.debtor, i.currency) == (item.debtor, item.currency)
        ]
        return oracle.BankLine(
            debtor=item.debtor,
            currency=item.currency,
            amount=self.choice((item.open, abs(item.open), sum(every), sum(map(abs, every)) / 2)),
            days_ago=self.choice((0, 1, 5, 40, -1)),
            foreign=self.rarely(3),
        )

    def add_invoice(self, items, invoice):
        """An invoice of some installments, or a credit."""
        currency = self.choice((self.home, self.home, self.home, *CURRENCIES))
        common = {"debtor": self.choice(self.cast), "invoice": invoice, "currency": currency}
        if invoice and self.rarely(4):
            corrects = self.sometimes(range(invoice), 2)
            items.append(self.item(-self.amount(currency), due=DAY, corrects=corrects, **common))
            return
        common.update(
            policy=self.sometimes(self.policies, 6),
            held=self.rarely(20),
            owner=self.choice((0, self.random.randrange(len(CONTACTS[common["debtor"]])))),
            known=self.choice((None, None, None, 0, 2, 3, 4, 7, 8, 30)),
        )
        for _installment in range(self.choice((1, 1, 1, 1, 2, 3))):
            values = {
                "due": DAY - timedelta(days=self.choice(AGES)),
                "excluded": self.rarely(20),
                "pending": self.rarely(20),
                "past": self.past() if self.rarely(2) else None,
            }
            items.append(self.item(self.amount(currency), **values, **common))

    def item(self, opened, **values):
        """An item whose value in company currency is near that of today's rate."""
        rate = RATES.get(values["currency"], Decimal(2))
        company = opened / rate * self.choice((Decimal(1), Decimal(1), Decimal("0.9")))
        return oracle.Item(open=opened, open_company=company.quantize(Decimal("0.01")), **values)

    def amount(self, currency):
        """Mostly one of a few round amounts of the size of the minimums, so that sums meet."""
        unit = {"JPY": 160, "AED": 4}.get(currency, 1)
        if DIGITS[currency] and self.rarely(4):
            return Decimal(self.random.randint(1, 12000 * unit)) / 100
        return Decimal(self.choice((5, 10, 20, 25, 50, 75, 100, 150)) * unit)

    def past(self):
        """Levels of one policy in their order, or of several as they come."""
        by_hand = self.rarely(6)
        levels = [
            (number, place)
            for number, policy in enumerate(self.made)
            for place in range(len(policy.levels))
        ]
        if self.rarely(3):
            sent = self.some(lambda: self.choice(levels), (1, 2, 3)) if levels else ()
        else:
            number = self.random.randrange(len(self.made))
            count = len(self.made[number].levels)
            sent = tuple((number, place) for place in range(min(count, self.choice((1, 1, 2, 3)))))
        if by_hand:
            sent = (*sent, self.choice((None, *levels)))
        if not sent:
            return None
        return oracle.Past(
            sent=sent,
            days_ago=self.choice((0, 1, 7, 14, 20, 35, 40, 45, 60)),
            delivered=not self.rarely(6),
            by_hand=by_hand,
        )
