"""Single sign-on in the environment: all of it or none, and no secret over plain http."""

from __future__ import annotations

import pytest

from llmhub.lib import env
from llmhub.people import oidc_client

ALL = {
    "LLMHUB_OIDC_ISSUER": "https://login.example.com/staff",
    "LLMHUB_OIDC_CLIENT_ID": "llmhub",
    "LLMHUB_OIDC_CLIENT_SECRET": "a secret",
}


def read(monkeypatch, variables, *, embedded=False):
    for name in ALL:
        monkeypatch.setenv(name, variables.get(name, ""))
    return oidc_client.from_environment(embedded=embedded)


def test_all_three_switch_it_on_and_none_is_off(monkeypatch):
    assert read(monkeypatch, ALL).provider == "login.example.com"
    assert read(monkeypatch, {}).provider == ""


@pytest.mark.parametrize("missing", ALL)
def test_half_of_it_stops_the_start(monkeypatch, missing):
    with pytest.raises(env.BadEnvironment, match="belong together"):
        read(monkeypatch, {**ALL, missing: ""})


@pytest.mark.parametrize(
    ("issuer", "embedded", "fits"),
    [
        ("http://login.example.com", False, False),
        ("http://login.example.com", True, False),
        ("http://127.0.0.1:8080/staff", True, True),
        ("http://127.0.0.1:8080/staff", False, False),
        ("login.example.com", True, False),
    ],
)
def test_an_issuer_is_reached_over_https(monkeypatch, issuer, embedded, fits):
    variables = {**ALL, "LLMHUB_OIDC_ISSUER": issuer}
    if fits:
        assert read(monkeypatch, variables, embedded=embedded).issuer == issuer
    else:
        with pytest.raises(env.BadEnvironment, match="https"):
            read(monkeypatch, variables, embedded=embedded)
