"""What stands behind ./dev: environment, Odoo, PostgreSQL, tests, demo, lint."""
