"""The closed list of errors."""

from __future__ import annotations

import re

import pytest

from providers import errors as upstream
from routing.gateway.codes import CODES, as_markdown
from routing.gateway.errors import Refusal, from_failures
from routing.gateway.reading import BrokeOff
from tests.architecture import ROOT

ALL_UPSTREAM = [
    kind
    for kind in (*vars(upstream).values(), BrokeOff)
    if isinstance(kind, type) and issubclass(kind, upstream.ProviderError)
]


def test_the_page_is_what_the_code_says():
    page = (ROOT / "docs/errors.md").read_text()

    assert page == as_markdown(), "run: python -m routing.gateway.codes > docs/errors.md"


def test_every_code_in_the_source_is_in_the_list():
    sources = [path.read_text() for path in (ROOT / "routing").rglob("*.py")]
    used = {name for source in sources for name in re.findall(r'Refusal\(\s*"(\w+)"', source)}

    assert used <= set(CODES)
    assert len(used) > 15


@pytest.mark.parametrize("kind", ALL_UPSTREAM, ids=lambda kind: kind.__name__)
def test_every_failure_upstream_has_an_answer_that_is_no_401(kind):
    refusal = from_failures([kind("told by the provider")])

    assert refusal.name in CODES
    assert refusal.code.status in {400, 429, 502, 504}
    assert "told by the provider" in refusal.message


def test_a_limit_of_one_and_a_failure_of_another_is_no_429():
    limited, down = upstream.RateLimited("slow down"), upstream.ProviderUnavailable("down")

    assert from_failures([down, limited]).code.status == 502
    assert from_failures([limited, down]).code.status == 502
    assert from_failures([limited, limited]).code.status == 429


def test_a_wait_is_rounded_up_to_whole_seconds():
    limited = from_failures([upstream.RateLimited("slow down", retry_after=0.2)])

    assert limited.headers() == {"retry-after": "1", "x-should-retry": "true"}
    assert limited.body("req_1")["retry_after"] == 1


def test_only_errors_that_soon_pass_may_be_retried_by_an_sdk():
    may = {code.name for code in CODES.values() if code.sdk_may_retry}

    limits = {"rate_limited", "upstream_rate_limited"}
    assert may == limits | {"in_flight", "ledger_unavailable", "shutting_down"}
    for name in CODES:
        assert Refusal(name, "x").headers()["x-should-retry"] == ("true" if name in may else "false")


@pytest.mark.parametrize(("wait", "said"), [(60.0, "true"), (60.1, "false"), (3600.0, "false")])
def test_no_sdk_is_let_try_again_that_would_not_wait_as_long_as_it_has_to(wait, said):
    assert Refusal("upstream_rate_limited", "x", retry_after=wait).headers()["x-should-retry"] == said


def test_every_503_says_when_to_come_again_but_the_one_of_a_call_that_was_served():
    silent = {code.name for code in CODES.values() if code.status == 503 and code.retry_after is None}

    assert silent == {"not_written_yet"}
    assert Refusal("not_written_yet", "x").headers() == {"x-should-retry": "false"}
    assert "retry-after" in Refusal("ledger_unavailable", "x").headers()


def test_who_shows_no_key_is_told_how_to():
    assert Refusal("missing_key", "x").headers()["www-authenticate"] == "Bearer"
    assert "www-authenticate" not in Refusal("rate_limited", "x").headers()
