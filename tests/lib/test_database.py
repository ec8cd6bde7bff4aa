"""Database settings from one address."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.db import OperationalError
from django.db.utils import load_backend

from llmhub.lib import database
from tests.fixtures.hub import ROOT


@pytest.mark.parametrize("slashes", ["///", "////"])
def test_a_sqlite_address_is_a_path(slashes):
    settings = database.from_url(f"sqlite:{slashes}var/lib/my%20hub/llmhub.db")

    assert settings["ENGINE"] == "llmhub.lib.sqlite"
    assert settings["NAME"] == "/var/lib/my hub/llmhub.db"
    assert settings["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_sqlite_is_durable_at_each_commit():
    pragmas = database.sqlite("x.db")["OPTIONS"]["init_command"]

    assert "synchronous=FULL" in pragmas
    assert "journal_mode=WAL" in pragmas


def test_a_postgres_address_keeps_odd_letters_and_options():
    settings = database.from_url("postgres://hub:p%40ss%2Fword@db:5433/llm%20hub?sslmode=require")

    assert (settings["USER"], settings["PASSWORD"]) == ("hub", "p@ss/word")
    assert (settings["HOST"], settings["PORT"], settings["NAME"]) == ("db", "5433", "llm hub")
    assert settings["OPTIONS"]["sslmode"] == "require"


def test_another_address_is_refused_with_what_to_write():
    with pytest.raises(ValueError, match="use postgres://"):
        database.from_url("mysql://root@db/llmhub")


def test_options_of_the_address_come_before_ours():
    settings = database.from_url("postgres://hub@db/hub?connect_timeout=60&options=")

    assert settings["OPTIONS"]["connect_timeout"] == "60"
    assert settings["OPTIONS"]["options"] == ""
    assert settings["OPTIONS"]["keepalives_idle"] == 5


@pytest.mark.parametrize(("connections", "size"), [(20, 20), (0, None)])
def test_threads_share_so_many_connections_to_postgres(connections, size):
    settings = database.from_url("postgres://hub@db/hub", connections=connections)

    assert settings["OPTIONS"].get("pool", {}).get("max_size") == size


@pytest.mark.parametrize(
    ("options", "expected"),
    [("", "-c synchronous_commit=on -c idle_in_transaction_session_timeout=10s -c statement_timeout=10000"),
     ("?options=", "")],
)  # fmt: skip
def test_a_limit_of_statements_leaves_the_other_options_and_a_pooler_that_takes_none(options, expected):
    settings = database.from_url(f"postgres://hub@db/hub{options}")

    limited = database.with_statement_limit(settings, 10)

    assert limited["OPTIONS"]["options"] == expected
    assert "statement_timeout" not in settings["OPTIONS"]["options"]


@pytest.mark.postgres
@pytest.mark.parametrize(("seconds", "held"), [(0.2, True), (10, False)])
def test_postgres_breaks_off_what_takes_longer(postgres_url, seconds, held, django_db_blocker):
    settings = database.with_statement_limit(database.from_url(postgres_url), seconds)
    whole = {"TIME_ZONE": None, "ATOMIC_REQUESTS": False, "AUTOCOMMIT": True, "CONN_HEALTH_CHECKS": False}
    connection = load_backend(settings["ENGINE"]).DatabaseWrapper(whole | settings, "limited")

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        if held:
            with pytest.raises(OperationalError, match="statement timeout"):
                cursor.execute("SELECT pg_sleep(0.5)")
        else:
            cursor.execute("SELECT pg_sleep(0.5)")
    connection.close()


@pytest.mark.parametrize(("module", "limited"), [("llmhub.asgi", "True"), ("llmhub.celery", "False")])
def test_pages_have_a_limit_and_the_work_behind_them_has_none(module, limited):
    program = (
        f"import {module}; from django.db import connection; "
        "print('statement_seconds' in connection.settings_dict['OPTIONS'])"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "llmhub.settings", "PYTHONPATH": str(ROOT)}
    environment.pop("DATABASE_URL", None)

    done = subprocess.run(
        [sys.executable, "-P", "-c", program], env=environment, capture_output=True, text=True
    )

    assert done.stdout.split() == [limited], done.stderr
