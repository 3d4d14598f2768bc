import odoo.init
