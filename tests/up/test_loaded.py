"""What each process loads: beat knows when and not what, a gateway knows no page and no task."""

from __future__ import annotations

import os
import subprocess
import sys

from django.conf import settings

LOOK = """
import sys
sys.argv = ["celery", {what!r}]
import llmhub.celery
llmhub.celery.app.loader.import_default_modules()
from django.apps import apps
print(apps.ready, len(llmhub.celery.app.conf.beat_schedule) > 3, "llmhub.urls" in sys.modules)
"""

FRONT = """
import sys
from llmhub.front import make_front
make_front()
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
PAGES_AND_TASKS = {"celery", "httpx", "kombu", "ninja", "plotly", "pydantic", "pygments", "rich"}


def looked(what: str) -> str:
    return output(LOOK.format(what=what))


def output(program: str) -> str:
    run = subprocess.run(
        [sys.executable, "-P", "-c", program],
        capture_output=True, text=True, check=True, timeout=60,
        env={**os.environ, "PYTHONPATH": str(settings.BASE_DIR)},
    )  # fmt: skip
    return run.stdout.strip()


def test_beat_loads_no_models_a_worker_does_and_neither_loads_pages():
    assert (looked("beat"), looked("worker")) == ("False True False", "True True False")


def test_a_gateway_loads_nothing_that_pages_and_tasks_are_made_of():
    loaded = set(output(FRONT).split())

    assert "aiohttp" in loaded
    assert not loaded & PAGES_AND_TASKS
