"""The demo's own home: demo data never meets real data."""

from __future__ import annotations

import os
import sys

from django.conf import settings

_REAL = {
    "DATABASE_URL",
    "REDIS_URL",
    "LLMHUB_CONFIG",
    "LLMHUB_PUBLIC_URL",
    "LLMHUB_PROFILE",
    "LLMHUB_SMTP_URL",
}


def be_a_demo() -> None:
    """Become the same command on a home of its own, unless this is a demo's already."""
    if settings.DEMO:
        return
    environment = {name: value for name, value in os.environ.items() if name not in _REAL}
    environment |= {"LLMHUB_DEMO": "true", "LLMHUB_HOME": f"{settings.HOME}-demo"}
    os.execve(sys.executable, sys.orig_argv, environment)  # noqa: S606 - our own command line
