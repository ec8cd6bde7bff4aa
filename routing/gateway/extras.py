"""Pure: what a caller asks of llmhub itself, in headers or under `llmhub` in the body."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from decimal import ROUND_FLOOR, Decimal
from typing import Any, cast

import msgspec

from llmhub.lib import money
from providers.wire import Body
from routing.gateway.errors import Refusal
from routing.policy_words import POLICIES, Policy

PREFIX = "x-llmhub-"
HOP_HEADER = "x-llmhub-hop"  # names the hub a call came through, so that a loop is noticed
NOT_SERVED_YET = {"preset"}
MAX_TAGS = 16
MAX_COST = 1_000_000  # USD
MAX_VALUE = 100  # letters
_IDEMPOTENCY_KEY = "idempotency-key"
_SERVED = {"tags", "session", "provider", "unsupported", "policy", "max-cost", _IDEMPOTENCY_KEY}
_TAG_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
_PLAIN = re.compile(r"[\x20-\x7e]*")
_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")


class Extras(msgspec.Struct, frozen=True):
    """The extras of one request."""

    tags: dict[str, str] = {}
    session: str = ""
    providers: frozenset[str] = frozenset()  # empty: any
    idempotency_key: str = ""  # empty: the call may be repeated
    rejects_unsupported: bool = False  # a field that a provider cannot be told is an error, not dropped
    policy: Policy | None = None  # how candidates are ranked; None: as their route says
    max_cost_nano: int | None = None  # the most that the call may cost; None: no limit but its budgets


def read_extras(headers: Mapping[str, str], body: Body, *, known_providers: Collection[str]) -> Extras:
    """Return the extras of a request; a header wins over the body.

    Raises `Refusal` on an extra that cannot be read or is not served: none is silently ignored.
    """
    given = _in_body(body) | _in_headers(headers)
    for name in given:
        if name in NOT_SERVED_YET:
            message = f"llmhub does not serve the extra {name!r} yet: leave it out"
            raise Refusal("not_served_yet", message, param=PREFIX + name)
        if name not in _SERVED:
            raise _unreadable(name, f"there is no such extra: use {', '.join(sorted(_SERVED))}")
    return Extras(
        tags=_tags(given.get("tags", {})),
        session=_session(given.get("session", "")),
        providers=_providers(given.get("provider", ""), known_providers),
        rejects_unsupported=_rejects(given.get("unsupported", "drop")),
        policy=_policy(given["policy"]) if "policy" in given else None,
        max_cost_nano=_max_cost(given["max-cost"]) if "max-cost" in given else None,
        idempotency_key=_idempotency_key(given[_IDEMPOTENCY_KEY]) if _IDEMPOTENCY_KEY in given else "",
    )


def _in_headers(headers: Mapping[str, str]) -> dict[str, Any]:
    return {
        name.removeprefix(PREFIX): value
        for name, value in headers.items()
        if name == _IDEMPOTENCY_KEY or (name.startswith(PREFIX) and name != HOP_HEADER)
    }


def _in_body(body: Body) -> dict[str, Any]:
    raw = body.get("llmhub")
    if raw is None:
        return {}
    try:
        given: dict[str, Any] = msgspec.json.decode(raw, type=dict[str, Any])
    except msgspec.DecodeError:
        raise Refusal("invalid_extra", "'llmhub' must be an object", param="llmhub") from None
    return {name.replace("_", "-"): value for name, value in given.items()}


def _tags(value: Any) -> dict[str, str]:
    if isinstance(value, str):
        pairs = [pair.partition("=")[::2] for pair in value.split(",") if pair.strip()]
        value = {name.strip(): text.strip() for name, text in pairs}
    if not isinstance(value, dict) or len(value) > MAX_TAGS:
        raise _unreadable("tags", f"write k=v,k=v with at most {MAX_TAGS} tags")
    for name, text in value.items():
        if not isinstance(text, str) or not _TAG_NAME.fullmatch(name) or not _is_short(text):
            raise _unreadable(
                "tags", f"{name[:40]!r} needs a name like team_a and at most {MAX_VALUE} letters"
            )
    return value


def _session(value: Any) -> str:
    if not isinstance(value, str) or not _is_short(value):
        raise _unreadable("session", f"use at most {MAX_VALUE} printable ASCII letters")
    return value


def _idempotency_key(value: Any) -> str:
    if not isinstance(value, str) or not _VISIBLE.fullmatch(value):
        message = "Idempotency-Key: use 1 to 255 visible ASCII letters, such as a UUID"
        raise Refusal("invalid_extra", message, param=_IDEMPOTENCY_KEY)
    return value


def _rejects(value: Any) -> bool:
    if value not in ("reject", "drop"):
        raise _unreadable("unsupported", "use reject or drop")
    return bool(value == "reject")


def _policy(value: Any) -> Policy:
    if value not in POLICIES:
        raise _unreadable("policy", f"use one of {', '.join(POLICIES)}")
    return cast("Policy", value)


def _max_cost(value: Any) -> int:
    """Return the limit in nano-USD, rounded down: a call may cost no more than was said."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number or (isinstance(value, str) and re.match(money.PATTERN, value)):
        usd = Decimal(str(value)[:40])
        if 0 <= usd <= MAX_COST:
            return int((usd * money.NANO).to_integral_value(ROUND_FLOOR))
    raise _unreadable("max-cost", f"write USD from 0 to {MAX_COST}, such as 0.05")


def _is_short(text: str) -> bool:
    return len(text) <= MAX_VALUE and _PLAIN.fullmatch(text) is not None


def _providers(value: Any, known: Collection[str]) -> frozenset[str]:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _unreadable("provider", "name providers, separated by commas")
    asked = frozenset(name.strip() for name in names if name.strip())
    unknown = sorted(asked.difference(known))
    if unknown:
        message = f"There is no provider {unknown[0][:64]!r}: use {', '.join(sorted(known)) or 'none'}"
        raise Refusal("unknown_provider", message, param=PREFIX + "provider")
    return asked


def _unreadable(name: str, advice: str) -> Refusal:
    return Refusal("invalid_extra", f"{PREFIX}{name}: {advice}", param=PREFIX + name)
