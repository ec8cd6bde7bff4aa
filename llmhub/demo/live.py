"""`python -m llmhub.demo.live ADDRESS KEYS`: calls of the demo's services, one every few seconds.

A process of `up --demo`, supervised like the others. It knows the gateway's address on this machine
and the texts of the demo's keys, and nothing else: its calls are those of any caller.
"""

from __future__ import annotations

import ipaddress
import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from llmhub.demo import cast

LEAST_PAUSE, MOST_PAUSE = 2.0, 10.0  # seconds between two calls
PATHS = {
    "chat": "/v1/chat/completions",
    "messages": "/v1/messages",
    "embeddings": "/v1/embeddings",
}
_TIMEOUT = httpx.Timeout(60.0, connect=2.0)
_QUESTIONS = (
    "The customer writes that the parcel came without its lid. Draft a reply.",
    "Which of these tickets is about billing?",
    "Summarise what failed in the last hour, in three lines.",
    "Review this change: the retry loop now has a limit of five.",
    "Suggest a title for a newsletter about spring cleaning.",
)
_CHANCE = random.Random()  # noqa: S311 - plausible, not secret


def main(address: str, keys: str) -> None:
    """Call until the process is told to end; a call that fails is a call."""
    refuse_elsewhere(address)
    texts: dict[str, str] = json.loads(Path(keys).read_text())
    with httpx.Client(base_url=address, timeout=_TIMEOUT, trust_env=False) as client:
        while True:
            time.sleep(_CHANCE.uniform(LEAST_PAUSE, MOST_PAUSE))
            call(client, texts)


def refuse_elsewhere(address: str) -> None:
    """Raise `ValueError` unless `address` is one of this machine's own: demo calls go nowhere else."""
    host = urlsplit(address).hostname or ""
    try:
        is_near = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_near = False
    if not is_near:
        raise ValueError(f"{address} is not on this machine: live demo calls go only to the hub beside them")


def call(client: httpx.Client, texts: dict[str, str]) -> None:
    """Make one call of a service whose key is known, and read its answer to the end."""
    services = [row for row in cast.SERVICES if row.key in texts]
    service = _CHANCE.choices(services, weights=[row.per_weekday for row in services])[0]
    headers = {"authorization": f"Bearer {texts[service.key]}", **_notes(service)}
    try:
        with client.stream("POST", PATHS[service.calls], json=body(service), headers=headers) as reply:
            for _ in reply.iter_raw():
                pass
    except httpx.HTTPError as trouble:  # the gateway restarts, or a provider broke off
        sys.stderr.write(f"{service.key}: {trouble or type(trouble).__name__}\n")


def body(service: cast.Service) -> dict[str, Any]:
    """Return what a service asks now."""
    weights = [4**-place for place in range(len(service.asks))]
    model = _CHANCE.choices(service.asks, weights=weights)[0]
    if service.calls == "embeddings":
        return {"model": model, "input": list(_QUESTIONS)}
    system, question = _messages(service)
    in_words = service.calls == "messages"
    return {
        "model": model,
        **({"system": system["content"]} if in_words else {}),
        "messages": [question] if in_words else [system, question],
        "max_tokens": max(8, round(service.output_tokens * _CHANCE.lognormvariate(0, 0.4))),
        "stream": _CHANCE.random() < service.streamed,
        **_asked(service),
    }


def _asked(service: cast.Service) -> dict[str, Any]:
    """Return what a service asks of an answer besides words."""
    if "json_mode" in service.needs:
        return {"response_format": {"type": "json_object"}}
    if "tools" not in service.needs:
        return {}
    schema = {"type": "object", "properties": {"file": {"type": "string"}}}
    if service.calls == "messages":
        return {"tools": [{"name": "read_file", "input_schema": schema}]}
    return {"tools": [{"type": "function", "function": {"name": "read_file", "parameters": schema}}]}


def _messages(service: cast.Service) -> Iterator[dict[str, str]]:
    words = max(1, service.input_tokens // 20)  # enough to be seen, small enough not to be felt
    yield {"role": "system", "content": f"You are {service.key}. " + "Be brief and exact. " * (words // 5)}
    yield {"role": "user", "content": _CHANCE.choice(_QUESTIONS)}


def _notes(service: cast.Service) -> dict[str, str]:
    """Return the headers that say what a call is for."""
    found = {"x-llmhub-tags": ",".join(f"{name}={value}" for name, value in service.tags)}
    if service.session:
        found["x-llmhub-session"] = f"{service.session}-{_CHANCE.randrange(1000, 9999)}"
    return {name: value for name, value in found.items() if value}


if __name__ == "__main__":
    main(*sys.argv[1:])
