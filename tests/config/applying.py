"""Apply a file and hold the plan to its word on the way: whoever applies in a test tests the plan too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection

from llmhub.audit.actor import Actor
from llmhub.config import Applied, BadFile, apply_file, plan
from llmhub.config.difference import Plan

FILE = Actor(kind="file", label="llmhub.toml", role="owner")


def every_row() -> dict[str, list]:
    """The whole database, as it is stored."""
    with connection.cursor() as cursor:
        tables = [model._meta.db_table for model in apps.get_models() if model._meta.managed]
        return {name: cursor.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables}


def changes_something(planned: Plan) -> bool:
    return bool(planned.differences or planned.becomes_the_files or planned.follows_llmhub)


def planned_or_refused(path: Path) -> Plan | str:
    try:
        return plan(path.read_text(), path.name)
    except BadFile as refused:
        return str(refused)


def apply_as_planned(path: Path) -> Applied:
    """Apply the file: planning wrote nothing, said what applying did, and says nothing afterwards."""
    before = every_row()
    planned = planned_or_refused(path)
    assert every_row() == before

    if isinstance(planned, str):
        with pytest.raises(BadFile, match=f"^{re.escape(planned)}$") as caught:
            apply_file(path, FILE)
        raise caught.value
    applied = apply_file(path, FILE)

    assert applied.plan == planned
    assert changes_something(planned) == bool(applied.changes)
    assert not changes_something(plan(path.read_text(), path.name))
    return applied
