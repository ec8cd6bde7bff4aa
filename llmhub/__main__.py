"""The `llmhub` command."""

from __future__ import annotations

import os
import sys

import django
from django.core.exceptions import ImproperlyConfigured

from llmhub.lib import collector


def main() -> int:
    """Set Django up, then run one command; 2 when the environment cannot be used."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llmhub.settings")
    collector.rest()
    try:
        from llmhub import settings  # noqa: F401 - alone, so that what it refuses can be said in a sentence
    except (ImproperlyConfigured, ValueError) as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 2
    except OSError as trouble:
        sys.stderr.write(
            f"the data folder cannot be used ({trouble}): set LLMHUB_HOME to a folder of yours\n"
        )
        return 2
    django.setup()
    from llmhub.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
