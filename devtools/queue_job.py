"""The tests of dunning_advanced_queue_job, in a database that has OCA's job queue, too.

    ./dev test --queue-job [pytest arguments]

In a database of their own: with the queue installed, large runs are issued by jobs, and
the tests of the scheduled action would find nothing to do.
"""

from . import databases, oca

OPTION = "--queue-job"
ADDON = "dunning_advanced_queue_job"
# openupgradelib is what the queue asks for when it is installed
PACKAGES = ("odoo-addon-queue-job==19.0.2.4.0.1", "openupgradelib==3.13.2")


def run(arguments, pytest):
    """Run the tests and return the exit code.

    :param pytest: function of a database and arguments that runs it
    """
    with oca.settings("queue-job", oca.get(*PACKAGES)):
        dbname, _new = databases.ensure("queue_job", demo=False, also=("queue_job", ADDON))
        rest = [argument for argument in arguments if argument != OPTION]
        return pytest(dbname, [f"{ADDON}/tests", *rest])
