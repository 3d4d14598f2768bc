"""Items that people pick, kept as lines: promises, hand-overs and write-offs."""

from odoo import Command


def shown(record):
    """The items of the lines of a record; those that it suggests, before there are any."""
    items = record.line_ids.move_line_id
    return items if record._origin else items or record._suggested_items()


def keep(record):
    """Make lines of the items that were picked, and let go of the others.

    :raises AccessError: when the user may not see one of them
    :raises UserError: when one of them is not free
    """
    new = record.item_ids - record.line_ids.move_line_id
    new.check_access("read")
    record._check_free(new)
    gone = record.line_ids.filtered(lambda line: line.move_line_id not in record.item_ids)
    record.sudo().line_ids = [
        *(Command.delete(line.id) for line in gone),
        *(Command.create({"move_line_id": item.id}) for item in new),
    ]
