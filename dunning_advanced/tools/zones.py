"""The time zone of an address, and the day and hour there.

Source: the zones of the IANA time zone database by country (its ``zone.tab``, here through
pytz). Where a country has several, the one in which most of its people live stands for it;
for the United States, Canada, Australia and Brazil the state decides.
"""

from datetime import timedelta

import pytz

UTC = "UTC"
# The table of zones begins with small or remote ones in these countries.
MAIN = {
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "ID": "Asia/Jakarta",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
}
# Country: zone: states that keep it, for all that do not keep the time of MAIN or of
# the country's first zone. A state with two zones counts to that of most of its people.
BY_STATE = {
    "AU": {
        "Australia/Adelaide": "SA",
        "Australia/Brisbane": "QLD",
        "Australia/Darwin": "NT",
        "Australia/Hobart": "TAS",
        "Australia/Melbourne": "VIC",
        "Australia/Perth": "WA",
    },
    "BR": {
        "America/Cuiaba": "MT",
        "America/Campo_Grande": "MS",
        "America/Manaus": "AM",
        "America/Porto_Velho": "RO",
        "America/Boa_Vista": "RR",
        "America/Rio_Branco": "AC",
    },
    "CA": {
        "America/Edmonton": "AB NT",
        "America/Halifax": "NB NS PE",
        "America/Iqaluit": "NU",
        "America/Regina": "SK",
        "America/St_Johns": "NL",
        "America/Vancouver": "BC",
        "America/Whitehorse": "YT",
        "America/Winnipeg": "MB",
    },
    "US": {
        "America/Anchorage": "AK",
        "America/Boise": "ID",
        "America/Chicago": "AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI",
        "America/Denver": "CO MT NM UT WY",
        "America/Los_Angeles": "CA NV OR WA",
        "America/Phoenix": "AZ",
        "Pacific/Honolulu": "HI",
    },
}


def zone_of(country, state=None):
    """Return the name of the time zone of an address; UTC where the country is not known.

    :param country: code of two letters (ISO 3166-1), or nothing
    :param state: code of the state in its country (ISO 3166-2), or nothing
    """
    for zone, states in BY_STATE.get(country, {}).items():
        if state in states.split():
            return zone
    if country in MAIN:
        return MAIN[country]
    return next(iter(pytz.country_timezones.get(country or "", ())), UTC)


def known(zone):
    """Return the name of a time zone, or UTC where there is none of that name."""
    return zone if zone in pytz.all_timezones_set else UTC


def local(moment, zone):
    """Return what clocks in a time zone show.

    :param moment: naive datetime in UTC
    :param zone: name of the time zone; one that is not known counts as UTC
    :return: naive datetime
    """
    return pytz.utc.localize(moment).astimezone(pytz.timezone(known(zone))).replace(tzinfo=None)


def hour_has_come(moment, hour):
    """Tell whether a day has reached an hour.

    :param moment: naive datetime, local
    :param hour: hours since midnight, for example 5.5 for half past five
    """
    since_midnight = moment - moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return since_midnight >= timedelta(hours=hour)
