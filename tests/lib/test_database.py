"""Database settings from one address."""

from __future__ import annotations

import pytest

from llmhub.lib import database


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
