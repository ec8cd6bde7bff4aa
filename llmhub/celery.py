"""Periodic work: the only list of it."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import dataclass
from typing import Any

from celery import Celery
from celery.signals import celeryd_init, setup_logging, worker_ready
from django.conf import settings
from django.utils.log import configure_logging

from llmhub.up import alive

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llmhub.settings")


@dataclass(frozen=True)
class Job:
    """One task that runs by itself."""

    task: str
    setting: str  # the name of the setting that holds its interval in seconds


JOBS = {
    "sweep reservations": Job("billing.tasks.sweep", setting="SWEEP_SECONDS"),
    "add calls up": Job("billing.tasks.roll_up", setting="ROLLUP_SECONDS"),
    "check providers": Job("providers.tasks.check", setting="HEALTH_LOOK_SECONDS"),
    "read lists of models": Job("catalog.tasks.discover", setting="DISCOVERY_LOOK_SECONDS"),
    "tell of retirements": Job("billing.tasks.notice_retirements", setting="RETIREMENT_SECONDS"),
    "delete old calls": Job("billing.tasks.clear_old_calls", setting="RETENTION_SECONDS"),
    "delete old readings of lists": Job("catalog.tasks.clear_old_runs", setting="RETENTION_SECONDS"),
    "delete sessions that are over": Job("llmhub.people.tasks.clear_sessions", setting="RETENTION_SECONDS"),
    "write exports": Job("billing.tasks.write_exports", setting="EXPORT_LOOK_SECONDS"),
    "compare sums with the ledger": Job("billing.tasks.reconcile", setting="RECONCILE_SECONDS"),
}

# Beat only sends names at their times: without models and tasks it needs half the memory of a worker.
_IS_BEAT = "beat" in sys.argv[1:]

app = Celery("llmhub", fixups=[] if _IS_BEAT else None)
app.config_from_object("django.conf:settings", namespace="CELERY")
if _IS_BEAT:
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
else:
    app.autodiscover_tasks()
app.conf.beat_schedule = {
    name: {
        "task": job.task,
        "schedule": float(getattr(settings, job.setting)),
        # Without a worker nothing piles up: a run that is late by its interval is not worth doing.
        "options": {"expires": float(getattr(settings, job.setting))},
    }
    for name, job in JOBS.items()
}


@setup_logging.connect
def _keep_our_logging(**_: object) -> None:
    """Leave the logging that Django's settings made: Celery would replace it with text."""


@celeryd_init.connect
def _log_warnings(**_: object) -> None:
    """Write Python's warnings as lines of JSON, too."""
    logging.captureWarnings(True)


@worker_ready.connect
def _give_signs(sender: Any, **_: object) -> None:
    """Show every few seconds that the worker's loop turns."""
    sender.timer.call_repeatedly(alive.EVERY, alive.give_sign, (settings.HOME, "worker"))
