"""R-22: a caller who wants to choose where its call goes, by which credential, and with which headers."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from tests.prove.row import Figures

ROW = "R-22"
CLAIM = "No caller chooses host, credential or headers; a provider that moves leaves its credential behind"
BAR = "0 headers of a caller, 0 calls elsewhere or by another credential, 0 old credentials at a new address"
DATABASES = ("sqlite", "postgres")
SECRET, CANARY = "sk-of-the-provider", "canary-5b1e"
_OURS = {
    "host", "accept", "accept-encoding", "content-type", "content-length", "user-agent", "authorization",
    "x-api-key", "anthropic-version", "anthropic-beta", "x-llmhub-hop",
}  # fmt: skip
# `anthropic-beta` goes on to providers of its dialect: which betas there are, they know.
_HEADERS = (
    "x-forwarded-host", "x-forwarded-for", "forwarded", "x-original-url", "x-rewrite-url",
    "x-http-host-override",
    "cookie", "proxy-authorization", "openai-organization", "openai-project", "http-referer", "x-title",
    "user-agent", "anthropic-version", "x-goog-api-key", "api-key", "x-custom", "referer",
    "origin", "via", "te", "x-real-ip", "x-amz-security-token", "accept", "accept-language",
)  # fmt: skip
_FIELDS = ("base_url", "api_base", "api_key", "extra_headers", "headers", "url", "endpoint", "organization")


def prove(stand) -> Figures:
    return _try(stand)


def control(stand) -> Figures:
    """With a gateway that passes a caller's headers on."""
    return _try(stand, "obliging")


def _try(stand, *flags: str) -> Figures:
    gateway = stand.gateway(*flags)
    path = stand.simulator.path
    models = gateway.make_all(
        {
            dialect: {"at": [(dialect, path("tokens/3", tag="right"))], "secret": SECRET}
            for dialect in ("chat", "messages")
        }
    )
    elsewhere = path(tag="elsewhere")
    stand.simulator.clear()
    tries = [
        _ask(model, dialect, {name: CANARY}, {}) for dialect, model in models.items() for name in _HEADERS
    ]
    tries += [
        _ask(model, dialect, {}, {name: {"host": elsewhere} if "headers" in name else elsewhere})
        for dialect, model in models.items()
        for name in _FIELDS
    ]
    hits = stand.simulator.hits("right")
    foreign = sum(bool(set(hit["headers"]) - _OURS) or CANARY in json.dumps(hit["headers"]) for hit in hits)
    moved = _moved(stand, gateway, models["chat"])
    theirs = sum(SECRET not in json.dumps(hit["headers"]) for hit in hits)
    return Figures(
        len(hits) > len(tries) // 2
        and foreign == theirs == 0
        and not stand.simulator.hits("elsewhere")
        and not moved,
        {
            "tries": len(tries),
            "of them went out": len(hits),
            "with a header of the caller": foreign,
            "by another credential": theirs,
            "to an address of the caller": len(stand.simulator.hits("elsewhere")),
            "old credentials at a new address": moved,
        },
    )


def _moved(stand, gateway, model) -> int:
    """How often the old credential comes to the address that a provider is moved to."""
    from llmhub.audit.actor import SYSTEM
    from providers.models import Provider
    from providers.provider import update_provider

    with gateway.database():
        provider = Provider.objects.get(slug=model.providers[0])
    where = stand.simulator.path(tag="moved")
    gateway.change(lambda: update_provider(actor=SYSTEM, provider=provider, base_url=where))
    for _ in range(5):
        _ask(model, "chat", {}, {})
    return sum(SECRET in json.dumps(hit["headers"]) for hit in stand.simulator.hits("moved"))


def _ask(model, dialect: str, headers: dict, fields: dict) -> int:
    path = {"chat": "/v1/chat/completions", "messages": "/v1/messages"}[dialect]
    body = {"model": model.name, "max_tokens": 5, "messages": [{"role": "user", "content": "x"}], **fields}
    request = urllib.request.Request(model.gateway.url + path, json.dumps(body).encode())
    for name, value in {**headers, "authorization": f"Bearer {model.key}"}.items():
        request.add_header(name, value)
    request.add_header("content-type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
