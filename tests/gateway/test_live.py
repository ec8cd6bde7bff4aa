"""Changes of the configuration reach a running gateway within seconds."""

from __future__ import annotations

import http.client
import json
import time
from datetime import date, timedelta
from functools import partial

import openai
import pytest

from billing.key import pause_key, revoke_key
from billing.models import ApiKey
from catalog.models import Alias, CatalogEntry, Offer, Price, PublicName
from llmhub.audit.actor import SYSTEM
from llmhub.lib import clock, ids
from llmhub.people.models import Organisation
from providers.models import Provider
from routing.gateway import app, watch
from tests.fixtures.gateway import later
from tests.fixtures.gateway_process import QUICK_LOOK


@pytest.fixture
def model(gateway, simulator):
    return gateway.make(at=[simulator.path("tokens/3")])


def error_of(model) -> openai.APIStatusError:
    with pytest.raises(openai.APIStatusError) as caught:
        model.ask()
    return caught.value


def answered(model) -> bool:
    try:
        model.ask()
    except openai.APIStatusError:
        return False
    return True


def test_a_change_is_live_within_two_seconds(gateway, simulator, model):
    took = []
    for paused in ("for the test", "", "again"):
        with gateway.database():
            Provider.objects.filter(slug=model.providers[0]).update(paused_reason=paused)
            _audited()
        began = time.monotonic()
        gateway.until(lambda paused=paused: answered(model) is (paused == ""), within=5)
        took.append(time.monotonic() - began)

    slowest = max(took) + watch.LOOK_SECONDS - QUICK_LOOK  # as the product looks
    print(f"a change was live after {slowest:.2f} s at most")
    assert slowest < 2.0


def test_a_change_without_its_audit_event_is_not_seen(gateway, model):
    with gateway.database():
        Provider.objects.filter(slug=model.providers[0]).update(paused_reason="unaudited")

    time.sleep(2.5)

    assert answered(model)


def pause(model, reason: str) -> None:
    """Pause the first provider of a model."""
    first = Provider.objects.filter(slug=model.providers[0])
    model.gateway.change(lambda: first.update(paused_reason=reason))


def _audited() -> None:
    from django.db import transaction

    from llmhub.audit import log

    with transaction.atomic():
        log.record(SYSTEM, "test.changed", "test")


def test_a_revoked_key_dies_within_five_seconds(gateway, model):
    assert answered(model)

    with gateway.database():
        revoke_key(actor=SYSTEM, key=ApiKey.objects.get(pk=model.key_id))

    took = gateway.until(lambda: not answered(model), within=5 - watch.LOOK_SECONDS)
    print(f"a revoked key was refused after {took:.2f} s")
    assert error_of(model).code == "invalid_key"


@pytest.mark.parametrize(
    ("change", "code"),
    [(revoke_key, "invalid_key"), (partial(pause_key, reason="lost laptop"), "key_paused")],
)
def test_a_body_that_comes_after_its_key_was_stopped_makes_no_call(gateway, simulator, change, code):
    model = gateway.make(at=[simulator.path(tag=f"held-open-{code}")])
    body = json.dumps({"model": model.name, "messages": [{"role": "user", "content": "Hello"}]})
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    connection.putrequest("POST", "/v1/chat/completions")
    connection.putheader("authorization", f"Bearer {model.key}")
    connection.putheader("content-length", str(len(body)))
    connection.endheaders(body[:10].encode())
    time.sleep(app._PROMPT_MS / 1000)
    with gateway.database():
        change(actor=SYSTEM, key=ApiKey.objects.get(pk=model.key_id))
    gateway.until(lambda: not answered(model), within=5)
    simulator.clear()

    connection.send(body[10:].encode())
    said = json.loads(connection.getresponse().read())
    connection.close()

    assert said["error"]["code"] == code
    assert not simulator.hits(f"held-open-{code}")


def test_a_call_counts_from_the_moment_that_its_body_is_there(gateway, model):
    body = json.dumps({"model": model.name, "messages": [{"role": "user", "content": "Hello"}]})
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    connection.putrequest("POST", "/v1/chat/completions")
    connection.putheader("authorization", f"Bearer {model.key}")
    connection.putheader("content-length", str(len(body)))
    connection.endheaders()
    time.sleep(app._PROMPT_MS / 1000 + 0.7)
    sent = clock.now()

    connection.send(body.encode())
    answer = connection.getresponse()
    answer.read()
    connection.close()

    made = ids.moment_of(ids.parse_request_id(answer.getheader("x-llmhub-request-id")))
    assert answer.status == 200
    assert made >= sent - timedelta(milliseconds=10)


def test_a_paused_key_is_503_with_the_reason(gateway, model):
    gateway.change(
        lambda: pause_key(actor=SYSTEM, key=ApiKey.objects.get(pk=model.key_id), reason="lost laptop")
    )

    error = error_of(model)

    assert (error.status_code, error.code) == (503, "key_paused")
    assert "lost laptop" in error.message
    assert error.response.headers["retry-after"]


def test_a_paused_provider_is_503_with_the_reason(gateway, model):
    gateway.change(
        lambda: Provider.objects.filter(slug=model.providers[0]).update(paused_reason="invoice unpaid")
    )

    error = error_of(model)

    assert (error.status_code, error.code) == (503, "provider_paused")
    assert "invoice unpaid" in error.message
    assert error.body["details"]["dropped"][0]["reason"] == "provider_paused"


