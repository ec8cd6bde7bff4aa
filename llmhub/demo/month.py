"""Pure: what happened to the lists of the demo's providers within a month, and who decided what.

Prices that the demo's calls are charged with change at full quarters of an hour: `demo seed` moves
copies of calls within them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from catalog.listing_diff import Kind
from llmhub.demo.listed import Listed, Row, in_full, limited, named, prices, takes
from providers.rates import Rates

MARA, JONAS = "Mara Lindqvist", "Jonas Adeyemi"
LATEST = timedelta(hours=2)  # ago: when the lists were read last
ENDS_IN = timedelta(days=26)  # from the first start: when a model ends that is still called
_MORNING = time(6)


@dataclass(frozen=True)
class Step:
    """Something that happened so many days ago, at a time of that day in UTC."""

    days: int
    at: time

    def moment(self, now: datetime) -> datetime:
        """Return when that was; what happened today was two hours ago, at a full quarter of an hour."""
        if self.days:
            return datetime.combine(now.date() - timedelta(days=self.days), self.at, tzinfo=UTC)
        then = now - LATEST
        return then.replace(minute=then.minute // 15 * 15, second=0, microsecond=0)


@dataclass(frozen=True)
class Reading(Step):
    """A list was read that differs from the one before: fields that changed by id; None where it is gone."""

    provider: str
    changes: Mapping[str, Row | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Decided(Step):
    """A person decided on the open event of a kind about a listed model."""

    person: str
    verdict: str
    provider: str
    kind: Kind
    upstream_id: str


@dataclass(frozen=True)
class Ruled(Step):
    """A person said what is done with changes of a kind from then on."""

    person: str
    action: str
    kind: Kind
    provider: str = ""  # any


@dataclass(frozen=True)
class Replaced(Step):
    """A person named what to use instead of a model."""

    person: str
    slug: str
    replacement: str


def _usd(given: str, output: str, read: str = "", write: str = "") -> Row:
    rates = Rates(
        Decimal(given),
        Decimal(output),
        cache_read=Decimal(read) if read else None,
        cache_write=Decimal(write) if write else None,
    )
    return {"pricing": prices(rates)}


def _at(today: date, *, days: int) -> str:
    return f"{today + timedelta(days=days)}T00:00:00Z"


def _new(id_: str, name: str, *facts: Any, **more: Any) -> dict[str, Row]:
    return {id_: in_full(Listed(id_, name, *facts, **more))}


def steps(today: date) -> tuple[Step, ...]:
    """Return what happened, the oldest first."""
    found = (*_earlier(today), *_later(today))
    return tuple(sorted(found, key=lambda step: (-step.days, step.at)))


def _earlier(today: date) -> Iterator[Step]:
    """Yield what is decided by now."""
    successor = _new(
        "open/quill-code-2", "Quill Code 2", 131_072, 32_768, "0.35", "1.05",
        "tools json_mode json_schema", today - timedelta(days=26),
        about="The successor of Quill Code: twice the context, and it keeps to a schema.",
    )  # fmt: skip
    yield Reading(
        24, _MORNING, "harbor",
        {"breeze-70b-instruct": _usd("0.60", "0.72"), "tern/tern-2": _usd("0.36", "1.10"), **successor},
    )  # fmt: skip
    yield Decided(24, time(9, 15), MARA, "accept", "harbor", Kind.PRICE_UP, "breeze-70b-instruct")
    yield Decided(23, time(10, 30), JONAS, "accept", "harbor", Kind.NEW, "open/quill-code-2")
    yield Replaced(23, time(10, 45), JONAS, "open/quill-code", "open/quill-code-2")
    yield Ruled(21, time(13), MARA, "accept", Kind.PRICE_DOWN, "harbor")
    yield Ruled(21, time(13, 15), JONAS, "hold", Kind.CAPABILITY_LOST)
    ends = str(today + ENDS_IN)
    yield Reading(
        20, _MORNING, "aurora", {"lumen-1": {"shutdown_date": ends}, "atlas-1": {"shutdown_date": ends}}
    )
    yield Decided(20, time(8, 45), MARA, "accept", "aurora", Kind.DEPRECATED, "lumen-1")
    yield Replaced(20, time(9), MARA, "aurora/lumen-1", "aurora/atlas-2")
    yield Reading(
        15, _MORNING, "harbor",
        {
            "breeze-70b-instruct": _usd("0.52", "0.62"),
            "saffron/saffron-v4": {"name": "Saffron V4 (August)", "context_length": 262_144},
        },
    )  # fmt: skip
    yield Reading(
        11, _MORNING, "harbor",
        {
            "aurora--atlas-2-mini": _usd("0.24", "0.95", "0.026"),
            "open/quill-code-2": _usd("0.28", "0.90"),
            "finch/finch-1": None,
        },
    )  # fmt: skip
    yield Reading(10, _MORNING, "harbor", {"marlin/marlin-flash": _usd("0.12", "0.50", "0.012")})
    yield Reading(9, _MORNING, "cellar", {"fern-3b": {"max_model_len": 16_384}})
    yield Decided(9, time(11, 30), JONAS, "ignore", "cellar", Kind.CONTEXT, "fern-3b")
    left = {"deprecated_at": _at(today, days=-8), "retires_at": _at(today, days=ENDS_IN.days)}
    yield Reading(8, _MORNING, "meridian", {"prelude-1": left})


def _later(today: date) -> Iterator[Step]:
    """Yield what waits for a decision, beside what discovery applied by itself."""
    yield Reading(6, _MORNING, "harbor", {"meridian--sonata-3": _usd("3.30", "16.50", "0.33", "4.10")})
    yield Reading(4, _MORNING, "aurora", {"atlas-2": {"context_window": 500_000}})
    yield Reading(
        3, _MORNING, "harbor",
        {
            "meridian--sonata-3": _usd("3.45", "17.25", "0.345", "4.30"),
            "quill-code-32b": {"supported_parameters": takes("json_mode")},
            "finch/finch-1": in_full(Listed("finch/finch-1", "Finch 1", 32_768, 4_096, "0.05", "0.05", "")),
        },
    )  # fmt: skip
    yield Reading(
        2, _MORNING, "aurora",
        {
            "atlas-3": named("atlas-3", "Atlas 3", 1_000_000, today - timedelta(days=2)),
            "atlas-2-mini": {"name": "Atlas 2 Mini (September)"},
        },
    )  # fmt: skip
    yield Reading(
        1, _MORNING, "harbor",
        {
            "breeze-70b-instruct": _usd("0.58", "0.70"),
            "aurora--atlas-2-mini": {
                "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]}
            },
            "meridian--sonata-3": {"top_provider": {"max_completion_tokens": 128_000}},
            "vesper/vesper-voice": {"pricing": {"prompt": "-1", "completion": "-1"}},
            "breeze-8b-instruct": None,
        },
    )  # fmt: skip
    yield Reading(
        1, time(7), "meridian",
        {
            "etude-3": limited("etude-3", "Etude 3", 400_000, 64_000, today - timedelta(days=1)),
            "sonata-3": {"deprecated_at": _at(today, days=60), "retires_at": _at(today, days=150)},
        },
    )  # fmt: skip
    yield Reading(
        0, _MORNING, "harbor",
        {
            **_new("tern/tern-4", "Tern 4", 524_288, 65_536, "0.45", "1.80",
                   "tools json_mode json_schema parallel_tools vision", today, "0.045",
                   about="Half a million tokens of context at the price of Tern 2."),
            **_new("breeze/breeze-2-70b", "Breeze 2 70B", 262_144, 32_768, "0.50", "0.60",
                   "tools json_mode json_schema", today),
            "juniper/juniper-small-2": _usd("0.12", "0.36"),
            "basalt/basalt-coder-30b": {"context_length": 131_072},
        },
    )  # fmt: skip
    # Seven of eleven at once: that list is not believed before a person says so.
    gone = (
        "tern-2-mini-awq", "orchard-12b-q4", "basalt-coder-30b-fp8", "saffron-r1-distill-14b",
        "finch-2-vision-int8", "cobalt-guard", "breeze-8b-support-lora",
    )  # fmt: skip
    yield Reading(0, time(6, 15), "cellar", dict.fromkeys(gone))
