"""A caller that leaves: the upstream call ends with it, and is recorded once, as an estimate."""

from __future__ import annotations

import json
import socket
import time

import pytest

from billing.call_rules import set_rules
from llmhub.audit.actor import SYSTEM
from llmhub.people.models import Team


@pytest.fixture(scope="module")
def models(gateway, simulator):
    return gateway.make_all(
        {
            "stream": {"at": [simulator.path("speed/100", "tokens/3000", tag="left-stream")]},
            "whole": {"at": [simulator.path("latency/20000", tag="left-whole")]},
            "slow": {"at": [simulator.path("first/20000", tag="left-first")]},
        }
    )


def call(model, *, stream: bool) -> socket.socket:
    """A call over a bare socket, so that it can be left at any moment."""
    body = json.dumps(
        {"model": model.name, "stream": stream, "messages": [{"role": "user", "content": "x" * 400}]}
    )
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {model.key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", model.gateway.port), timeout=10)
    connection.sendall((head + body).encode())
    return connection


def leave(gateway, simulator, connection, tag) -> float:
    """Close the connection; return the seconds until the provider saw its own closed."""
    simulator_saw = lambda: [hit for hit in simulator.hits(tag) if hit["ended_by"] == "client"]  # noqa: E731
    before = len(simulator_saw())
    connection.close()
    return gateway.until(lambda: len(simulator_saw()) > before, within=5, what="the provider saw it")


@pytest.mark.parametrize(("name", "stream"), [("stream", True), ("slow", True), ("whole", False)])
def test_the_upstream_call_ends_within_a_second(gateway, simulator, models, name, stream):
    took = []
    for wait in (0.3, 0.5, 0.8):
        connection = call(models[name], stream=stream)
        gateway.until(lambda: [hit for hit in simulator.hits(f"left-{_tag(name)}") if not hit["ended_by"]])
        time.sleep(wait)
        took.append(leave(gateway, simulator, connection, f"left-{_tag(name)}"))

    print(f"{name}: the provider saw the close after {max(took) * 1000:.0f} ms at most")
    assert max(took) < 1.0


def _tag(name: str) -> str:
    return "first" if name == "slow" else name


def test_a_stream_that_was_left_is_charged_what_was_seen(gateway, simulator, models):
    connection = call(models["stream"], stream=True)
    seen = b""
    while seen.count(b"data: ") < 50:
        seen += connection.recv(65536)
    leave(gateway, simulator, connection, "left-stream")

    gateway.until(lambda: not gateway.reservations(), within=5, what="it is settled")
    record = gateway.records(models["stream"])[-1]
    attempt = gateway.attempts(record)[0]
    assert (record.status, record.http_status, record.cost_source) == ("cancelled", 0, "estimated")
    assert (attempt.status, attempt.usage_estimated) == ("cancelled", True)
    assert record.input_tokens >= 100
    assert 25 <= record.output_tokens <= 200
    assert record.cost_nano > 0


def test_a_whole_answer_nobody_waited_for_is_charged_by_the_time(gateway, simulator, models):
    connection = call(models["whole"], stream=False)
    time.sleep(1.0)
    leave(gateway, simulator, connection, "left-whole")

    gateway.until(lambda: not gateway.reservations(), within=5, what="it is settled")
    record = gateway.records(models["whole"])[-1]
    assert (record.status, record.cost_source) == ("cancelled", "estimated")
    assert 40 <= record.output_tokens <= 200  # about a second at 50 tokens a second


@pytest.mark.parametrize("stream", [True, False])
def test_where_its_team_has_it_so_a_call_is_finished_and_charged_in_full(gateway, simulator, stream):
    tag = f"left-finish-{stream}"
    model = gateway.make(at=[simulator.path("first/600", "speed/100", "tokens/40", tag=tag)])
    team = Team.objects.filter(slug=model.team)
    gateway.change(lambda: set_rules(actor=SYSTEM, team=team.get(), when_left="finish"))
    connection = call(model, stream=stream)
    gateway.until(lambda: simulator.hits(tag), within=5)
    connection.close()

    gateway.until(lambda: gateway.records(model), within=5, what="it is settled")
    record = gateway.records(model)[0]
    attempt = gateway.attempts(record)[0]
    assert (record.status, record.error_code, record.http_status) == ("cancelled", "caller_left", 0)
    assert (record.output_tokens, record.cost_source) == (40, "computed")
    assert (attempt.status, attempt.usage_estimated) == ("ok", False)
    assert simulator.hits(tag)[0]["ended_by"] != "client"
    assert not gateway.reservations()


def test_a_call_that_is_finished_for_nobody_is_tried_nowhere_else(gateway, simulator):
    first = simulator.path("first/600", "status/500", tag="left-failing")
    second = simulator.path("tokens/40", tag="left-second")
    model = gateway.make(at=[first, second])
    team = Team.objects.filter(slug=model.team)
    gateway.change(lambda: set_rules(actor=SYSTEM, team=team.get(), when_left="finish"))
    connection = call(model, stream=False)
    gateway.until(lambda: simulator.hits("left-failing"), within=5)
    connection.close()

    gateway.until(lambda: gateway.records(model), within=5, what="it is settled")
    assert len(gateway.attempts(gateway.records(model)[0])) == 1
    assert not simulator.hits("left-second")
    assert not gateway.reservations()


def test_forty_callers_that_leave_make_forty_records(gateway, simulator, models):
    before = len(gateway.records(models["stream"]))
    connections = [call(models["stream"], stream=True) for _ in range(40)]
    gateway.until(lambda: len([hit for hit in simulator.hits("left-stream") if not hit["ended_by"]]) == 40)
    for number, connection in enumerate(connections):
        time.sleep(0.005)
        if number % 2:
            connection.recv(4096)
        connection.close()

    gateway.until(lambda: len(gateway.records(models["stream"])) >= before + 40, what="all are recorded")
    gateway.until(lambda: not gateway.reservations(), within=5, what="nothing is held")
    records = gateway.records(models["stream"])[before:]
    assert len(records) == 40
    assert {record.status for record in records} == {"cancelled"}


def test_a_caller_that_leaves_in_the_middle_of_its_body_costs_nothing(gateway, models):
    connection = socket.create_connection(("127.0.0.1", gateway.port), timeout=10)
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {models['whole'].key}\r\n"
    connection.sendall((head + "content-length: 1000\r\n\r\n{").encode())
    time.sleep(0.2)
    connection.close()

    gateway.until(lambda: '"code": "caller_left"' in gateway.log, within=5, what="the log says it")
    assert gateway.reservations() == 0


def test_a_caller_that_does_not_read_holds_no_memory(gateway, simulator):
    model = gateway.make(at=[simulator.path("endless", tag="unread")])
    before = gateway.resident()
    connection = call(model, stream=True)
    time.sleep(2)
    grown = gateway.resident() - before
    connection.close()

    print(f"{grown / 2**20:.1f} MiB more after 2 s of an endless stream that nobody read")
    assert grown < 16 * 2**20
    assert simulator.ended(1, tag="unread")[0]["ended_by"] == "client"
