"""R-07: `Idempotency-Key`: of calls with one key, one goes out; what the others hear."""

from __future__ import annotations

import itertools
import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import openai
import pytest
from django.core.management import call_command

from billing.idempotency_models import IdempotencyKey
from billing.sweep import KEYS_LAST, forget_keys, sweep
from llmhub.lib import clock, ids
from tests.fixtures.gateway import gateways, later, using
from tests.gateway.test_content import keep

CROWD = 20
TAGS = (f"once-{number}" for number in itertools.count())


class Asker:
    """Asks a model under one idempotency key, of its own unless given."""

    def __init__(self, model, simulator, tag, *, key: str = "") -> None:
        self.model = model
        self.simulator = simulator
        self.tag = tag
        self.headers = {"idempotency-key": key or str(uuid.uuid4())}

    def ask(self, content="Hello", **options):
        return self.model.ask(content, **({"extra_headers": self.headers} | options))

    def error(self, content="Hello", **options) -> openai.APIStatusError:
        with pytest.raises(openai.APIStatusError) as caught:
            self.ask(content, **options)
        return caught.value

    def outcome(self, model) -> str:
        """What a caller gets: 200, or the code of the error."""
        try:
            model.ask(extra_headers=self.headers)
        except openai.APIStatusError as exc:
            return exc.code
        except openai.APIConnectionError:
            return "no answer"
        return "200"

    def crowd(self, *models) -> Counter:
        """How often what came out, when twenty ask at once."""
        with ThreadPoolExecutor(CROWD) as pool:
            return Counter(pool.map(self.outcome, models * (CROWD // len(models))))

    def in_flight(self) -> threading.Thread:
        """A call that has reached the provider and takes its time."""
        caller = threading.Thread(target=self.outcome, args=[self.model], daemon=True)
        caller.start()
        self.model.gateway.until(lambda: self.hits == 1, what="the call is at the provider")
        return caller

    @property
    def hits(self) -> int:
        return len(self.simulator.hits(self.tag))


@pytest.fixture
def asker(gateway, simulator):
    """A function: an asker of a new model at a provider with these switches."""

    def make(*switches, of=gateway, **options) -> Asker:
        tag = next(TAGS)
        return Asker(of.make(at=[simulator.path(*switches, tag=tag)]), simulator, tag, **options)

    return make


def test_of_twenty_at_once_one_goes_out(asker):
    twenty = asker("latency/1500")

    said = twenty.crowd(twenty.model)

    print(f"{CROWD} calls with one key: {dict(said)}, {twenty.hits} upstream")
    assert twenty.hits == 1
    assert said == {"200": 1, "in_flight": CROWD - 1}


def of_two_gateways(first, asker) -> tuple[int, Counter]:
    """How many went out, and what twenty got that asked at two gateways on one database."""
    first.start()
    twenty = asker("latency/1500", of=first)
    second = first.twin()
    second.start()
    said = twenty.crowd(twenty.model, replace(twenty.model, gateway=second))
    second.kill()
    first.kill()
    print(f"{CROWD} calls with one key at two gateways: {dict(said)}, {twenty.hits} upstream")
    return twenty.hits, said


def test_of_twenty_in_two_processes_one_goes_out(asker, make_gateway):
    assert of_two_gateways(make_gateway(), asker) == (1, {"200": 1, "in_flight": CROWD - 1})


@pytest.mark.postgres
def test_of_twenty_in_two_processes_on_postgres_one_goes_out(asker, postgres_server, django_db_blocker):
    url = postgres_server.url(postgres_server.create())
    with using(url, django_db_blocker):
        call_command("migrate", verbosity=0)

    with gateways(Path(), django_db_blocker, lambda: url) as make:
        assert of_two_gateways(make(), asker) == (1, {"200": 1, "in_flight": CROWD - 1})


def test_without_the_row_more_than_one_would_go_out(asker, make_gateway):
    careless = make_gateway()
    careless.start("forgetful")
    twenty = asker("latency/500", of=careless)

    said = twenty.crowd(twenty.model)
    careless.kill()

    print(f"{CROWD} calls with one key, the row not looked at: {dict(said)}, {twenty.hits} upstream")
    assert twenty.hits > 1


def test_after_it_the_others_hear_how_it_ended(asker, gateway):
    once = asker("tokens/5")
    first = once.ask()

    error = once.error()

    request_id = first.headers["x-llmhub-request-id"]
    assert (error.status_code, error.code) == (409, "already_done")
    assert error.body["details"] == {
        "request_id": request_id,
        "status": "ok",
        "http_status": 200,
        "cost": first.headers["x-llmhub-cost"],
    }
    assert request_id in error.message
    assert error.response.headers["x-should-retry"] == "false"
    assert gateway.get(f"/v1/requests/{request_id}", key=once.model.key)[0] == 200
    assert once.hits == len(gateway.records(once.model)) == 1


def test_where_its_team_has_content_kept_the_answer_is_repeated(asker, gateway):
    once, other = asker("tokens/5"), asker("tokens/5")
    keep(gateway, once.model, other.model)
    first = once.ask()
    other.ask()  # another answer that is kept

    again = once.ask()

    assert again.content == first.content
    assert again.headers["x-llmhub-repeated"] == "true"
    for name in ("x-llmhub-request-id", "x-llmhub-cost"):
        assert again.headers[name] == first.headers[name]
    assert once.hits == len(gateway.records(once.model)) == 1
    assert once.error("Goodbye").code == "idempotency_key_reused"
    assert once.error(stream=True).code == "idempotency_key_reused"


def test_no_stream_and_no_failure_is_repeated(asker, gateway):
    stream, failed = asker("tokens/5"), asker("status/503")
    keep(gateway, stream.model, failed.model)
    list(stream.model.stream(extra_headers=stream.headers))
    assert failed.error().code == "upstream_unavailable"

    assert stream.error(stream=True).code == "already_done"
    assert failed.error().code == "already_done"


def test_while_it_runs_the_others_are_asked_to_wait(asker):
    once = asker("latency/1500")
    caller = once.in_flight()

    error = once.error()
    caller.join()

    assert (error.status_code, error.code) == (409, "in_flight")
    assert error.response.headers["retry-after"] == "1"
    assert error.response.headers["x-should-retry"] == "true"
    assert error.body["details"]["request_id"].startswith("req_")


def test_an_sdk_waits_by_itself_until_the_first_call_has_ended(asker):
    once = asker("latency/700")
    caller = once.in_flight()

    with pytest.raises(openai.ConflictError) as caught:
        once.model.client(max_retries=openai.DEFAULT_MAX_RETRIES).chat.completions.create(
            model=once.model.name,
            messages=[{"role": "user", "content": "Hello"}],
            extra_headers=once.headers,
        )
    caller.join()

    assert caught.value.code == "already_done"
    assert once.hits == 1


def test_an_sdk_that_loses_patience_and_asks_again_makes_no_second_call(asker):
    once = asker("latency/3000")
    impatient = once.model.client(timeout=0.5, max_retries=openai.DEFAULT_MAX_RETRIES)

    with pytest.raises(openai.ConflictError) as caught:
        impatient.chat.completions.create(
            model=once.model.name,
            messages=[{"role": "user", "content": "Hello"}],
            extra_headers=once.headers,
        )

    assert caught.value.code == "already_done"
    assert caught.value.body["details"]["status"] == "cancelled"
    assert once.hits == 1


def test_another_body_is_422(asker):
    once = asker()
    first = once.ask()

    error = once.error("Goodbye")

    assert (error.status_code, error.code) == (422, "idempotency_key_reused")
    assert error.body["details"] == {"request_id": first.headers["x-llmhub-request-id"]}
    assert error.response.headers["x-should-retry"] == "false"
    assert once.hits == 1


def test_another_gateway_keys_same_word_is_another_call(asker):
    once, other = asker(key="order-7"), asker(key="order-7")
    stranger = Asker(replace(other.model, name=once.model.name), once.simulator, once.tag, key="order-7")

    once.ask()
    stranger.ask()

    assert once.hits == 2


def test_a_call_without_a_key_may_be_repeated(asker):
    once = asker()

    once.ask(extra_headers={})
    once.ask(extra_headers={})

    assert once.hits == 2


def test_the_key_may_be_in_the_body(asker):
    once = asker()
    body = {"llmhub": {"idempotency_key": once.headers["idempotency-key"]}}

    once.ask(extra_headers={}, extra_body=body)
    error = once.error(extra_headers={}, extra_body=body)

    assert error.code == "already_done"
    assert once.error().code == "idempotency_key_reused"  # the same key, and without it another body


def test_a_stream_is_made_once_too(asker):
    once = asker("tokens/40", "speed/40")

    chunks = once.model.stream(extra_headers=once.headers)
    next(chunks)
    while_it_runs = once.error(stream=True).code
    rest = sum(1 for _ in chunks)
    after_it = once.error(stream=True).code

    assert (while_it_runs, after_it) == ("in_flight", "already_done")
    assert rest > 20
    assert once.hits == 1


@pytest.mark.parametrize(
    ("failure", "code", "hits"),
    [
        ("status/429", "upstream_rate_limited", 1),  # the second one meets an offer that rests
        ("status/400", "upstream_rejected", 2),
    ],
)
def test_what_the_provider_refused_may_be_asked_again(asker, failure, code, hits):
    once = asker(failure)

    assert [once.error().code, once.error().code] == [code, code]
    assert once.hits == hits


def test_what_failed_at_the_provider_is_not_sent_again(asker):
    once = asker("status/503")

    assert once.error().code == "upstream_unavailable"
    error = once.error()

    assert error.code == "already_done"
    assert (error.body["details"]["status"], error.body["details"]["http_status"]) == ("error", 502)
    assert once.hits == 1


def test_a_call_that_was_refused_leaves_its_key_free(asker, gateway):
    from providers.models import Provider

    once = asker()
    providers = Provider.objects.filter(slug=once.model.providers[0])
    gateway.change(lambda: providers.update(paused_reason="for the test"))
    assert once.error().code == "provider_paused"

    gateway.change(lambda: providers.update(paused_reason=""))

    assert once.ask().status_code == 200


def test_a_call_that_was_killed_is_not_made_again(asker, make_gateway):
    gateway = make_gateway()
    gateway.start()
    once = asker("latency/30000", of=gateway)
    once.in_flight()
    gateway.kill()
    gateway.start()

    while_it_holds = once.error().code
    with gateway.database():
        sweep(later(hours=1))
    error = once.error()
    gateway.kill()

    assert (while_it_holds, error.code) == ("in_flight", "already_done")
    assert (error.body["details"]["status"], error.body["details"]["http_status"]) == ("interrupted", None)
    assert once.hits == 1


def test_after_24_hours_the_key_is_free(asker, gateway):
    once = asker()
    made = ids.parse_request_id(once.ask().headers["x-llmhub-request-id"])
    old = ids.first_at(clock.now() - KEYS_LAST) - 1

    with gateway.database():
        IdempotencyKey.objects.filter(usage_id=made).update(usage_id=old)
        forget_keys()

    assert once.ask().status_code == 200
    assert once.hits == 2
