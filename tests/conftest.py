"""Where fixtures come from: one that more than one folder uses lives in tests/fixtures."""

from __future__ import annotations

pytest_plugins = [
    "tests.fixtures.people",
    "tests.fixtures.simulator",
    "tests.fixtures.hub",
    "tests.fixtures.valkey",
    "tests.fixtures.gateway",
    "tests.fixtures.parts",
    "tests.fixtures.postgres",
    "tests.fixtures.database",
    "tests.fixtures.browser",
    "tests.fixtures.sign_in",
    "tests.fixtures.oidc",
    "tests.fixtures.search",
    "tests.fixtures.lists",
]
