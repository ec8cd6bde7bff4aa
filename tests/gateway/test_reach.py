"""A key that may use some models and providers only, and a key with a new text."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from llmhub.audit.actor import SYSTEM
from llmhub.lib import clock
from routing.reach import Reach
from tests.gateway import budgets


def narrow(model, *, models=(), providers=()):
    from billing.key_reach import set_reach
    from billing.models import ApiKey

    def change():
        set_reach(actor=SYSTEM, key=ApiKey.objects.get(pk=model.key_id), models=models, providers=providers)

    model.gateway.change(change)


def rotated(model, **options) -> str:
    from billing.key_rotation import rotate_key
    from billing.models import ApiKey

    made = []
    key = ApiKey(pk=model.key_id)
    model.gateway.change(lambda: made.append(rotate_key(actor=SYSTEM, key=key, **options)[1]))
    return made[0]


@pytest.mark.parametrize(
    ("names", "name", "slug", "expected"),
    [
        ([], "acme/a", "acme/a", True),
        (["acme/a"], "acme/a", "acme/a", True),
        (["acme/a"], "fast", "acme/a", True),
        (["acme/a"], "acme/b", "acme/b", False),
        (["fast"], "fast", "acme/a", True),
        (["fast"], "acme/a", "acme/a", False),
        (["acme/*"], "acme/new", "acme/new", True),
        (["acme/*"], "acmeville/a", "acmeville/a", False),
        (["acme/*"], "fast", "other/a", False),
    ],
)
def test_a_list_of_models_is_ids_aliases_and_all_of_a_maker(names, name, slug, expected):
    assert Reach.of(names, []).has_model(name, slug) is expected


def test_a_model_that_the_key_may_not_use_is_refused_before_anything_is_sent(gateway, simulator):
    allowed = gateway.make(at=[simulator.path()])
    other = gateway.make(at=[simulator.path()])
    narrow(allowed, models=[allowed.name])
    before = len(simulator.hits())

    ok = budgets.ask(allowed)[0]
    status, _, body = budgets.ask(allowed, model=other.name)
    listed = gateway.get("/v1/models", key=allowed.key)[1]

    assert (ok, status, body["error"]["code"]) == (200, 403, "model_not_allowed")
    assert body["error"]["details"]["allowed"] == [allowed.name]
    assert [row["id"] for row in listed["data"]] == [allowed.name]
    assert gateway.get(f"/v1/models/{other.name}", key=allowed.key)[0] == 403
    assert gateway.get(f"/v1/models/{other.name}:floor", key=allowed.key)[0] == 403
    assert gateway.get(f"/v1/models/{allowed.name}:floor", key=allowed.key)[1]["id"] == allowed.name
    assert len(simulator.hits()) == before + 1


def test_a_provider_that_the_key_may_not_use_gets_no_call_also_as_a_fallback(gateway, simulator):
    model = gateway.make(at=[simulator.path("status/500"), simulator.path()])
    narrow(model, providers=[model.providers[0]])

    failed = budgets.ask(model)
    narrow(model, providers=[model.providers[1]])
    served = budgets.ask(model)

    assert failed[0] == 502
    assert (served[0], served[1]["x-llmhub-attempts"]) == (200, "1")


def test_no_provider_left_is_said(gateway, simulator):
    model, other = gateway.make(at=[simulator.path()]), gateway.make(at=[simulator.path()])
    narrow(model, providers=[other.providers[0]])

    status, _, body = budgets.ask(model)

    assert (status, body["error"]["code"]) == (403, "provider_not_allowed")


def test_after_a_rotation_both_texts_are_the_same_key(gateway, simulator):
    model = gateway.make(at=[simulator.path()])

    new = rotated(model)

    assert [gateway.get("/v1/models", key=key)[0] for key in (model.key, new)] == [200, 200]
    assert rotated(model) != new
    assert gateway.get("/v1/models", key=model.key)[0] == 401  # only one text before the last one works
    assert gateway.get("/v1/models", key=new)[0] == 200


def test_without_an_overlap_the_old_text_ends_at_once(gateway, simulator):
    model = gateway.make(at=[simulator.path()])

    new = rotated(model, overlap_hours=0)

    assert [gateway.get("/v1/models", key=key)[0] for key in (model.key, new)] == [401, 200]


@pytest.mark.django_db
def test_the_old_text_ends_by_the_clock_and_never_after_the_key():
    from billing.key import create_key
    from billing.key_rotation import rotate_key
    from llmhub.people.team import create_team
    from routing.gateway.authenticate import authenticate
    from routing.gateway.errors import Refusal
    from routing.load import load_snapshot

    now = clock.now()
    team = create_team(actor=SYSTEM, name="Support")
    key, _ = create_key(actor=SYSTEM, team=team, name="bot", expires_at=now + timedelta(hours=2))
    old = key.digest
    rotate_key(actor=SYSTEM, key=key, overlap_hours=24)
    snapshot = load_snapshot()

    assert authenticate(snapshot, old, now=now).was_replaced
    with time_machine.travel(now + timedelta(hours=3)), pytest.raises(Refusal, match="new text"):
        authenticate(snapshot, old, now=clock.now())
