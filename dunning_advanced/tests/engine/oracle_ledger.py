"""What a ledger of the oracle consists of."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Level:
    days: int
    min_interval: int = 0
    fresh: int = 0  # days that the customer has to have had the invoice
    minimum: int = 0
    minimums: tuple = ()  # own ones, as (currency, amount)
    share: int = 0
    channel: str = "email"
    fallback: str | None = None
    active: bool = True


@dataclass(frozen=True)
class Policy:
    levels: tuple
    currency: str
    active: bool = True
    repeat_every: int = 0
    repeat_max: int = 0
    catch_up: bool = False
    align: bool = False
    every_contact: bool = False


@dataclass(frozen=True)
class Contact:
    kind: str  # dunning, invoice, own (the debtor itself) or other
    email: bool
    address: bool


@dataclass(frozen=True)
class Debtor:
    contacts: tuple
    policy: int | None = None
    preferred: str | None = None
    held: bool = False
    contacted: tuple = ()  # earlier contacts, as (days ago, channel, state of the delivery)
    grade: str | None = None  # class of payment behavior; none for new customers


@dataclass(frozen=True)
class Rule:
    """A follow-up rule; of a pair of limits, None is no limit."""

    members: frozenset
    policy: int
    channel: str | None = None
    approval: bool = False
    amount: tuple = (None, None)  # overdue in company currency
    days: tuple = (None, None)  # since the oldest overdue item was due
    grades: str | None = None  # letters of the classes
    new: bool | None = None  # whether only new customers, or only others


@dataclass(frozen=True)
class Transfer:
    """Money of an invoice that is on its way: an online transaction or a payment."""

    kind: str  # transaction or payment
    invoices: tuple
    currency: str
    amount: Decimal
    state: str


@dataclass(frozen=True)
class BankLine:
    """A line of a bank statement that nobody has reconciled."""

    debtor: int
    currency: str
    amount: Decimal
    days_ago: int = 0
    foreign: bool = False  # in an account of the company's currency


@dataclass(frozen=True)
class Past:
    """The reminders that an item has had.

    ``sent`` has their levels in order, each as (policy, place among all its levels by days).
    Where somebody set the level by hand since, it is the last one, None for none at all.
    """

    sent: tuple
    days_ago: int
    delivered: bool = True
    by_hand: bool = False

    @property
    def step(self):
        return len(self.sent) - self.by_hand

    @property
    def counted(self):
        """What was sent since the level was set by hand."""
        return self.sent[-1:] if self.by_hand else self.sent


@dataclass(frozen=True)
class Item:
    debtor: int
    invoice: int  # items with the same number are installments of one invoice
    currency: str
    due: date
    open: Decimal  # negative: a credit
    open_company: Decimal
    owner: int = 0  # place of the contact to whom the invoice is made out; 0: the debtor itself
    corrects: int | None = None  # the invoice that a credit note belongs to
    policy: int | None = None
    excluded: bool = False
    held: bool = False
    pending: bool = False
    known: int | None = None  # days ago on which the customer got the invoice
    past: Past | None = None


@dataclass(frozen=True)
class Ledger:
    day: date
    policies: tuple  # the first is the default
    debtors: tuple
    items: tuple
    rules: tuple = ()  # in order
    rates: dict = field(default_factory=dict)  # units for one of the company's; may be missing
    digits: dict = field(default_factory=dict)
    transfers: tuple = ()
    bank: tuple = ()
    caps: tuple = ()  # as (contacts at most, in days)
    disputes: tuple = ()  # as (invoice, amount that is held)
