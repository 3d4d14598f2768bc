"""Telephone numbers, as people write them and as machines dial them."""

from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult


@dataclass(frozen=True)
class Phone:
    """A number as it was written, and what can be done with it.

    ``readable`` and ``dialed`` (E.164, ITU-T) are empty where ``problem`` says why:
    "missing", "short", "long", "prefix" (no such area or operator), or "letters".
    """

    written: str
    readable: str = ""
    dialed: str = ""
    problem: str = ""


def parse(written, country):
    """Read a telephone number.

    >>> parse("0470 12 34 56", "BE").dialed
    '+32470123456'
    >>> parse("+1 (650) 253-0000", "BE").readable
    '+1 650-253-0000'
    >>> parse("12", "BE").problem
    'short'

    :param written: text, may be empty
    :param country: two letters of the country in which a number without country code is
        dialed, may be empty
    :return: Phone
    """
    written = (written or "").strip()
    if not written:
        return Phone(written, problem="missing")
    try:
        number = phonenumbers.parse(written, country or None)
    except phonenumbers.NumberParseException as error:
        return Phone(written, problem=_PARSING.get(error.error_type, "letters"))
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason in _LENGTHS or not phonenumbers.is_valid_number(number):
        return Phone(written, problem=_LENGTHS.get(reason, "prefix"))
    return Phone(
        written,
        readable=phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL),
        dialed=phonenumbers.format_number(number, PhoneNumberFormat.E164),
    )


_PARSING = {
    phonenumbers.NumberParseException.INVALID_COUNTRY_CODE: "prefix",
    phonenumbers.NumberParseException.TOO_SHORT_NSN: "short",
    phonenumbers.NumberParseException.TOO_SHORT_AFTER_IDD: "short",
    phonenumbers.NumberParseException.TOO_LONG: "long",
}
_LENGTHS = {ValidationResult.TOO_SHORT: "short", ValidationResult.TOO_LONG: "long"}
