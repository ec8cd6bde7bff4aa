"""How SQL reads a tag of a call: for SQLite by a path, where a name of digits, or with a dot, is a name too.

Source: https://www.sqlite.org/json1.html#the_and_operators
"""

from __future__ import annotations

import re

from django.db import DEFAULT_DB_ALIAS, connections

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")  # as callers write them
VALUE = "tags ->> CAST(%s AS TEXT)"  # of a usage record; its parameter is `key_of`


def key_of(name: str, *, alias: str = DEFAULT_DB_ALIAS) -> str:
    """Return what `VALUE` is to be given for a tag of this name, which `NAME` matches."""
    return f'$."{name}"' if connections[alias].vendor == "sqlite" else name
