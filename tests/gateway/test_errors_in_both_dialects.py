"""What a provider of either dialect refuses is told in the caller's own, with one status for one cause."""

from __future__ import annotations

import anthropic
import openai
import pytest

# What the provider answers: the caller's status, our code, the type in the messages dialect.
CAUSES = {
    "status/400": (400, "upstream_rejected", "invalid_request_error"),
    "status/401": (502, "upstream_refused_credential", "api_error"),
    "status/402": (502, "upstream_refused_credential", "api_error"),
    "status/403": (502, "upstream_refused_credential", "api_error"),
    "status/404": (502, "upstream_refused_credential", "api_error"),
    "status/413": (400, "upstream_rejected", "invalid_request_error"),
    "status/422": (400, "upstream_rejected", "invalid_request_error"),
    "status/429": (429, "upstream_rate_limited", "rate_limit_error"),
    "status/500": (502, "upstream_unavailable", "api_error"),
    "status/503": (502, "upstream_unavailable", "api_error"),
    "status/504": (504, "upstream_timeout", "timeout_error"),
    "status/529": (502, "upstream_unavailable", "api_error"),
    "html": (502, "upstream_bad_reply", "api_error"),
    "garbage": (502, "upstream_bad_reply", "api_error"),
    "empty": (502, "upstream_bad_reply", "api_error"),
}
MAY_BE_RETRIED = {"upstream_rate_limited"}


@pytest.fixture(scope="module")
def models(gateway, simulator):
    """A model for each cause at a provider of each dialect."""
    wanted = {
        (dialect, way): (dialect, simulator.path(way)) for way in CAUSES for dialect in ("chat", "messages")
    }
    made = gateway.make_all({f"{dialect} {way}": {"at": [at]} for (dialect, way), at in wanted.items()})
    return {pair: made[" ".join(pair)] for pair in wanted}


@pytest.mark.parametrize("way", CAUSES)
@pytest.mark.parametrize("provider", ["chat", "messages"])
def test_a_chat_caller_hears_it_in_chat(models, provider, way):
    with pytest.raises(openai.APIStatusError) as caught:
        models[provider, way].ask()

    status, code, _ = CAUSES[way]
    assert (caught.value.status_code, caught.value.code) == (status, code)
    assert caught.value.message
    assert caught.value.response.headers["x-should-retry"] == ("true" if code in MAY_BE_RETRIED else "false")


@pytest.mark.parametrize("way", CAUSES)
@pytest.mark.parametrize("provider", ["chat", "messages"])
def test_a_messages_caller_hears_it_in_messages(models, provider, way):
    with pytest.raises(anthropic.APIStatusError) as caught:
        models[provider, way].say()

    status, code, kind = CAUSES[way]
    error = caught.value.body["error"]
    assert (caught.value.status_code, error["code"], error["type"]) == (status, code, kind)
    assert caught.value.body["request_id"] == caught.value.response.headers["x-llmhub-request-id"]
    assert caught.value.response.headers["x-should-retry"] == ("true" if code in MAY_BE_RETRIED else "false")


@pytest.mark.parametrize("provider", ["chat", "messages"])
def test_an_error_in_the_middle_of_a_stream_is_an_event_of_the_callers_dialect(gateway, simulator, provider):
    model = gateway.make(at=[(provider, simulator.path("error_mid/6", "tokens/20"))])

    with pytest.raises(openai.APIError) as chat:
        list(model.stream())
    with (
        pytest.raises(anthropic.APIStatusError) as messages,
        model.messages().messages.stream(
            model=model.name, max_tokens=64, messages=[{"role": "user", "content": "Hello"}]
        ) as events,
    ):
        events.get_final_message()

    assert chat.value.code == "upstream_failed"
    assert messages.value.body["error"]["code"] == "upstream_failed"
    assert [record.error_code for record in gateway.records(model)] == ["upstream_failed"] * 2


@pytest.mark.parametrize("provider", ["chat", "messages"])
@pytest.mark.parametrize("events", [3, 5, 7])
def test_a_stream_that_is_cut_is_never_ended_for_the_provider(gateway, simulator, provider, events):
    model = gateway.make(at=[(provider, simulator.path(f"end_events/{events}", "tokens/20"))])

    with pytest.raises(openai.APIError) as chat:
        list(model.stream())
    with pytest.raises(anthropic.APIStatusError) as messages:
        list(model.messages().messages.create(
            model=model.name, max_tokens=64, messages=[{"role": "user", "content": "Hello"}], stream=True
        ))  # fmt: skip

    codes = {chat.value.code, messages.value.body["error"]["code"]}
    assert codes == {record.error_code for record in gateway.records(model)} == {"upstream_truncated"}
