"""`up` on a database and a Redis of somebody else's: the same product without the embedded parts."""

from __future__ import annotations

import pytest

from tests.fixtures.hub import running_hub
from tests.up import table

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]


def test_it_runs_on_postgres_and_a_redis_of_its_own(postgres_url, valkey_server, tmp_path):
    home = tmp_path / "home"
    with running_hub(
        home, DATABASE_URL=postgres_url, REDIS_URL=valkey_server.url, LLMHUB_SWEEP_SECONDS="1"
    ) as hub:
        hub.until(lambda: hub.log("worker").count("billing.tasks.sweep") >= 2, what="tasks run")

        assert hub.status("/readyz") == 200
        assert hub.status("/sign-in/") == 200
        assert hub.command("user", "list", "--json").stdout.count("owner@llmhub.local") == 1
        assert "valkey" not in table.leaders(hub.process.pid)
        assert not list(home.glob("llmhub.db*"))
        assert not list(home.glob("valkey*"))
