"""The sums of a statement of account. Pure: no models, no clock."""

from dataclasses import dataclass, field
from datetime import date as Date

from . import ageing


@dataclass(frozen=True)
class Entry:
    """One item of a debtor, or one movement of its account."""

    kind: str  # invoice, credit_note, payment, repayment, entry or settlement
    name: str
    date: Date
    due: Date
    amount: float  # negative: in favor of the debtor
    open: float = 0.0
    reference: str = ""

    def days_overdue(self, day):
        """How many days after its due date a day is; 0 before it."""
        return max((day - self.due).days, 0)


@dataclass(frozen=True)
class Charge:
    """What a reminder costs and no entry of the ledger has."""

    date: Date  # of the reminder
    notice: str  # its number
    item: str  # number of the invoice that it is asked for
    kind: str  # code of the kind
    name: str
    amount: float
    tax: float = 0.0


@dataclass
class Account:
    """The account of one debtor in one currency at a date."""

    currency_id: int
    digits: int
    date: Date
    opening: float = 0.0  # balance before the first movement
    items: list = field(default_factory=list)
    movements: list = field(default_factory=list)
    charges: list = field(default_factory=list)  # Charge, oldest first

    @property
    def debits(self):
        """The open items, oldest first."""
        return [item for item in self.items if item.open > 0]

    @property
    def credits(self):
        """Payments and credit notes that are not allocated."""
        return [item for item in self.items if item.open < 0]

    @property
    def amount_debit(self):
        """Sum of the open items, without credits."""
        return self._sum(item.open for item in self.debits)

    @property
    def amount_credit(self):
        """Sum of the credits that are not allocated, negative."""
        return self._sum(item.open for item in self.credits)

    @property
    def balance(self):
        """What is open all in all; negative: in favor of the debtor."""
        return self._sum(item.open for item in self.items)

    @property
    def amount_overdue(self):
        """Sum of the items whose due date has passed."""
        return self._sum(item.open for item in self.debits if item.due < self.date)

    @property
    def charge_tax(self):
        """Tax on the charges that are not booked."""
        return self._sum(charge.tax for charge in self.charges)

    @property
    def amount_charges(self):
        """Sum of the charges that are not booked, with tax."""
        return self._sum([*(charge.amount for charge in self.charges), self.charge_tax])

    @property
    def owed(self):
        """All that is owed: the balance, and the charges that it does not have."""
        return self._sum([self.balance, self.amount_charges])

    @property
    def closing(self):
        """Balance after the last movement."""
        return self._sum([self.opening, *(move.amount for move in self.movements)])

    def ageing(self):
        """Open items by days overdue.

        :return: list of amounts, one for each bucket of :mod:`.ageing`
        """
        items = [(item.days_overdue(self.date), item.open) for item in self.debits]
        return [self._sum([amount]) for amount in ageing.sums(items)]

    def running(self):
        """Each movement with the balance after it.

        :return: list of (Entry, balance)
        """
        balance, rows = self.opening, []
        for move in self.movements:
            balance = self._sum([balance, move.amount])
            rows.append((move, balance))
        return rows

    def _sum(self, amounts):
        # + 0.0 makes zero of minus zero
        return round(sum(amounts), self.digits) + 0.0
