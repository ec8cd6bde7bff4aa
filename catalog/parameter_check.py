"""Pure: the parameters of a call against what its model is said to take.

A body is one of the chat dialect; `stop_sequences` and `thinking` of the messages dialect count as
what they are there. What a call asks, and how it is carried, is no parameter and is not looked at;
null is like not given.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from catalog.parameters import plain, span, takes
from providers.adapters.parameters import ALSO_CALLED, CARRIED, EFFORTS, LIMITS, TYPES, fits

Descriptors = Mapping[str, Mapping[str, Any]]
_SHOWN = 60  # letters of a value in a message


class Problem(StrEnum):
    """What can be wrong with one parameter."""

    UNKNOWN = "unknown_parameter"
    WRONG_TYPE = "wrong_type"
    OUT_OF_RANGE = "out_of_range"
    NOT_ONE_OF = "not_one_of"
    EXCLUDED = "excluded"
    REQUIRES = "requires"
    ABOVE_OUTPUT_LIMIT = "above_output_limit"
    MANDATORY = "mandatory"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and what to do: take `nearest` instead, or leave the parameter out."""

    parameter: str  # as the caller wrote it; "" for the body as a whole
    problem: Problem
    message: str
    nearest: Any = None  # the nearest value that is allowed; None: there is none, leave it out

    @property
    def leave_out(self) -> bool:
        """Whether no other value would do."""
        return self.nearest is None


def check(body: Any, parameters: Descriptors, *, output_limit: int | None = None) -> tuple[Finding, ...]:
    """Return what is wrong with the parameters of a call, at most one finding for each.

    `output_limit` is the model's own, in tokens. Without any descriptor only that is looked at:
    nobody said what the model takes.
    """
    if not isinstance(body, Mapping):
        return (Finding("", Problem.WRONG_TYPE, "The body is no object: write { … } with the parameters."),)
    given = {name: value for name, value in body.items() if name not in CARRIED and value is not None}
    return tuple(_findings(given, parameters, output_limit))


def corrected(body: Mapping[str, Any], parameters: Descriptors, *, output_limit: int | None = None) -> Any:
    """Return the body with every finding put right: nearest values taken, the rest left out."""
    right = dict(body)
    for _ in range(2 * len(right) + 1):  # each round takes something away or makes it fit
        findings = check(right, parameters, output_limit=output_limit)
        if not findings:
            break
        for finding in findings:
            if finding.leave_out:
                del right[finding.parameter]
            else:
                right[finding.parameter] = finding.nearest
    return right


