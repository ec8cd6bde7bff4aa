"""`llmhub doctor` on Postgres: is a commit on disk?"""

from __future__ import annotations

import pytest
from django.db import connections

from llmhub.cli.doctor import lossy_settings
from tests.billing.test_postgres import PG, postgres  # noqa: F401  (a fixture)

pytestmark = pytest.mark.postgres


def test_our_own_connections_lose_nothing_whatever_the_server_says(postgres):  # noqa: F811
    with connections[PG].cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("on",)
    found = lossy_settings(connections[PG])
    assert not [finding for finding in found if "synchronous_commit" in finding]
    assert [finding for finding in found if "fsync is off" in finding], "the tests' own server is in a hurry"


def test_a_setting_that_may_lose_commits_is_found(postgres):  # noqa: F811
    with connections[PG].cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")

    expected = "synchronous_commit is off: acknowledged calls may be lost, switch it on"
    assert expected in lossy_settings(connections[PG])
    connections[PG].close()
