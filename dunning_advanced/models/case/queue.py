from odoo import models


class DunningCase(models.Model):
    """From one customer to the next."""

    _inherit = "dunning.case"

    def action_next_customer(self):
        """Open the most urgent case of my worklist where I have not been yet, counted from
        where I began; say so when there is none.
        """
        self.ensure_one()
        seen = [*self.env.context.get("dunning_seen", []), self.id]
        following = self.search(
            [*self._worklist_domain(), ("id", "not in", seen)], order="priority desc, id", limit=1
        )
        if not following:
            return self._say_finished(len(set(seen)))
        return {**following._open(), "name": self.env._("To do"), "context": {"dunning_seen": seen}}

    def _worklist_domain(self):
        """Open cases that are mine or nobody's."""
        return [
            ("state", "=", "open"),
            ("user_id", "in", (self.env.uid, False)),
            ("company_id", "in", self.env.companies.ids),
        ]

    def _say_finished(self, count):
        if count == 1:
            message = self.env._("There is no other customer on your list.")
        else:
            message = self.env._("You have been at all %s customers of your list.", count)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "title": self.env._("That was the last one"),
                "message": message,
            },
        }
