"""Write the llmhub.toml that would make this configuration anew: what a new installation has is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from catalog.parameters import KEYS
from llmhub.config.schema import label_of
from llmhub.config.schema_models import ONE_PARAMETER
from llmhub.config.state import read_all
from llmhub.config.things import Thing
from llmhub.config.toml_text import Rows, comment, table

_HEAD = (
    "What this hub has beside what comes with llmhub, as `llmhub config export` wrote it.",
    "Keys of callers, people and calls are not in it: they are in a backup of the database.",
)

_LISTS = ("budgets", "inbox_rules")  # of tables, each a row of its own


@dataclass(frozen=True)
class Exported:
    """The text of the file, and what a person has to see to because no file can hold it."""

    text: str
    missing: tuple[str, ...]


def export() -> Exported:
    """Return the file; credentials are the references they came from."""
    return write(read_all())


def write(things: Sequence[Thing]) -> Exported:
    """Return the file that says `things`."""
    parts, missing = ["".join(map(comment, _HEAD))], []
    for path, group in groupby(things, key=lambda thing: _section(thing.path)):
        rows = list(group)
        if path[0] == "providers":
            typed_in = [row for row in rows if row.path[2:] and "ref" not in row.values]
            missing += [_missing(row) for row in typed_in]
            parts += _provider(rows, typed_in)
        elif path == ("aliases",):
            parts.append(table(path, {row.path[1]: row.values["model"] for row in rows}))
        elif path[0] == "models":
            parts += _model(rows)
        elif path[0] == "channels":
            parts += (part for row in rows for part in _channel(row))
            missing += [text for row in rows if (text := _unsaid(row))]
        elif path[0] == "routes":
            parts += (table(row.path, _route(row)) for row in rows)
        else:
            parts += (table(row.path, row.values, is_row=row.path[-1] in _LISTS) for row in rows)
    return Exported("\n".join(parts), tuple(missing))


def _section(path: tuple[str, ...]) -> tuple[str, ...]:
    """Return what is written together: a provider with its credentials, all aliases."""
    return path[:1] if path[0] == "aliases" else path[:2]


def _missing(credential: Thing) -> str:
    provider = credential.path[1]
    return (
        f"the credential {credential.key!r} of {provider} was typed in: enter it again, or give a reference"
    )


def _unsaid(channel: Thing) -> str:
    """Return what the file cannot say of a channel."""
    kind, name = channel.values["kind"], channel.path[1]
    if kind == "chat" and "address" not in channel.values:
        return f"the address of the channel {name!r} was typed in: enter it again, or give a reference"
    if kind == "webhook" and "secret" not in channel.values:
        return f"the signing secret of the channel {name!r} is sealed: make another, or give a reference"
    return ""


def _channel(row: Thing) -> Iterator[str]:
    text = _unsaid(row)
    if row.values["kind"] == "chat" and text:
        yield comment(text)
    elif not row.is_bundled:
        yield table(row.path, row.values) + (comment(text) if text else "")


def _provider(rows: Sequence[Thing], typed_in: Sequence[Thing]) -> Iterator[str]:
    provider, *credentials = rows
    references = [row for row in credentials if "ref" in row.values]
    if provider.is_bundled and not credentials:
        return
    told = {
        key: value
        for key, value in provider.values.items()
        if key == "kind" or provider.defaults.get(key) != value
    }
    if references:
        told["credentials"] = Rows(_credential(row) for row in references)
    yield table(provider.path, told) + "".join(comment(_missing(row)) for row in typed_in)


def _credential(row: Thing) -> Any:
    """Return the reference alone where it says everything."""
    ref, weight = row.values["ref"], row.values["weight"]
    label = {} if row.key == label_of(ref) else {"label": row.key}
    share = {} if weight == 1 else {"weight": weight}
    return {"ref": ref, **label, **share} if label or share else ref


def _model(rows: Sequence[Thing]) -> Iterator[str]:
    """Yield a model and its offers, by their providers in the order in which they are tried."""
    model, *offers = rows
    if not model.is_bundled:
        yield table(model.path, {**_facts(model), **({"unset": list(model.unset)} if model.unset else {})})
        if parameters := _parameters(model):
            yield table((*model.path, "parameters"), parameters)
    ours = [offer for offer in offers if not offer.is_bundled]
    for path in dict.fromkeys(offer.path for offer in ours):
        same = [offer for offer in ours if offer.path == path]
        yield from (table(path, offer.values, is_row=len(same) > 1) for offer in same)


def _route(route: Thing) -> dict[str, Any]:
    """Return a route with a line for each target."""
    lists = {key: Rows(route.values[key]) for key in ("targets", "over_budget") if key in route.values}
    return {**route.values, **lists}


def _facts(model: Thing) -> dict[str, Any]:
    return {key: value for key, value in model.values.items() if not key.startswith(ONE_PARAMETER)}


def _parameters(model: Thing) -> dict[str, Any]:
    """Return the descriptors by name, a line each, in an order that no database changes."""
    said = {key: value for key, value in model.values.items() if key.startswith(ONE_PARAMETER)}
    return {
        key.removeprefix(ONE_PARAMETER): {word: descriptor[word] for word in KEYS if word in descriptor}
        for key, descriptor in sorted(said.items())
    }
