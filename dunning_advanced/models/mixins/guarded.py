from odoo import api, models
from odoo.exceptions import AccessError

# What Odoo's own mixins keep on a record and write whenever people talk or plan on it.
TALK = ("activity_", "message_", "website_message_")


class DunningByButton(models.AbstractModel):
    """Records that nobody changes at will.

    Each model names what people may enter, by the state of the record. All else is changed by
    buttons: these check who may, and when, and then write as superuser, see :meth:`_by_button`.
    """

    _name = "dunning.by.button"
    _description = "Fields Guarded by Buttons"

    # Field with the record that it is a part of: whoever may change that one may press the
    # buttons of this one. None: it stands for itself.
    _part_of = None

    @api.model
    def _open_fields(self, state):
        """What people may enter by hand, in forms, imports and from outside. Extension point.

        :param state: of the record, see :meth:`_open_state`; None for a new one
        :return: set of names of fields
        """
        return set()

    def _open_state(self):
        """By what it is decided which fields are open."""
        return self.state

    def _by_button(self):
        """These records as their buttons write them: the user stays the one who does it.

        :raises AccessError: for who may not change them
        """
        self.check_access("read")
        (self[self._part_of] if self._part_of else self).check_access("write")
        return self.sudo()

    @api.model
    def _closed(self, names, state):
        """Those of some fields that people may not enter in a state."""
        open_fields = self._open_fields(state)
        return [name for name in names if name not in open_fields and not name.startswith(TALK)]

    @api.model
    def default_get(self, fields):
        """What only buttons set has no default that somebody could hand in or keep."""
        closed = self._closed(fields, None)
        found = super().default_get([name for name in fields if name not in closed])
        for name in closed:
            field = self._fields.get(name)
            if field and field.default:
                value = field.convert_to_cache(field.default(self), self, validate=False)
                found[name] = field.convert_to_write(value, self)
        return found

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            self.browse().check_access("create")
            self._check_new({name: None for vals in vals_list for name in vals})
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su:
            self.check_access("write")
            for state, records in self.grouped(lambda record: record._open_state()).items():
                records._check_changes(vals, state)
        return super().write(vals)

    @api.model
    def _check_new(self, names):
        """:raises AccessError: names the fields that nobody enters by hand"""
        if closed := self._closed(names, None):
            raise AccessError(
                self.env._(
                    "%(fields)s of a new record “%(model)s” cannot be entered by hand. Use the "
                    "buttons, which fill that in.",
                    model=self.env["ir.model"]._get(self._name).name,
                    fields=self._field_labels(closed),
                )
            )

    def _check_changes(self, names, state):
        """:raises AccessError: names the fields that are not open in this state"""
        if closed := self._closed(names, state):
            raise AccessError(
                self.env._(
                    "%(fields)s of %(record)s cannot be changed by hand at this point. Use the "
                    "buttons of its form.",
                    record=self[:1].display_name,
                    fields=self._field_labels(closed),
                )
            )

    @api.model
    def _field_labels(self, names):
        fields = [(name, self._fields.get(name)) for name in names]
        return ", ".join(
            f"“{field._description_string(self.env) if field else name}”" for name, field in fields
        )
