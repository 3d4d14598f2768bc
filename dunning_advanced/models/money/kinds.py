"""The kinds of charges, each a class with all that is asked of it."""

from odoo.tools import LazyTranslate, format_date

from ...tools.parts import Complete

_lt = LazyTranslate(__name__)


class Kind(Complete):
    """What reminders may cost the customer.

    Charges are recordsets of dunning.charge; their order on paper and in workbooks is that of
    the kinds.
    """

    PARTS = {
        "code": "what is stored",
        "label": "its name in lists, by _lt()",
        "product": "the field of res.company with the product that books it",
        "asked_by": "the fields of dunning.level of which any asks for it",
    }
    code = label = product = asked_by = None

    # XML id of the product that comes with its module.
    shipped = None
    # Costs that are more than the debt are asked about, and some laws limit what costs come to
    # together; interest is none.
    is_cost = True

    def values(self, charging, notice, lines, facts):
        """What a reminder costs of this kind.

        Fees, fixed sums and interest are reckoned together by dunning.charging, for laws limit
        them together; what is given here is added as it is.

        :param charging: the model dunning.charging, in the language of the customer
        :param lines: dunning.line of the reminder that may cost something
        :param facts: what is known of their items, such as earlier charges
        :return: list of (dunning.line, values of dunning.charge): at least name and amount,
            without tax
        """
        return []

    def together(self, charge):
        """What charges have in common that are one row on paper and in the books."""
        return charge.name, charge.formula

    def why(self, charge):
        """One line that says why the customer owes it."""
        return charge.formula or ""

    def title(self, env, name):
        """What it is called beside the number of its invoice.

        :param name: of the charge
        """
        return name


class _OfFees(Kind):
    asked_by = ("fee_ids",)

    def together(self, charge):
        return charge.fee_id, charge.formula


class Fee(_OfFees):
    code, label = "fee", _lt("Fee")
    product, shipped = "dunning_fee_product_id", "dunning_advanced.product_fee"


class Fixed(_OfFees):
    """Fees that an invoice owes once only, such as the lump sum of the directive."""

    code, label = "fixed", _lt("Compensation for late payment")
    product, shipped = "dunning_fixed_product_id", "dunning_advanced.product_fixed"


class Interest(Kind):
    code, label = "interest", _lt("Interest")
    product, shipped = "dunning_interest_product_id", "dunning_advanced.product_interest"
    asked_by = ("charge_interest",)
    is_cost = False

    def together(self, charge):
        return charge.move_line_id, charge.name

    def why(self, charge):
        period = charge.env._(
            "%(days)s days from %(start)s to %(end)s",
            days=charge.days,
            start=format_date(charge.env, charge.date_from),
            end=format_date(charge.env, charge.date_until),
        )
        return f"{period} · {charge.formula}"

    def title(self, env, name):
        return env._(self.label)


# In the order in which they are shown.
KINDS = (Fee(), Fixed(), Interest())
