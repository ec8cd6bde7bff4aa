"""A provider that sends our own credential back: no caller gets to see it."""

from __future__ import annotations

import json

import openai
import pytest

from tests.providers.servers import answer, serving_in_a_thread

SECRET = "Canary/7Zq0+xWv93.live"
ESCAPED = "".join(f"\\u{ord(letter):04x}" for letter in SECRET)
TEXT = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
EVENTS = "content-type: text/event-stream"


def error(quoting: str) -> bytes:
    return b'{"error":{"message":"the key %s is bad"}}' % quoting.encode()


ECHOES = {
    "refusal": (answer(error(ESCAPED), "content-type: application/json", status="400 No"), False),
    "refusal of a stream": (answer(error(ESCAPED), "content-type: application/json", status="400 No"), True),
    "error in a 200": (answer(error(SECRET), "content-type: application/json"), False),
    "escaped error in a 200": (answer(error(ESCAPED), "content-type: application/json"), False),
    "error where a stream was asked for": (answer(error(SECRET), "content-type: application/json"), True),
    "error in a stream": (answer(TEXT + b"data: " + error(SECRET) + b"\n\n", EVENTS), True),
    "error before the stream": (answer(b"data: " + error(ESCAPED) + b"\n\n", EVENTS), True),
}


@pytest.mark.parametrize("echo", ECHOES)
def test_our_credential_never_reaches_a_caller(gateway, echo):
    reply, streamed = ECHOES[echo]
    with serving_in_a_thread(reply) as server:
        model = gateway.make(at=[server.url], secret=SECRET)

        with pytest.raises(openai.APIError) as caught:
            list(model.stream()) if streamed else model.ask()

    assert SECRET.encode() in server.requests[0]  # it was sent, or there would be nothing to leak
    assert "[credential] is bad" in json.dumps(caught.value.body)
    assert "Canary" not in json.dumps(caught.value.body) + gateway.log
