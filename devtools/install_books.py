"""The books after the addon is gone: what was begun with it goes on without it.

python -m devtools.install_books
"""

from .install_data import DAY


def main(env):
    """Post, pay, credit and reset what the addon had to do with.

    :return: what was done, in words
    :raises AssertionError: when a step has not come to its end
    """
    env = env(context={**env.context, "allowed_company_ids": env.company.ids, "lang": "en_US"})
    drafts, open_moves = _invoices(env, "draft"), _invoices(env, "posted")
    drafts.invoice_date = DAY
    drafts.action_post()
    fresh = env["account.move"].union(*(move.copy({"invoice_date": DAY}) for move in open_moves))
    fresh.action_post()
    _expect(drafts | fresh, "state", "posted")
    paid = open_moves | drafts
    for move in paid:
        _pay(env, move)
    _expect(paid, "amount_residual", 0)
    last, credited = paid[-1:], fresh[:1]
    last.button_draft()
    last.action_post()
    _reverse(env, credited)
    _expect(credited, "amount_residual", 0)
    _open_forms(env)
    env.flush_all()
    return f"{len(drafts | fresh)} invoices posted, {len(paid)} payments, 1 credit note"


def _invoices(env, state):
    domain = [("move_type", "=", "out_invoice"), ("company_id", "=", env.company.id)]
    return env["account.move"].search(
        [*domain, ("state", "=", state), ("payment_state", "in", ("not_paid", "partial"))]
    )


def _expect(moves, field, value):
    wrong = moves.filtered(lambda move: move[field] != value)
    if wrong:
        raise AssertionError(f"{wrong[0].name}: {field} is {wrong[0][field]}, not {value}")


def _pay(env, move):
    """Pay all installments, one after the other as the dialog offers them."""
    wizard = env["account.payment.register"].with_context(
        active_model="account.move", active_ids=move.ids
    )
    for _installment in move.line_ids.filtered("date_maturity"):
        if move.amount_residual:
            wizard.create({"payment_date": DAY}).action_create_payments()


def _reverse(env, move):
    wizard = env["account.move.reversal"].with_context(
        active_model="account.move", active_ids=move.ids
    )
    wizard.create({"journal_id": move.journal_id.id, "date": DAY}).refund_moves()
    note = move.reversal_move_ids
    note.action_post()
    (move | note).line_ids.filtered(
        lambda line: line.account_id.account_type == "asset_receivable" and not line.reconciled
    ).reconcile()


def _open_forms(env):
    """Open each view of what the addon had added something to."""
    for model in ("account.move", "account.move.line", "res.partner", "res.config.settings"):
        views = env["ir.ui.view"].search([("model", "=", model), ("mode", "=", "primary")])
        for view in views.filtered(lambda view: view.type in ("form", "list", "kanban", "search")):
            env[model].get_views([(view.id, view.type)])


if __name__ == "__main__":
    from freezegun import freeze_time

    from .session import database, odoo_env

    with odoo_env(database()) as environment, freeze_time(DAY, tick=True):
        done = main(environment)
    print(done)
