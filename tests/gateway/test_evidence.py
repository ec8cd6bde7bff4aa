"""Every attempt becomes evidence about its offer, of the right kind."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import openai
import pytest

from catalog.models import Offer
from providers import statistics_rows
from providers.errors import (
    BadReply,
    ComeAgain,
    CredentialRefused,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
    RequestRejected,
    TargetMisconfigured,
    TooLarge,
    Truncated,
)
from providers.tally import Tally, merged
from providers.wire import Usage
from routing.gateway.evidence import Models, outcome_of
from routing.gateway.reading import BrokeOff, Heard
from tests.gateway.values import entry, offer, snapshot


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (ProviderUnavailable("down"), "error"),
        (BadReply("nonsense"), "error"),
        (ProviderTimeout("slow"), "timeout"),
        (Truncated("cut"), "broken_off"),
        (BrokeOff("oops"), "broken_off"),
        (RateLimited("later"), "rate_limited"),
        (CredentialRefused("no"), "refused"),
        (TargetMisconfigured("no such model"), "refused"),
        (RequestRejected("what"), "rejected"),
        (TooLarge("much", seen_bytes=9), "rejected"),
        (ComeAgain("busy with the same"), "rejected"),
        (asyncio.CancelledError(), "caller_left"),
    ],
)
def test_each_error_has_its_class(error, ending):
    assert ended(error) == ending


def ended(error=None, *, cut_at=None, is_silent=False, **more) -> str:
    account = SimpleNamespace(started=0.0, cut_at=cut_at)
    return outcome_of(
        account, SimpleNamespace(is_silent=is_silent), error or asyncio.CancelledError(), **more
    ).ending


def test_a_deadline_that_passed_is_no_caller_that_left():
    assert ended(deadline=1e-9) == "timeout"
    assert ended(deadline=1e12) == "caller_left"


def test_a_leg_that_is_cut_for_an_answer_that_is_there_is_neither():
    assert ended(deadline=1e12, cut_at=time.monotonic()) == "cut_short"
    assert ended(deadline=1e12, cut_at=time.monotonic() + 60) == "caller_left"


def test_a_caller_that_left_a_silent_provider_says_something_about_it():
    assert ended(deadline=1e12, is_silent=True) == "timeout"
    assert Tally({"cut_short": 1, "caller_left": 1, "timeout": 1}).calls == 1


@pytest.mark.parametrize(
    ("usage", "ttft_ms", "speed"),
    [
        (Usage(output_tokens=100), None, 50.0),  # 100 tokens in 2 s
        (Usage(output_tokens=100), 1000, 100.0),  # in the second after the first of them
        (Usage(output_tokens=100, estimated=True), None, None),
        (Usage(output_tokens=3), None, None),
        (None, None, None),
    ],
)
def test_speed_is_output_over_the_time_in_which_it_came(usage, ttft_ms, speed):
    note = SimpleNamespace(latency_ms=2000, ttft_ms=ttft_ms, heard=Heard(usage=usage), ear=None)

    assert outcome_of(None, note).tokens_per_second == speed


def test_offers_of_one_model_are_peers_by_the_snapshot_that_is_live():
    watch = SimpleNamespace(snapshot=snapshot(entry("acme/small", offer())))
    models = Models(watch)

    assert models() == {1: 1}
    watch.snapshot = snapshot()
    watch.snapshot = SimpleNamespace(version=2, entries={})
    assert models() == {}


def test_attempts_are_written_by_the_gateway(gateway, simulator):
    models = gateway.make_all(
        {
            "falls back": {"at": [simulator.path("status/503"), simulator.path("latency/5", "speed/2000")]},
            "strict": {"at": [simulator.path("status/400")]},
        }
    )
    models["falls back"].ask("Count to a hundred")
    assert list(models["falls back"].stream("Count to a hundred"))
    models["falls back"].ask("Give me JSON", response_format={"type": "json_object"})
    with pytest.raises(openai.BadRequestError):
        models["strict"].ask()

    def sums(model, rank=0):
        with gateway.database():
            target = Offer.objects.get(entry_id=model.entry_id, rank=rank).pk
            return merged([each.tally for each in statistics_rows.since(0, targets=[target])])

    gateway.until(lambda: sums(models["strict"]).attempts == 1, what="it is written")
    sick, well = sums(models["falls back"]), sums(models["falls back"], rank=1)
    assert sick.counts == {"error": 3}
    assert well.counts == {"ok": 3, "schemas": 1}
    assert (well.latency.count, well.ttft.count) == (3, 1)
    assert well.speed.count >= 2
    assert sums(models["strict"]).counts == {"rejected": 1}
