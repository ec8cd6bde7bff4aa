"""What is shown of a provider's message: on one line, bounded, and never with the credential of the call."""

from __future__ import annotations

import asyncio
import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.adapters import adapter_for
from providers.client import Client
from providers.errors import BadReply, ProviderError, hiding
from providers.quoting import MAX_QUOTE, quoted
from providers.wire import Target
from tests.providers.servers import answer, serving

SECRET = "Canary/7Zq0+xWv93.live=="  # like nothing in particular


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "said",
    [
        SECRET,
        f"wrong key {SECRET}.",
        f"x{SECRET}y {SECRET}{SECRET}",
        SECRET.upper(),
        "\u200b".join(SECRET),
        quote(SECRET, safe=""),
        f"https://a.test/?key={quote(SECRET, safe='').lower()}&b=1",
        base64_of(SECRET),
        base64_of(f"user:{SECRET}"),
        base64_of(f"me:{SECRET}:more"),
        base64.urlsafe_b64encode(f"a:{SECRET}".encode()).decode(),
    ],
)
def test_the_credential_is_hidden_in_every_form(said):
    shown = quoted(said, hide=SECRET)

    assert "[credential]" in shown
    for part in ("Canary", "canary", "7Zq0", "7zq0", base64_of(SECRET)[4:12], base64_of("a:" + SECRET)[4:12]):
        assert part not in shown.replace("[credential]", "")


def test_a_credential_that_is_partly_like_one_is_hidden_whole():
    assert quoted("no: a.sk-12345678/Rest", hide="a.sk-12345678/Rest") == "no: [credential]"


@given(st.integers(0, 4 * MAX_QUOTE + 40), st.sampled_from(["x", " ", "é", "\u200b", " \u200b", "x "]))
def test_a_cut_never_leaves_the_beginning_of_one(before, filler):
    shown = quoted((filler * before)[:before] + SECRET, hide=SECRET)

    assert SECRET[:4] not in shown
    assert len(shown) <= MAX_QUOTE + len("[credential]")


def test_without_a_credential_the_message_stays():
    assert quoted("too  many\nrequests") == "too many requests"


def test_what_is_raised_inside_quotes_no_credential():
    with pytest.raises(ProviderError) as caught, hiding(SECRET):
        raise BadReply(f"no {SECRET}")

    assert (caught.value.message, str(caught.value)) == ("no [credential]", "no [credential]")
    assert SECRET not in repr(caught.value)


ESCAPED = "".join(f"\\u{ord(letter):04x}" for letter in SECRET)  # as JSON may write every letter
ERROR = b'{"error":{"message":"bad key %s"}}'
REPLIES = {
    "refused": (ERROR % SECRET.encode(), "400 Bad Request"),
    "refused, escaped": (ERROR % ESCAPED.encode(), "400 Bad Request"),
    "inside a 200": (ERROR % SECRET.encode(), "200 OK"),
    "inside a 200, escaped": (ERROR % ESCAPED.encode(), "200 OK"),
    "in a choice": (
        json.dumps({"choices": [{"finish_reason": "error", "error": {"message": SECRET}}]}).encode(),
        "200 OK",
    ),
    "as raw metadata": (
        json.dumps({"error": {"message": "", "metadata": {"raw": f"echo {SECRET}"}}}).encode(),
        "502 Bad Gateway",
    ),
}


@pytest.mark.parametrize("reply", REPLIES)
def test_an_error_from_the_wire_quotes_no_credential(reply):
    body, status = REPLIES[reply]
    adapter = adapter_for("custom", "chat")

    async def ask():
        client = Client()
        async with serving(answer(body, status=status)) as server:
            call = adapter.generate_call(Target(server.url, "m", SECRET), {}, stream=False)
            try:
                with hiding(call.credential):
                    got = await client.send(call)
                    if got.status != 200:
                        raise adapter.failure(got.status, got.headers, got.content)
                    adapter.parse_answer(got.content)
            finally:
                await client.aclose()

    with pytest.raises(ProviderError, match=r"\[credential\]") as caught:
        asyncio.run(ask())

    assert "Canary" not in caught.value.message
