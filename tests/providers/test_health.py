"""Health: free checks by themselves, patience before an alarm, and one row for each change."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection

from llmhub.audit.actor import COMMAND_LINE
from providers import health
from providers.check import Check, Outcome
from providers.credential import remove_credential, set_credential
from providers.health_rules import settle
from providers.models import HealthCheck, Provider, StatusChange
from providers.provider import remove_provider, update_provider
from providers.saved_check import check_and_save, keep_check
from tests.providers.servers import answer, serving_in_a_thread

START = datetime(2026, 11, 1, tzinfo=UTC)
MODELS = answer(b'{"object":"list","data":[{"id":"a"}]}')
PAID = ("/chat/completions", "/messages", "/embeddings", "/responses")


@pytest.mark.parametrize(
    ("before", "outcome", "bad", "after"),
    [
        ("", "ok", 0, ("up", 0)),
        ("", "unreachable", 0, ("down", 1)),  # nothing spoke for it
        ("up", "unreachable", 0, ("up", 1)),  # one bad check is no outage
        ("up", "timeout", 1, ("down", 2)),
        ("down", "failing", 2, ("down", 3)),
        ("down", "ok", 3, ("up", 0)),
        ("up", "limited", 1, ("up", 0)),
        ("up", "no_model_list", 0, ("up", 0)),
        ("up", "unauthorized", 0, ("refused", 1)),  # it does not heal by waiting
        ("refused", "ok", 4, ("up", 0)),
        ("refused", "unreachable", 1, ("down", 2)),
        ("up", "no_credential", 0, ("", 0)),
    ],
)
def test_what_checks_in_a_row_say(before, outcome, bad, after):
    assert settle(before, outcome, bad) == after


def provider(slug, url, **more):
    facts = {"kind": "custom", "dialect": "chat", "needs_credential": False}
    return Provider.objects.create(slug=slug, name=slug, base_url=url, **{**facts, **more})


@pytest.mark.django_db
def test_a_day_of_checks_pays_for_no_call(simulator, settings):
    settings.HEALTH_SECONDS = 1800  # `./run prove R-15` has every five minutes
    simulator.clear()
    provider("well", simulator.path("tokens/3", tag="health"))
    provider("broken", simulator.path("status/503", tag="health"))
    provider("other", simulator.path("tokens/3", tag="health"), dialect="messages")

    for round_ in range(48):
        with time_machine.travel(START + timedelta(minutes=30 * round_), tick=False):
            assert health.check_due() == 3

    hits = simulator.hits("health")
    assert len(hits) >= 3 * 48
    assert paid(hits) == []
    assert StatusChange.objects.count() == 3  # each became known once
    assert HealthCheck.objects.count() == 3 * 48
    with time_machine.travel(START + timedelta(days=3), tick=False):
        health.check_due()
    assert HealthCheck.objects.count() == 3


def paid(hits):
    return [hit["path"] for hit in hits if hit["path"].partition("?")[0].endswith(PAID)]


@pytest.mark.django_db
def test_a_check_that_calls_a_model_would_be_seen(simulator, monkeypatch):
    from providers.adapters.chat import ChatAdapter
    from providers.wire import Call

    simulator.clear()
    provider("well", simulator.path("tokens/3", tag="defect"))

    def generate(self, target):
        body = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
        return Call("POST", f"{target.base_url}/chat/completions", {"content-type": "application/json"}, body)

    monkeypatch.setattr(ChatAdapter, "models_call", generate)

    health.check_due()

    assert paid(simulator.hits("defect"))


@pytest.mark.django_db
def test_one_that_hangs_holds_up_no_other_and_is_told(simulator, monkeypatch):
    provider("a-hangs", simulator.path("hang"))
    provider("well", simulator.path("tokens/3"))
    monkeypatch.setattr(health, "_PATIENCE", 0.5)

    assert health.check_due() == 2

    assert Provider.objects.get(slug="well").health == "up"
    hangs = Provider.objects.get(slug="a-hangs")
    assert (hangs.health, hangs.check_outcome, hangs.check_latency_ms) == ("down", "timeout", 500)
    assert "given up after 0.5 seconds" in hangs.check_message


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["by itself", "by a person"])
def test_providers_are_checked_at_once_but_only_so_many(monkeypatch, how):
    monkeypatch.setattr(health, "_AT_ONCE", 3)
    waiting, peak = set(), []

    async def answer_when_three_wait(reader, writer, seen):
        mine = len(seen.requests)
        waiting.add(mine)
        peak.append(len(waiting))
        while len(seen.requests) < 3 * -(-mine // 3):  # of its three, the last
            await asyncio.sleep(0.005)
        waiting.remove(mine)
        writer.write(MODELS)
        await writer.drain()

    with serving_in_a_thread(answer_when_three_wait) as server:
        rows = [provider(f"p{number}", server.url) for number in range(6)]
        if how == "by itself":
            health.check_due()
        else:
            assert [check.outcome for check in health.check_now(rows)] == ["ok"] * 6

    assert set(Provider.objects.values_list("health", flat=True)) == {"up"}
    assert max(peak) == 3


@pytest.mark.django_db
@pytest.mark.parametrize("place", ["look", "keep_check"])
def test_a_bug_about_one_keeps_no_other_from_being_checked(simulator, monkeypatch, place):
    provider("a-buggy", simulator.path("tokens/3"))
    provider("well", simulator.path("tokens/3"))
    real = getattr(health, place)

    def breaks(row, *others, **more):
        if row.slug == "a-buggy":
            raise RuntimeError("a bug")
        return real(row, *others, **more)

    monkeypatch.setattr(health, place, breaks)

    assert health.check_due() == 2
    assert dict(Provider.objects.values_list("slug", "health")) == {"a-buggy": "", "well": "up"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("forget", "evidence"),
    [
        (lambda row: update_provider(**by(row), base_url="http://127.0.0.1:9/v2"), "its address was changed"),
        (lambda row: remove_provider(**by(row)), "it was removed"),
        (lambda row: remove_credential(**by(row)), "its last credential was removed"),
    ],
)
def test_what_was_known_is_forgotten_with_what_it_was_known_of_and_that_is_told(forget, evidence):
    row = provider("x", "http://127.0.0.1:9/v1", needs_credential=True)
    set_credential(**by(row), secret="sk-1")
    keep_check(row, Check(Outcome.OK, "it answers", latency_ms=7), [])

    forget(row)

    found, change = Provider.objects.get(), StatusChange.objects.latest("id")
    assert (found.health, found.checked_at, found.check_latency_ms, found.bad_checks) == ("", None, None, 0)
    assert (change.before, change.after, change.evidence) == ("up", "", evidence)


def by(row):
    return {"actor": COMMAND_LINE, "provider": row}


@pytest.mark.django_db
def test_a_check_by_hand_is_the_turn_of_the_schedule_and_a_new_credential_gives_it_back(simulator):
    row = provider("x", simulator.path("tokens/3"))

    check_and_save(row)
    assert health.check_due() == 0
    set_credential(**by(row), secret="sk-1")
    assert health.check_due() == 1


@pytest.mark.django_db
def test_a_turn_is_taken_once(simulator):
    row = provider("well", simulator.path("tokens/3"))

    assert health.take_turn(row, START)
    assert not health.take_turn(row, START)  # the other worker read the same row before
    with time_machine.travel(START + timedelta(seconds=299), tick=False):
        assert health.check_due() == 0
    with time_machine.travel(START + timedelta(seconds=300), tick=False):
        assert health.check_due() == 1


@pytest.mark.django_db
def test_a_clock_that_was_ahead_stops_no_checks(simulator):
    row = provider("well", simulator.path("tokens/3"))
    health.take_turn(row, START + timedelta(days=365))

    with time_machine.travel(START, tick=False):
        assert health.check_due() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_at_once_one_checks_each_provider(simulator):
    simulator.clear()
    for number in range(4):
        provider(f"p{number}", simulator.path("tokens/3", tag="two"))
    both = threading.Barrier(2)

    def work(_):
        both.wait()
        try:
            return health.check_due()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(work, range(2))) == 4
    assert len(simulator.hits("two")) == 4
    assert StatusChange.objects.count() == HealthCheck.objects.count() == 4


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"removed_at": START}, {"base_url": "http://127.0.0.1:9/v2"}])
def test_what_was_found_of_one_that_is_gone_meanwhile_is_not_kept(change):
    row = provider("x", "http://127.0.0.1:9/v1")
    Provider.objects.update(**change)

    keep_check(row, Check(Outcome.OK, "it answers"), [])

    assert not HealthCheck.objects.exists()
    assert not StatusChange.objects.exists()


@pytest.mark.django_db
def test_one_that_was_renamed_meanwhile_is_kept():
    row = provider("x", "http://127.0.0.1:9/v1")
    Provider.objects.update(slug="y", name="y")

    keep_check(row, Check(Outcome.OK, "it answers"), [])

    found = Provider.objects.get()
    assert (found.slug, found.health) == ("y", "up")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "facts",
    [{"paused_reason": "x"}, {"needs_credential": True}, {"removed_at": START}],
)
def test_what_cannot_be_called_is_not_asked(facts):
    provider("x", "http://127.0.0.1:9/v1", **facts)

    assert health.check_due() == 0
    assert not StatusChange.objects.exists()


@pytest.mark.django_db
def test_one_failed_check_is_a_warning_and_two_are_a_change_told_once(client):
    from providers.status import status_of

    row = provider("x", "http://127.0.0.1:9/v1")
    words = []
    for outcome in (Outcome.OK, Outcome.TIMEOUT, Outcome.TIMEOUT, Outcome.TIMEOUT, Outcome.OK):
        keep_check(row, Check(outcome, f"said {outcome}", latency_ms=7), [])
        found = Provider.objects.get()
        words.append((found.health, status_of(found, usable=0, out=0).kind))

    assert words == [("up", "good"), ("up", "warn"), ("down", "bad"), ("down", "bad"), ("up", "good")]
    changes = StatusChange.objects.order_by("id").values_list("before", "after", "evidence")
    assert list(changes) == [
        ("", "up", "said ok"),
        ("up", "down", "said timeout"),
        ("down", "up", "said ok"),
    ]


@pytest.mark.django_db
def test_a_day_is_shown_by_its_worst_checks():
    row = provider("x", "http://127.0.0.1:9/v1")
    for minutes, outcome in ((3, "ok"), (4, "timeout"), (20, "ok"), (1500, "timeout")):
        at = START - timedelta(minutes=minutes)
        HealthCheck.objects.create(provider=row, at=at, outcome=outcome, latency_ms=minutes, message=outcome)

    spans = health.last_day(row, START)

    assert len(spans) == 96
    assert [(span.kind, span.checks, span.slowest_ms) for span in spans[-2:]] == [
        ("good", 1, 20),
        ("bad", 2, 4),
    ]
    assert {span.kind for span in spans[:-2]} == {"idle"}


@pytest.mark.django_db
def test_a_light_check_leaves_a_long_list_out(simulator):
    from providers.adapters import adapter_for
    from providers.check import check
    from providers.wire import Target

    simulator.clear()
    target = Target(simulator.path("tokens/3", tag="light"), "", "sk-1")

    found = asyncio.run(check(target, adapter_for("openrouter", "chat"), light=True))

    assert [hit["path"].rpartition("/")[2] for hit in simulator.hits("light")] == ["key"]
    assert found.outcome in {Outcome.OK, Outcome.FAILING}
