"""Records that are dated by the day of their company."""

from odoo import models


def company_today(model):
    """Today in the company at work: the default of a date."""
    return model.env.company._dunning_today()


class DunningCompanyDay(models.AbstractModel):
    """A record of a company: its dates are days of that company."""

    _name = "dunning.company.day"
    _description = "Dated by the Company's Day"

    def _today(self):
        """The day that it is in the company of this record; of the one at work without it."""
        return (self.company_id or self.env.company)._dunning_today()

    def _by_day(self):
        """The records by the day that it is in their company.

        :return: pairs of datetime.date and records
        """
        return self.grouped(lambda record: record._today()).items()

    def _add_missing_default_values(self, values):
        """What nobody says is that of the company that the record is for."""
        company = values.get("company_id")
        records = self.with_company(company) if company else self
        return super(DunningCompanyDay, records)._add_missing_default_values(values)
