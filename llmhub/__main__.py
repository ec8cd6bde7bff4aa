"""The `llmhub` command."""

from __future__ import annotations

import os
import sys

import django


def main() -> int:
    """Set Django up, then run one command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llmhub.settings")
    django.setup()
    from llmhub.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
