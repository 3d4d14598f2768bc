"""Replay dunning over a ledger of real receivables, day by day.

./dev demo --ledger FILE.csv runs this. Every day from the first invoice to the last
payment: the payments of the day are reconciled, a run of that date is proposed, issued and
delivered. E-mails leave through a mail server on loopback that sends nothing on; letters
are rendered as PDF and count as posted the same day.
"""

import sys
import time
from datetime import timedelta
from pathlib import Path

from .console import DevError, say, timed
from .ledger_file import LedgerError, read
from .replay import PAID_WITHIN, Replay
from .sink import mail_sink
from .tables import table


def main(env, args):
    """Load the ledger named first in ``args`` and replay it.

    :return: exit code
    """
    path = Path(args[0])
    try:
        invoices = read(path)
    except LedgerError as error:
        say(f"{path.name} is not loaded:")
        for problem in str(error).splitlines():
            say(f"    {problem}")
        return 2
    start = time.monotonic()
    replay = Replay(env, invoices, f"Ledger {path.stem}", env.cr.commit)
    with timed(
        f"Posting {len(invoices)} invoices of {len({i.customer for i in invoices})} "
        "customers and their payments"
    ):
        replay.load()
    loaded = time.monotonic()
    with mail_sink(env) as messages, timed("Replaying day by day"):
        days = watch(replay)
    for line in report(replay, days, len(messages)):
        print(line)
    print(
        f"Loaded in {loaded - start:.0f} s, replayed in {time.monotonic() - loaded:.0f} s"
        f" ({', '.join(f'{k} {v:.0f} s' for k, v in replay.seconds.items())})."
    )
    return 0


def watch(replay):
    """Play all days, commit and tell after each month; return the number of days."""
    count = before = 0
    start = time.monotonic()
    for day in replay.play():
        count += 1
        if (day + timedelta(days=1)).day == 1:
            replay.commit()
            total = replay.env["dunning.notice"].search_count(
                [("company_id", "=", replay.company.id), ("state", "=", "issued")]
            )
            say(f"    {day:%Y-%m}  {total - before:4} reminders  {time.monotonic() - start:4.0f} s")
            before = total
    replay.commit()
    return count


def report(replay, days, emails):
    """Return the lines of the result."""
    first = replay.invoices[0].date
    levels = [
        (level, count, items, f"{amount:,.2f}", f"{share:.0%}")
        for level, count, items, amount, share in replay.by_level()
    ]
    debtors = [(name, count, f"{amount:,.2f}") for name, count, amount in replay.top_debtors()]
    asked = f">Amount {replay.company.currency_id.name}"
    title = f"{replay.company.name}: {len(replay.invoices)} invoices of"
    span = f"{days} days from {first} to {first + timedelta(days=days - 1)}"
    return [
        f"{title} {len(replay.customers)} customers, {span}",
        "",
        *table(["Level", ">Reminders", ">Items", asked, f">Paid in {PAID_WITHIN} days"], levels),
        "",
        *table(["Most reminded", ">Reminders", asked], debtors),
        "",
        *remarks(replay, emails),
    ]


def remarks(replay, emails):
    """Return the lines about what was delivered, what failed, and what was disputed."""
    notices = replay.notices()
    failed = notices.filtered(lambda notice: notice.state != "issued")
    letters = notices.delivery_ids.filtered(lambda delivery: delivery.channel == "letter")
    disputed, reminded = replay.disputed()
    yield f"{emails} e-mails went to the mail server on loopback."
    yield f"{len(letters)} letters were rendered as PDF and counted as posted."
    yield f"{len(failed)} reminders were not issued."
    for notice in failed[:5]:
        yield f"    {notice.partner_id.name}: {notice.error or notice.reason}"
    yield f"{disputed} invoices were disputed; {reminded} reminders carried one of them."


if __name__ == "__main__":
    from .session import database, odoo_env

    try:
        with odoo_env(database(), log_level="error") as environment:
            code = main(environment, sys.argv[1:])
    except DevError as error:
        say(f"dev: {error}")
        code = 1
    sys.exit(code)
