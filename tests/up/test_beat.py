"""Beat knows when, not what."""

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


def looked(what: str) -> str:
    run = subprocess.run(
        [sys.executable, "-P", "-c", LOOK.format(what=what)],
        capture_output=True, text=True, check=True, timeout=60,
        env={**os.environ, "PYTHONPATH": str(settings.BASE_DIR)},
    )  # fmt: skip
    return run.stdout.strip()


def test_beat_loads_no_models_a_worker_does_and_neither_loads_pages():
    assert (looked("beat"), looked("worker")) == ("False True False", "True True False")
