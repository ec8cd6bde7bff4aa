"""Several credentials of a provider: turns by weight, rest after a 429, out after a refusal."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter

import openai
import pytest

from providers.adapters import adapter_for
from providers.errors import CredentialRefused, ProviderUnavailable, RateLimited
from routing.gateway.credentials import DEFAULT_REST, Credentials
from routing.snapshot import SealedCredential
from tests.gateway.values import provider

A, B, C = (SealedCredential(id=id_, sealed=f"s{id_}", label=f"c{id_}") for id_ in (1, 2, 3))
HEAVY, SPARE = SealedCredential(4, "s4", weight=3), SealedCredential(5, "s5", weight=0)


def pool(written=7) -> Credentials:
    """Credentials whose every refusal is written as the version `written`; an exception is raised."""

    async def run(function):
        if isinstance(written, Exception):
            raise written
        return written

    return Credentials(run)


def pick(credentials, *kept, now=0.0, tried=(), version=1, model="m"):
    at = provider(credentials=kept)
    return credentials.pick(at, model, tried=tried, version=version, now=now)


def test_a_provider_without_credentials_is_called_without_one():
    assert pick(pool()) is None


def test_turns_are_taken_by_weight_and_evenly_spread():
    credentials = pool()

    turns = [pick(credentials, A, HEAVY).id for _ in range(80)]

    assert Counter(turns) == {A.id: 20, HEAVY.id: 60}
    assert "4, 4, 4, 4" not in str(turns)


def test_one_of_weight_0_is_used_when_no_other_can_be():
    credentials = pool()

    assert {pick(credentials, A, SPARE).id for _ in range(10)} == {A.id}
    assert pick(credentials, A, SPARE, tried=[A.id]) is SPARE


def limited(credentials, kept, seconds=None):
    async def fail():
        credentials.failed(kept, "m", RateLimited("slow down", retry_after=seconds), now=0)

    asyncio.run(fail())


def test_a_limited_one_rests_as_long_as_its_provider_says_for_that_model_only():
    credentials = pool()
    limited(credentials, A, 30)

    assert {pick(credentials, A, B, now=29).id for _ in range(4)} == {B.id}
    assert {pick(credentials, A, B, now=29, model="other").id for _ in range(4)} == {A.id, B.id}
    assert {pick(credentials, A, B, now=30).id for _ in range(4)} == {A.id, B.id}


def test_when_all_rest_the_caller_is_told_how_long():
    credentials = pool()
    limited(credentials, A, 30)
    limited(credentials, B)

    with pytest.raises(RateLimited) as caught:
        pick(credentials, A, B, now=1)

    assert caught.value.retry_after == DEFAULT_REST - 1


def test_a_refused_one_is_out_until_the_configuration_says_so_itself():
    async def scene():
        credentials = pool(written=7)
        credentials.failed(A, "m", CredentialRefused("no", status=401), now=0)
        at_once = pick(credentials, A, B)
        await asyncio.sleep(0.01)
        return (
            at_once,
            pick(credentials, A, B, version=6),
            {pick(credentials, A, B, version=7).id for _ in range(4)},
        )

    at_once, before, after = asyncio.run(scene())

    assert at_once is before is B
    assert after == {A.id, B.id}, "version 7 holds it only when a person uses it again"


def test_a_refusal_that_cannot_be_written_is_tried_again_later():
    async def scene():
        credentials = pool(written=OSError("no database"))
        credentials.failed(A, "m", CredentialRefused("no", status=401), now=0)
        await asyncio.sleep(0.01)
        return credentials

    credentials = asyncio.run(scene())

    assert pick(credentials, A, B, now=29) is B
    assert {pick(credentials, A, B, now=30).id for _ in range(4)} == {A.id, B.id}


def test_with_none_left_it_says_that_an_admin_has_to_act():
    with pytest.raises(CredentialRefused, match="an admin"):
        pick(pool(), A, tried=[A.id])


def test_other_failures_are_not_the_credentials_fault():
    credentials = pool()
    credentials.failed(A, "m", ProviderUnavailable("down", status=503), now=0)
    credentials.failed(None, "m", RateLimited("slow down"), now=0)

    assert {pick(credentials, A, B).id for _ in range(4)} == {A.id, B.id}


# --- through the gateway -----------------------------------------------------------------------


def credentials_of(gateway, model):
    from providers.models import Credential

    with gateway.database():
        return list(Credential.objects.filter(provider__slug=model.providers[0]).order_by("label"))


def test_a_refused_credential_is_taken_out_and_the_same_call_goes_on_with_the_next(gateway, simulator):
    model = gateway.make(at=[simulator.path("key/good", tag="rotate")], secrets_=("bad", "good"))

    raw = model.ask()

    gateway.until(lambda: credentials_of(gateway, model)[0].disabled_reason, what="it is taken out")
    bad, good = credentials_of(gateway, model)
    assert raw.headers["x-llmhub-attempts"] == "2"
    assert raw.headers["x-llmhub-fallback"] == "upstream_refused_credential"
    assert bad.disabled_at
    assert "bad" not in bad.disabled_reason
    assert not good.disabled_reason
    simulator.clear()
    for _ in range(4):
        model.ask()
    assert len(simulator.hits("rotate")) == 4


def test_calls_are_spread_by_weight(gateway, simulator):
    model = gateway.make(at=[simulator.path(tag="spread")], secrets_=("one", "two"), weights=(1, 3))

    for _ in range(8):
        model.ask()

    sent = Counter(hit["headers"]["authorization"] for hit in simulator.hits("spread"))
    assert sent == {"Bearer one": 2, "Bearer two": 6}


def test_a_limited_credential_rests_and_nothing_is_sent_meanwhile(gateway, simulator):
    model = gateway.make(at=[simulator.path("status/429", "retry_after/30", tag="rest")], secrets_=("one",))

    for _ in range(3):
        with pytest.raises(openai.RateLimitError) as caught:
            model.ask()
        assert 1 <= int(caught.value.response.headers["retry-after"]) <= 30

    assert len(simulator.hits("rest")) == 1


def test_when_the_last_credential_is_out_no_call_goes_out_and_an_admin_can_use_it_again(gateway, simulator):
    from llmhub.audit.actor import SYSTEM
    from providers.credential_state import use_again

    model = gateway.make(at=[simulator.path("key/good", tag="last")], secrets_=("bad",))
    with pytest.raises(openai.APIStatusError):
        model.ask()
    gateway.until(lambda: credentials_of(gateway, model)[0].disabled_reason, what="it is taken out")
    simulator.clear()

    with pytest.raises(openai.APIStatusError) as caught:
        model.ask()

    assert caught.value.code in {"no_candidate", "upstream_refused_credential"}
    assert not simulator.hits("last")
    only = credentials_of(gateway, model)[0]
    gateway.change(lambda: use_again(actor=SYSTEM, provider=only.provider, label=only.label))
    with pytest.raises(openai.APIStatusError):
        model.ask()
    assert len(simulator.hits("last")) == 1


def test_other_processes_hear_that_one_rests():
    told = []

    async def scene():
        async def run(function):
            told.append(function.keywords | {"id": function.args[0]})

        credentials = Credentials(run)
        credentials.failed(A, "m", RateLimited("slow down", retry_after=30), now=0)
        credentials.failed(B, "m", RateLimited("slow down", retry_after=0.5), now=0)
        await asyncio.sleep(0.01)

    asyncio.run(scene())

    assert told == [{"seconds": 30, "id": A.id}]


SMALLER = [
    (402, "Prompt tokens limit exceeded: 64128 > 6964. To increase, visit the settings of the key"),
    (403, "You are not permitted to use fast mode"),
    (403, "Not entitled to priority processing"),
]


@pytest.mark.parametrize(("status", "said"), SMALLER)
def test_what_is_about_one_call_takes_no_credential_out(status, said):
    content = json.dumps({"error": {"message": said, "code": status}}).encode()

    found = adapter_for("openrouter", "chat").failure(status, {}, content)

    assert not isinstance(found, CredentialRefused)


def test_a_call_that_is_too_large_lets_no_credential_rest():
    said = "Request too large for m: Limit 30000, Requested 30601"
    headers = {"x-ratelimit-reset-tokens": "6m0s", "retry-after": "30"}
    content = json.dumps({"error": {"message": said, "code": "rate_limit_exceeded"}}).encode()
    credentials = pool()

    found = adapter_for("openai", "chat").failure(429, headers, content)
    credentials.failed(A, "m", found, now=0)

    assert isinstance(found, RateLimited)
    assert pick(credentials, A) is A


def test_one_call_takes_out_one_credential_at_most_unless_it_is_401(gateway, simulator):
    poor = gateway.make(at=[simulator.path("status/402", tag="poor")], secrets_=("a", "b", "c"))
    wrong = gateway.make(at=[simulator.path("status/401", tag="wrong")], secrets_=("a", "b", "c"))

    for model, most in ((poor, 1), (wrong, 3)):
        with pytest.raises(openai.APIStatusError):
            model.ask()
        gateway.until(
            lambda model=model, most=most: (
                sum(bool(c.disabled_reason) for c in credentials_of(gateway, model)) == most
            ),
            what="as many as should be are out",
        )
    time.sleep(0.5)
    assert sum(bool(each.disabled_reason) for each in credentials_of(gateway, poor)) == 1
