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

from llmhub.lib import collector
from llmhub.up import alive

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llmhub.settings")
# Django's checks are for who develops: for them a worker would load every page, 40 MB and half of its start.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")


@dataclass(frozen=True)
class Job:
    """One task that runs by itself."""

    task: str
    setting: str = ""  # the name of the setting that holds its interval in seconds
    every: float = 0.0  # seconds, where no setting does

    @property
    def seconds(self) -> float:
        """Its interval."""
        return float(getattr(settings, self.setting)) if self.setting else self.every


JOBS = {
    "sweep reservations": Job("billing.tasks.sweep", setting="SWEEP_SECONDS"),
    "add calls up": Job("billing.tasks.roll_up", setting="ROLLUP_SECONDS"),
    "check providers": Job("providers.tasks.check", every=30),
    "score offers": Job("catalog.tasks.score_offers", every=15),
    "fold statistics": Job("providers.tasks.fold_statistics", every=300),
    "read lists of models": Job("catalog.tasks.discover", every=60),
    "tell of retirements": Job("billing.tasks.notice_retirements", every=600),
    "delete old calls": Job("billing.tasks.clear_old_calls", every=600),
    "delete what was said in calls": Job("billing.tasks.clear_content", every=60),
    "delete old readings of lists": Job("catalog.tasks.clear_old_runs", every=600),
    "mail invitations": Job("llmhub.people.tasks.mail_invitations", every=10),
    "delete sessions that are over": Job("llmhub.people.tasks.clear_sessions", every=600),
    "look for budgets to tell of": Job("billing.tasks.look_for_budget_alerts", every=10),
    "look for providers to tell of": Job("providers.tasks.look_for_alerts", every=10),
    "look for breakers to tell of": Job("catalog.tasks.look_for_alerts", every=10),
    "look for models to tell of": Job("routing.tasks.look_for_alerts", every=30),
    "probe offers": Job("routing.tasks.probe_offers", every=60),
    "probe what seems to decline": Job("routing.tasks.probe_suspected", every=15),
    "delete old events of breakers": Job("providers.tasks.clear_breaker_events", every=60),
    "look for costs to tell of": Job("billing.tasks.look_for_money_alerts", every=60),
    "look for budgets that burn fast": Job("billing.tasks.look_for_burning_budgets", every=60),
    "foretell budgets": Job("billing.tasks.forecast_budgets", every=900),
    "send alerts": Job("llmhub.alerts.tasks.send", every=5),
    "write exports": Job("billing.tasks.write_exports", every=10),
    "compare sums with the ledger": Job("billing.tasks.reconcile", every=600),
}

# Beat only sends names at their times: without models and tasks it needs half the memory of a worker.
_IS_BEAT = "beat" in sys.argv[1:]
if "worker" in sys.argv[1:]:
    collector.rest()

app = Celery("llmhub", fixups=[] if _IS_BEAT else None)
app.config_from_object("django.conf:settings", namespace="CELERY")
if _IS_BEAT:
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
else:
    app.autodiscover_tasks()
app.conf.beat_schedule = {
    name: {
        "task": job.task,
        "schedule": job.seconds,
        # Without a worker nothing piles up: a run that is late by its interval is not worth doing.
        "options": {"expires": job.seconds},
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
    """Show every few seconds that the worker's loop turns, which it does from now on."""
    collector.spare()
    sender.timer.call_repeatedly(alive.EVERY, alive.give_sign, (settings.HOME, "worker"))
