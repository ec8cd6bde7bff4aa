"""R-32: one step beyond each limit, at the gateway and in the console."""

from __future__ import annotations

import json
import time

from django.test import Client

from providers.client import MAX_BYTES, Timeouts
from providers.sse import MAX_LINE
from routing.gateway.body import MAX_BODY, MAX_DEPTH
from routing.gateway.hub import Limits
from tests.fixtures.people import Api
from tests.gateway.test_refusals import post
from tests.prove import calls
from tests.prove.row import Figures

ROW = "R-32"
CLAIM = "Bodies, depth, answers, lines and waiting are bounded, and beyond a bound there is a defined answer"
MIB = 2**20
_CONSOLE = 1 * MIB
_WANTED = (32 * MIB, 64, 16 * MIB, 1 * MIB, Timeouts(5.0, 120.0, 60.0, 600.0), 600.0)


def prove(stand) -> Figures:
    return _exceed(stand)


def control(stand) -> Figures:
    """With bodies of any size and depth."""
    return _exceed(stand, "boundless")


def _exceed(stand, *flags: str) -> Figures:
    set_ = (MAX_BODY, MAX_DEPTH, MAX_BYTES, MAX_LINE, Timeouts(), Limits().deadline)
    gateway = stand.gateway("hurried", *flags)
    wrong = [*_requests(stand, gateway), *_answers(stand, gateway), *_console(stand)]
    slow, took = _waiting(stand, gateway)
    different = sum(one != other for one, other in zip(set_, _WANTED, strict=True))
    missed = [name for name, ok in [*wrong, *slow] if not ok]
    return Figures(
        not missed and not different,
        {
            "tries at and beyond a limit": len(wrong) + len(slow),
            "as what had not its answer": ", ".join(missed) or 0,
            "limits set otherwise than required": different,
            "s at most until a call ended whose limit is 2 s": took,
        },
    )


def _requests(stand, gateway):
    model = gateway.make(at=[stand.simulator.path("tokens/2")])
    start = (
        b'{"model": "%s", "messages": [{"role": "user", "content": "x"}], "metadata": ' % model.name.encode()
    )
    bodies = {
        "a body of 32 MiB and a byte": (b" " * (MAX_BODY + 1), 413),
        "65 levels": (start + b"[" * 64 + b"]" * 64 + b"}", 400),
        "a hundred thousand levels": (start + b"[" * 100_000, 400),
        "bad UTF-8": (b'{"model": "\xff\xfe"}', 400),
        "64 levels": (start + b"[" * 63 + b"]" * 63 + b"}", 200),
    }
    for name, (body, status) in bodies.items():
        answered, _, _ = post(gateway, body, authorization=f"Bearer {model.key}")
        yield name, answered == status


def _answers(stand, gateway):
    for name, path in {"an answer of 17 MiB": "huge/17", "a line of 2 MiB": "long_line/2"}.items():
        model = gateway.make(at=[stand.simulator.path(path)])
        outcome = calls.at_once([gateway.url], model, 1, stream="line" in path)[0]
        yield name, outcome.code == "upstream_too_large"


def _waiting(stand, gateway) -> tuple[list, float]:
    """What comes of answers that do not, with limits of 2 s and less."""
    found, longest = [], 0.0
    for path, stream in (("hang", True), ("hang_events/2", True), ("slow_loris/400", True), ("hang", False)):
        model = gateway.make(at=[stand.simulator.path(path)])
        began = time.monotonic()
        outcome = calls.at_once([gateway.url], model, 1, stream=stream)[0]
        longest = max(longest, time.monotonic() - began)
        found.append(
            (f"{path}, {'streamed' if stream else 'whole'}", "time" in outcome.code or "dead" in outcome.code)
        )
    return found, longest


def _console(stand):
    from llmhub.audit.actor import SYSTEM
    from llmhub.people.service_key import create_service_key

    stand.hub_database()
    api = Api(create_service_key(actor=SYSTEM, name="prove", role="admin")[1])
    client: Client = api.client
    client.raise_request_exception = False
    large = json.dumps({"name": "x" * _CONSOLE})
    answer = client.post("/api/v1/teams", large, content_type="application/json")
    yield "1 MiB in the console", answer.status_code in {400, 413}
