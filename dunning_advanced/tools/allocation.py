"""What a part payment pays first. No models, no clock."""

from decimal import Decimal

COSTS, INTEREST, PRINCIPAL = "costs", "interest", "principal"

ORDERS = {
    # BGB 367 (1), ABGB 1416, NL BW 6:44, FR Code civil 1343-1, BE Code civil 5.210
    "costs_interest_principal": (COSTS, INTEREST, PRINCIPAL),
    # as agreed: what is paid stops the interest first
    "principal_first": (PRINCIPAL, INTEREST, COSTS),
    # BGB 497 (3): consumer credit
    "costs_principal_interest": (COSTS, PRINCIPAL, INTEREST),
}


def allocate(amount, owed, order):
    """Spread a payment over what is owed.

    :param amount: Decimal, not negative
    :param owed: dict of costs, interest and principal to what is open of each
    :param order: a key of :data:`ORDERS`
    :return: (dict with what is paid of each, what is paid too much)

    >>> owed = {"costs": 40, "interest": 90, "principal": 5000}
    >>> allocate(2000, owed, "costs_interest_principal")
    ({'costs': 40, 'interest': 90, 'principal': 1870}, 0)
    >>> allocate(2000, owed, "principal_first")
    ({'principal': 2000, 'interest': 0, 'costs': 0}, 0)
    """
    if amount < 0:
        raise ValueError("a payment cannot be negative")
    paid = {}
    for part in ORDERS[order]:
        paid[part] = min(amount, owed.get(part, Decimal(0)))
        amount -= paid[part]
    return paid, amount
