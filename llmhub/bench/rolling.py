"""Adds up every quarter of an hour again and again, as a worker with far too much to do would."""

from __future__ import annotations

import os

import django

NICENESS = 5  # as the worker that `up` starts


def main() -> None:
    """Do it until somebody ends this process."""
    os.nice(NICENESS)
    django.setup()
    from billing import rollup

    while True:
        rollup.mark_everything()
        rollup.recompute()


if __name__ == "__main__":
    main()
