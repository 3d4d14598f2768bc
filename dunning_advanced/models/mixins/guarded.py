from odoo import api, models
from odoo.exceptions import AccessError


class DunningByButton(models.AbstractModel):
    """Records with fields that only buttons change: these check who may, and when."""

    _name = "dunning.by.button"
    _description = "Fields Guarded by Buttons"

    @api.model
    def _guarded_fields(self):
        """:return: set of names of fields"""
        return {"state"}

    @api.model
    def _check_guarded(self, vals):
        if not self.env.su and self._guarded_fields() & vals.keys():
            raise AccessError(self.env._("Use the buttons of the form to change this."))

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_guarded(vals)
        return super(DunningByButton, self._without_defaults()).create(vals_list)

    @api.model
    def _without_defaults(self):
        """What a button sets has no default that somebody could hand in."""
        if self.env.su:
            return self
        guarded = {f"default_{name}" for name in self._guarded_fields()}
        context = {key: self.env.context[key] for key in self.env.context.keys() - guarded}
        return self.with_env(self.env(context=context))

    def write(self, vals):
        self._check_guarded(vals)
        return super().write(vals)
