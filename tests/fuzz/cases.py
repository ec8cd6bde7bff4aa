"""Requests about one hub: those that schemathesis makes of the schema, and known good ones made hostile."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from schemathesis import GenerationMode

from tests.access.bodies import bodies
from tests.access.matrix import values
from tests.access.sides import Hub
from tests.fuzz import hostile

SEED = 24
_ARGUMENT = re.compile(r"{(\w+)}")
_BY_SCHEMA = 1 / 2  # of cases; the rest are good requests made hostile


@dataclass(frozen=True)
class Case:
    """One request."""

    operation: str  # "POST /api/v1/keys"
    method: str
    url: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        sent = "" if self.body is None else f" {self.body[:300]!r}"
        return f"{self.method} {self.url[:300]}{sent} {self.headers or ''}".strip()


def cases(schema: dict[str, Any], hub: Hub, count: int, seed: int = SEED) -> Iterator[Case]:
    """That many cases over every operation of the schema, the same ones for the same seed."""
    operations = [each.ok() for each in _loaded(schema).get_all_operations()]
    each = -(-count // len(operations))  # of an operation, rounded up
    by_schema = round(each * _BY_SCHEMA)
    dice = random.Random(seed)
    wanted = [
        [*_generated(operation, hub, by_schema, dice), *_hostile(operation, hub, each - by_schema, dice)]
        for operation in operations
    ]
    in_turn = (case for turn in zip_longest(*wanted) for case in turn if case is not None)
    yield from islice(in_turn, count)


@schemathesis.serializer("application/toml")
def _toml(context, value: Any) -> bytes:
    """A file of configuration is a text."""
    return str(value).encode(errors="surrogatepass")


def _loaded(schema: dict[str, Any]):
    return schemathesis.openapi.from_dict(json.loads(json.dumps(schema)))


# --- by the schema ---------------------------------------------------------------------------------


def _generated(operation, hub: Hub, count: int, dice: random.Random) -> Iterator[Case]:
    """Cases that the schema allows, and as many that it does not."""
    for mode, most in ((GenerationMode.POSITIVE, count - count // 2), (GenerationMode.NEGATIVE, count // 2)):
        for drawn in _drawn(operation, mode, most, dice.randrange(2**32)):
            yield _of_schema(drawn, operation, hub, dice)


def _drawn(operation, mode: GenerationMode, count: int, seed: int) -> list[Any]:
    found: list[Any] = []
    if not count:
        return found

    @seeded(seed)
    @settings(
        max_examples=count + 1, database=None, phases=[Phase.generate], deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(operation.as_strategy(generation_mode=mode))
    def draw(case) -> None:
        found.append(case)

    draw()
    return found[-count:]  # the first is the emptiest there is


def _of_schema(drawn, operation, hub: Hub, dice: random.Random) -> Case:
    """The request of a drawn case; every second one is about something that is there."""
    quoted = drawn.path_parameters or {}
    given_ = {name: unquote(str(value)) for name, value in quoted.items()}
    if dice.random() < 0.5:
        given_ = _there(operation.path, hub, dice)
    headers = {
        name: value for name, value in (drawn.headers or {}).items() if name.lower() != "authorization"
    }
    body = None
    if drawn.method != "GET" and not isinstance(drawn.body, schemathesis.core.NotSet):
        body = drawn.body if isinstance(drawn.body, bytes) else json.dumps(drawn.body).encode()
    query = urlencode(drawn.query or {}, doseq=True, errors="surrogatepass")
    return Case(_name(operation), drawn.method, _url(operation.path, given_, query), body, headers)


# --- known good, made hostile ----------------------------------------------------------------------


def _hostile(operation, hub: Hub, count: int, dice: random.Random) -> Iterator[Case]:
    """Good requests with one to three places filled with what does not belong there."""
    good = bodies(hub.a).get(_name(operation)) or {}
    for _ in range(count):
        draft = _Draft(operation, _there(operation.path, hub, dice), good)
        for _ in range(dice.choice((1, 1, 2, 3))):
            draft.spoil(dice)
        yield draft.case()


class _Draft:
    """A good request, until something in it is spoiled."""

    def __init__(self, operation, path: dict[str, str], good: dict[str, Any]) -> None:
        self._operation, self._path = operation, path
        self._writes = operation.method in {"post", "put", "patch"}
        raw = operation.definition.raw.get("parameters", [])
        self._names = [each["name"] for each in raw if each["in"] == "query"]
        self._query = dict(parse_qsl(good.get("?", ""))) if self._writes else dict(good)
        known = {name: json.dumps(value) for name, value in good.items() if name != "?"}
        self._fields = known if self._writes else {}  # JSON texts
        self._known = [*known, *_properties(operation)]
        self._headers: dict[str, str] = {}
        self._body: bytes | None = None  # None: made of the fields

    def spoil(self, dice: random.Random) -> None:
        """Put something in one place that does not belong there."""
        weights = {
            self._in_path: 2 * bool(self._path),
            self._in_query: 4 * bool(self._names),
            self._in_a_field: 6 * bool(self._writes and self._known),
            self._in_body: int(self._writes),
            self._in_headers: 1,
        }
        dice.choices([*weights], [*weights.values()])[0](dice)

    def case(self) -> Case:
        """Return it as a request."""
        body = self._body
        if body is None and self._writes:
            body = ("{" + ",".join(f"{json.dumps(k)}:{v}" for k, v in self._fields.items()) + "}").encode()
        query = urlencode(self._query, errors="surrogatepass")
        url = _url(self._operation.path, self._path, query)
        return Case(_name(self._operation), self._operation.method.upper(), url, body, self._headers)

    def _in_path(self, dice: random.Random) -> None:
        self._path[dice.choice([*self._path])] = _word(dice)

    def _in_query(self, dice: random.Random) -> None:
        self._query |= {name: _word(dice) for name in dice.sample(self._names, min(2, len(self._names)))}

    def _in_a_field(self, dice: random.Random) -> None:
        value = dice.choice(hostile.JSON) if dice.random() < 0.5 else json.dumps(_word(dice))
        self._fields[dice.choice(self._known)] = value

    def _in_body(self, dice: random.Random) -> None:
        self._body = dice.choice(hostile.BODIES)

    def _in_headers(self, dice: random.Random) -> None:
        self._headers.update([dice.choice(hostile.HEADERS)])


def _word(dice: random.Random) -> str:
    return dice.choice(hostile.WORDS) + (dice.choice(hostile.SHARP) if dice.random() < 0.3 else "")


def _properties(operation) -> list[str]:
    """The names of what the body may hold."""
    schemas = [body.definition.get("schema", {}) for body in operation.body]
    return [name for schema in schemas for name in schema.get("properties") or ()]


def _there(path: str, hub: Hub, dice: random.Random) -> dict[str, str]:
    """Arguments of an address that name what is there, of this team or of the other."""
    side = hub.a if dice.random() < 0.75 else hub.b
    known = values(path, side, hub)
    return {name: str(known[name]) for name in _ARGUMENT.findall(path)}


def _url(path: str, given_: dict[str, str], query: str) -> str:
    filled = _ARGUMENT.sub(
        lambda match: quote(given_.get(match[1], "x"), safe="", errors="surrogatepass"), path
    )
    return f"{filled}?{query}" if query else filled


def _name(operation) -> str:
    return f"{operation.method.upper()} {operation.path}"
