"""Public holidays of a country or of one of its states. No models, no clock."""

from dataclasses import dataclass
from functools import lru_cache

import holidays


@dataclass(frozen=True)
class PublicHolidays:
    """The public holidays of a place, asked by ``in``. Where the country is not known
    there are none; where the state is not, those of the whole country.

    >>> from datetime import date
    >>> date(2026, 6, 4) in PublicHolidays("DE"), date(2026, 6, 4) in PublicHolidays("DE", "BY")
    (False, True)

    :param country: ISO 3166-1 code, or nothing
    :param state: its ISO 3166-2 code with or without the country, such as "DE-BY" or "BY";
        a language may follow, as in "BE-FR" for French speakers in the canton of Bern
    """

    country: str = ""
    state: str = ""

    def __contains__(self, day):
        return day in _of_year(self.country, self.state, day.year)


@lru_cache(maxsize=1024)
def _of_year(country, state, year):
    region = state.removeprefix(f"{country}-").split("-")[0]
    for subdivision in (region, None) if region else (None,):
        try:
            return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year))
        except NotImplementedError:
            continue
    return frozenset()
