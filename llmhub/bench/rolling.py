"""Adds up every quarter of an hour again and again, as a worker with far too much to do would."""

from __future__ import annotations

import os

import django

from llmhub.up.processes import BEHIND


def main() -> None:
    """Do it until somebody ends this process."""
    os.nice(BEHIND)  # as the worker that `up` starts
    django.setup()
    from billing import rollup

    while True:
        rollup.mark_everything()
        rollup.recompute()


if __name__ == "__main__":
    main()
