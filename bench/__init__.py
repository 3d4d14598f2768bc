import odoo.init  # noqa: F401 - without it, `from odoo import ...` finds nothing
