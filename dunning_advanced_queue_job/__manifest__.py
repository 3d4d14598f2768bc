{
    "name": "Dunning Advanced: Job Queue",
    "summary": "Issue reminders on several workers at once, through the job queue",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "license": "LGPL-3",
    "author": "Dunning Advanced contributors",
    "depends": ["dunning_advanced", "queue_job"],
    "data": ["data/queue_job.xml"],
    "auto_install": True,
    "installable": True,
}