def read(text: str) -> Any:
    """Return the body that a person typed. Raises `ValueError`, which says where it is no JSON."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise ValueError("no JSON that can be read: it is nested too deeply") from None


def _refuse(word: str) -> None:
    raise ValueError(f"no JSON: {word} is no number there")


def _findings(given: Mapping[str, Any], parameters: Descriptors, limit: int | None) -> Iterator[Finding]:
    active = {
        name
        for written, value in given.items()
        if _asks(value, parameters.get(name := _name(written, parameters), {}))
    }
    kept: set[str] = set()  # of those that exclude each other, the first
    for written, value in given.items():
        name = _name(written, parameters)
        descriptor = parameters.get(name)
        found = None
        if descriptor is not None:
            found = _of_value(written, value, descriptor)
            if found is None and name in active:
                found = _of_others(written, name, parameters, active, kept)
        elif parameters:
            found = _unknown(written, name, parameters)
        if found is None and name in LIMITS:
            found = _of_limit(written, value, descriptor, limit)
        if found is not None:
            yield found
        if name in active and not (found and found.leave_out):
            kept.add(name)


def _name(written: str, parameters: Descriptors) -> str:
    return written if written in parameters else ALSO_CALLED.get(written, written)


def _asks(value: Any, descriptor: Mapping[str, Any]) -> bool:
    """Return whether a value differs from leaving the parameter out."""
    if value is False or value in ("none", "", [], {}):
        return False
    if isinstance(value, Mapping) and (value.get("enabled") is False or value.get("type") == "disabled"):
        return False
    return not ("default" in descriptor and _same(value, descriptor["default"]))


def _same(value: Any, other: Any) -> bool:
    return isinstance(value, bool) == isinstance(other, bool) and bool(value == other)


def _unknown(written: str, name: str, parameters: Descriptors) -> Finding:
    other = next((each for each in LIMITS if each in parameters), None) if name in LIMITS else None
    near = difflib.get_close_matches(written[:_SHOWN], parameters, n=1)
    if other:
        do = f"say {other} instead"
    elif near:
        do = f"did you mean {near[0]}? Else leave it out"
    else:
        do = "leave it out, or state it for the model if it takes it"
    return Finding(written, Problem.UNKNOWN, f"The model is not said to take {_cut(written)}: {do}.")


def _of_value(written: str, value: Any, descriptor: Mapping[str, Any]) -> Finding | None:
    """Return what is wrong with the value itself."""
    kind = descriptor.get("type", "any")
    if kind == "enum":
        return _of_words(written, value, list(descriptor.get("values", ())))
    if not fits(value, kind):
        nearest = _converted(value, descriptor)
        message = f"{_cut(written)} is {_shown(value)}: it must be {TYPES[kind]}{_so(nearest)}."
        return Finding(written, Problem.WRONG_TYPE, message, nearest)
    if kind in ("number", "integer") and (nearest := _into_range(value, descriptor)) != value:
        message = f"{_cut(written)} is {_shown(value)}: it must be {_range(descriptor)}{_so(nearest)}."
        return Finding(written, Problem.OUT_OF_RANGE, message, nearest)
    if descriptor.get("mandatory") and not _asks(value, {}):
        message = f"{_cut(written)} cannot be turned off for this model: leave it out."
        return Finding(written, Problem.MANDATORY, message)
    return None


def _range(descriptor: Mapping[str, Any]) -> str:
    return takes(descriptor) if descriptor.get("min") == descriptor.get("max") else span(descriptor)


def _of_words(written: str, value: Any, words: list[Any]) -> Finding | None:
    if any(_same(value, word) for word in words):
        return None
    nearest = _nearest_word(value, words)
    message = f"{_cut(written)} is {_shown(value)}: it must be one of {', '.join(map(plain, words))}"
    return Finding(written, Problem.NOT_ONE_OF, f"{message}{_so(nearest)}.", nearest)


def _nearest_word(value: Any, words: list[Any]) -> Any:
    """Return the word that comes nearest: of efforts by their order, of numbers by size, else by letters."""
    if isinstance(value, str) and value in EFFORTS and all(word in EFFORTS for word in words):
        place = EFFORTS.index(value)
        return min(words, key=lambda word: abs(EFFORTS.index(word) - place), default=None)
    numbers = [word for word in words if fits(word, "number")]
    if numbers and fits(value, "number"):
        within = _into_range(value, {"min": min(numbers), "max": max(numbers)})
        return min(numbers, key=lambda number: abs(number - within))
    if not isinstance(value, str):
        return None
    texts = [word for word in words if isinstance(word, str)]
    return next(iter(difflib.get_close_matches(value[:_SHOWN], texts)), None)


def _converted(value: Any, descriptor: Mapping[str, Any]) -> Any:
    """Return what a value of the wrong type was probably meant to be; None where that is not plain."""
    kind = descriptor["type"]
    if kind == "boolean":
        return {"true": True, "false": False}.get(value) if isinstance(value, str) else None
    if kind == "list" and isinstance(value, str):
        return [value]
    if kind not in ("number", "integer") or isinstance(value, bool):
        return None
    try:
        number = float(value) if isinstance(value, str) else value
    except ValueError:
        return None
    if not fits(number, "number"):
        return None
    whole = kind == "integer" or (isinstance(number, float) and number.is_integer())
    return _into_range(round(number) if whole else number, descriptor)


def _into_range(value: float, descriptor: Mapping[str, Any]) -> float:
    low, high = descriptor.get("min"), descriptor.get("max")
    if low is not None and value < low:
        return float(low) if isinstance(low, float) else int(low)
    if high is not None and value > high:
        return float(high) if isinstance(high, float) else int(high)
    return value


def _of_others(
    written: str, name: str, parameters: Descriptors, active: set[str], kept: set[str]
) -> Finding | None:
    """Return what is wrong with a parameter because of others."""
    descriptor = parameters[name]
    for other in descriptor.get("requires", ()):
        if other not in active:
            message = f"{_cut(written)} is taken only with {other}: give {other} too, or leave it out."
            return Finding(written, Problem.REQUIRES, message)
    against = set(descriptor.get("excludes", ()))
    against |= {other for other in kept if name in parameters.get(other, {}).get("excludes", ())}
    for other in sorted((against & kept) - {name}):
        message = f"{_cut(written)} is not taken together with {other}: leave one of them out."
        return Finding(written, Problem.EXCLUDED, message)
    return None


def _of_limit(
    written: str, value: Any, descriptor: Mapping[str, Any] | None, limit: int | None
) -> Finding | None:
    if limit is None or not fits(value, "number") or value <= limit:
        return None
    nearest = limit if _of_value(written, limit, descriptor or {}) is None else None
    message = f"{_cut(written)} is {_shown(value)}: the model writes at most {limit} tokens{_so(nearest)}."
    return Finding(written, Problem.ABOVE_OUTPUT_LIMIT, message, nearest)


def _so(nearest: Any) -> str:
    return ". Leave it out" if nearest is None else f". The nearest is {_shown(nearest)}"


def _shown(value: Any) -> str:
    """Return a value of any size in a few letters."""
    if isinstance(value, int | float) and abs(value) >= 10**20:
        return "a very large number"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return _cut(repr(value) if isinstance(value, str) else plain(value))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
