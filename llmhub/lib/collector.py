"""Keep the rounds of Python's garbage collector short and few, at a start and in a process that answers."""

from __future__ import annotations

import gc


def rest() -> None:
    """Begin rounds after very many new objects only: while modules are loaded, what is made stays.

    With the usual 700 between two rounds, rounds that find nothing were a fifth of a start.
    """
    gc.set_threshold(100_000, 20, 50)


def spare() -> None:
    """Leave out what lives as long as the process, and begin a round after more new objects.

    A call makes thousands of short-lived objects: with the usual 700 between two rounds the
    collector took a tenth of a call, and a full round stopped all calls for longer than one lasts.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