def test_everything_paused_is_503_with_the_reason_and_no_call_goes_out(gateway, simulator):
    model = gateway.make(at=[simulator.path(tag="all-paused")])
    gateway.change(
        lambda: Organisation.objects.update_or_create(pk=1, defaults={"paused_reason": "incident 7"})
    )
    try:
        error = error_of(model)
        listed = model.client().models.list().data
    finally:
        gateway.change(lambda: Organisation.objects.update(paused_reason=""))

    assert (error.status_code, error.code) == (503, "paused")
    assert "incident 7" in error.message
    assert not simulator.hits("all-paused")
    assert listed  # what reaches no provider goes on
    assert answered(model)


def test_a_paused_provider_is_passed_over_for_the_next(gateway, simulator):
    model = gateway.make(at=[simulator.path(tag="first-paused"), simulator.path()])
    gateway.change(
        lambda: Provider.objects.filter(slug=model.providers[0]).update(paused_reason="maintenance")
    )

    raw = model.ask()

    assert raw.headers["x-llmhub-provider"] == model.providers[1]
    assert not simulator.hits("first-paused")


def test_a_provider_without_its_credential_is_no_candidate(gateway, model):
    gateway.change(lambda: Provider.objects.filter(slug=model.providers[0]).update(needs_credential=True))

    error = error_of(model)

    assert (error.status_code, error.code) == (503, "no_candidate")
    assert "has no credential" in error.message


def test_an_alias_stands_for_its_model(gateway, model):
    name = model.name.replace("acme/", "alias-")

    def add():
        public = PublicName.objects.create(name=name, kind="alias")
        Alias.objects.create(name=public, entry=CatalogEntry.objects.get(pk=model.entry_id))

    gateway.change(add)
    raw = model.client().chat.completions.with_raw_response.create(model=name, messages=[{"role": "user"}])

    assert raw.headers["x-llmhub-model"] == model.name
    assert gateway.record(raw.headers["x-llmhub-request-id"]).requested == name


def test_the_price_in_force_at_the_moment_of_the_call_counts(gateway, model):
    def announce():
        offer = Offer.objects.get(entry_id=model.entry_id)
        Price.objects.create(offer=offer, effective_from=later(seconds=2.5), input="100", output="100")

    gateway.change(announce)
    before = gateway.record(model.ask().headers["x-llmhub-request-id"])
    time.sleep(2.5)
    after = gateway.record(model.ask().headers["x-llmhub-request-id"])

    assert before.cost_nano == int(before.input_tokens * 1500 + before.output_tokens * 6000)
    assert after.cost_nano == (after.input_tokens + after.output_tokens) * 100_000
    assert before.price_id != after.price_id


def test_a_sunset_is_decided_by_the_day_of_the_call(gateway, model):
    gateway.change(
        lambda: CatalogEntry.objects.filter(pk=model.entry_id).update(sunset_on=later(days=2).date())
    )
    assert answered(model)

    gateway.change(
        lambda: CatalogEntry.objects.filter(pk=model.entry_id).update(sunset_on=later(days=-1).date())
    )
    assert error_of(model).code == "model_retired"


def test_models_lists_what_the_key_may_call(gateway, model):
    listed = {row.id: row for row in model.client().models.list()}
    shown = model.client().models.retrieve(model.name)

    assert model.name in listed
    assert shown.id == model.name
    assert shown.pricing["input"] == "1.5"
    assert shown.owned_by == "acme"


def test_models_is_read_by_the_sdk_of_the_other_dialect_too(model):
    listed = {row.id: row for row in model.messages().models.list()}

    row = listed[model.name]
    assert (row.type, row.display_name) == ("model", model.client().models.retrieve(model.name).name)
    assert row.created_at.year >= 2025
    assert model.messages().models.retrieve(model.name).id == model.name


def test_models_leaves_out_what_cannot_be_called(gateway, simulator):
    made = gateway.make_all(
        {
            "none": {"at": []},
            "retired": {"at": [simulator.path()], "sunset_on": date(2026, 1, 1)},
            "found": {"at": [simulator.path()], "source": "discovered"},
            "fine": {"at": [simulator.path()]},
        }
    )

    names = {row.id for row in made["fine"].client().models.list()}

    assert {name for name, model in made.items() if model.name in names} == {"fine"}


def test_models_leaves_out_a_provider_without_its_credential_and_keeps_a_paused_one(gateway, simulator):
    model = gateway.make(at=[simulator.path(), simulator.path()])
    first, second = model.providers
    provider = Provider.objects.filter

    gateway.change(lambda: provider(slug=first).update(needs_credential=True))
    assert model.client().models.retrieve(model.name).providers == [second]

    gateway.change(lambda: provider(slug=second).update(paused_reason="bills"))
    assert model.client().models.retrieve(model.name).providers == [second]

    gateway.change(lambda: provider(slug=second).update(needs_credential=True, paused_reason=""))
    assert model.name not in {row.id for row in model.client().models.list()}


def test_a_configuration_that_cannot_be_read_keeps_the_last_good_one(make_gateway, simulator):
    gateway = make_gateway()
    gateway.start()
    model = gateway.make(at=[simulator.path("tokens/3")])
    with gateway.database():
        from django.db import connection

        connection.cursor().execute("ALTER TABLE catalog_offer RENAME TO catalog_offer_gone")
        _audited()

    gateway.until(lambda: "cannot be read" in gateway.log, within=5)
    assert answered(model)
    gateway.until(lambda: gateway.ready()["ready"] is False, within=10)
    assert "configuration" in gateway.ready()["reasons"][0]

    with gateway.database():
        connection.cursor().execute("ALTER TABLE catalog_offer_gone RENAME TO catalog_offer")
    gateway.until(lambda: gateway.ready()["ready"], within=5)
    gateway.kill()
