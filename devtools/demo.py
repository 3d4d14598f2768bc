"""The main job on the demo database: propose, confirm, deliver, and show what came of it.

./dev demo runs this. E-mails leave through a mail server on loopback that sends nothing
on; letters become one PDF.
"""

import sys
from collections import Counter
from textwrap import shorten

from .console import DevError, say, timed
from .paths import work
from .sink import mail_sink, send_waiting
from .tables import table

# The mail server does not know this one, to show what happens then.
GONE = "harper@hardware.example.com"


def main(env, args=()):
    """Run dunning today for the main company and print the result; return the exit code."""
    for line in remind(env, env.ref("base.main_company"), work("letters.pdf")):
        print(line)
    return 0


def remind(env, company, letters):
    """Propose, confirm and deliver today; return the lines that tell the result.

    :param letters: path of the PDF for all letters
    """
    env = env(context={**env.context, "allowed_company_ids": company.ids, "lang": "en_US"})
    run = propose(env)
    with mail_sink(env, unknown=[GONE]) as messages, timed("Confirming and delivering"):
        deliver(env, run)
    pdf = print_letters(run, letters)
    return [*report(run), "", *stopped(run), "", f"{len(messages)} e-mails left.", pdf]


def propose(env):
    """Return the run of today, proposed: the one that is open for review, or a new one."""
    runs = env["dunning.run"]
    company = env.company
    today = runs._fields["date"].context_today(runs)
    run = runs.search([("company_id", "=", company.id), ("state", "=", "proposed")], limit=1)
    if not run:
        run = runs.create({"company_id": company.id})
    run.date = today
    with timed(f"Proposing the reminders of {company.name} on {today}"):
        run.action_propose()
    if run.notice_ids:
        return run
    past = [("company_id", "=", company.id), ("notice_ids.state", "=", "issued")]
    last = runs.search(past, limit=1)
    if last:
        say(f"    Nothing is left to remind of today; this is the run of {last.date}.")
        run.unlink()
    return last or run


def deliver(env, run):
    """Confirm what the run proposed, issue it and send the e-mails."""
    if run.state == "proposed":
        run.action_confirm()
    waiting = run.notice_ids.filtered(lambda notice: notice.state == "confirmed")
    waiting._issue(run.date)
    run._refresh_state()
    send_waiting(env, run.notice_ids.delivery_ids)


def print_letters(run, path):
    """Print the letters of the run into a PDF; return what was printed."""
    letters = run.notice_ids.delivery_ids.filtered(lambda d: d.channel == "letter")
    if not letters:
        return "No letters to print."
    letters.action_print()
    content = run.env["ir.attachment"].search(
        [("res_model", "=", "dunning.run"), ("res_id", "=", run.id)], order="id desc", limit=1
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.raw)
    return f"{len(letters)} letters printed: {path}"


def report(run):
    """Return the lines of the table of reminders, with the sums by currency."""
    notices = run.notice_ids.sorted(lambda n: (n.partner_id.name, n.currency_id.name))
    channels = dict(run.env["dunning.channel"]._selection())
    rows = [
        (
            n.partner_id.name,
            n.level_id.name,
            f"{n.amount_total:,.2f}",
            n.currency_id.name,
            f"{n.amount_charges:,.2f}" if n.amount_charges else "",
            channels.get(n.channel, n.channel),
            result(n),
        )
        for n in notices
    ]
    return [
        f"Reminders of {run.company_id.name}, {run.date}",
        "",
        *table(["Customer", "Level", ">Amount", "", ">Charges", "Channel", "Result"], rows),
        "",
        f"Total: {run.amount_summary or 'nothing'}  {run.level_summary or ''}",
    ]


def result(notice):
    """Say in a few words what became of a reminder."""
    if notice.state != "issued":
        return f"not issued: {notice.error or notice.reason}"
    words = {
        "done": "delivered",
        "queued": "under way",
        "failed": "failed",
        "withdrawn": "withdrawn",
    }
    parts = []
    for delivery in notice.delivery_ids.sorted("id"):
        if delivery.state == "failed":
            parts.append("failed: " + shorten(delivery.error.splitlines()[-1], 100))
        elif delivery.channel == "letter" and delivery.state == "done":
            parts.append("letter printed")
        else:
            parts.append(words[delivery.state])
    return ", ".join(parts)


def stopped(run):
    """Return the lines that say why other items were not reminded of."""
    labels = dict(run.env["dunning.line"]._selection_decision())
    lines = run.line_ids.filtered(lambda line: line.state == "stopped")
    counts = Counter(line.verdict for line in lines)
    counts.update(not_due=run.not_due_count, waiting=run.waiting_count, pending=run.pending_count)
    customers = {decision: [] for decision in counts}
    for line in lines:
        if line.partner_id.name not in customers[line.verdict]:
            customers[line.verdict].append(line.partner_id.name)
    rows = [
        (
            labels[decision],
            count,
            ", ".join(customers[decision][:3]) + (", ..." if len(customers[decision]) > 3 else ""),
        )
        for decision, count in counts.most_common()
        if count
    ]
    return table(["Not reminded of, because", ">Items", "Customers"], rows)


if __name__ == "__main__":
    from .session import database, odoo_env

    try:
        with odoo_env(database(), log_level="error") as environment:
            code = main(environment, sys.argv[1:])
    except DevError as error:
        say(f"dev: {error}")
        code = 1
    sys.exit(code)
