"""Pure: whether a value fits the JSON schema that a caller gave, with an end to the work that may take.

A caller writes the schema and can have a model write the answer: schemas that refer to themselves can take
longer than anybody waits. So steps are counted. A part that is not understood here (what stands elsewhere,
patterns that look around) is neither fit nor unfit: such a verdict is None, and goes on through conditions
as "unknown" does in Kleene's logic. This finds no fault with what a whole validator lets pass, but for
formats, which are asked for to be kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from routing import text_form
from routing.answer_bounds import in_bounds, is_number, is_of_type

MOST_STEPS = 20_000  # about 20 ms
_DEEPEST = 100  # schemas within schemas, references included
_COMPILED = 200  # steps that a pattern takes before it is looked for
# Not understood here; what else is unknown is no condition.
_NOT_HERE = ("$dynamicRef", "$recursiveRef", "unevaluatedProperties", "unevaluatedItems", "dependencies")
_UNSURE = ("draft-03", "draft-04")  # where words mean something else
# Words that older schemas do not know: they say nothing there.
_SINCE_06 = frozenset({"const", "if", "contains", "propertyNames"})
_SINCE_2019 = frozenset({"dependentRequired", "dependentSchemas"})
Verdict = bool | None  # None: that is not known


class _Enough(Exception):
    """The check has taken as many steps as it may."""


def fits(value: Any, schema: Any) -> bool:
    """Return whether `value` fits `schema`; so it does where that cannot be said, or not in time."""
    check = _Check(schema)
    try:
        return check.judge(value, schema, 0) is not False
    except (_Enough, RecursionError):
        return True


class _Check:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._steps = 0
        self._patterns: set[str] = set()
        said = root.get("$schema") if isinstance(root, Mapping) else None
        version = said if isinstance(said, str) else ""
        self._is_old = "draft-0" in version
        self._is_unsure = any(each in version for each in _UNSURE)
        self._later = (_SINCE_06 if self._is_unsure else frozenset()) | _SINCE_2019

    def _step(self, number: int = 1) -> None:
        self._steps += number
        if self._steps > MOST_STEPS:
            raise _Enough

    def judge(self, value: Any, schema: Any, depth: int) -> Verdict:
        """Return whether a value fits a schema, or a part of one."""
        self._step()
        if depth > _DEEPEST:
            raise _Enough
        if not isinstance(schema, Mapping):
            return schema if isinstance(schema, bool) else None
        if self._is_elsewhere(schema):
            return None
        if self._is_old and "$ref" in schema:
            return self.judge(value, self._at(schema["$ref"]), depth + 1)  # what stands beside it has no say
        if self._is_old:
            self._step(len(schema))
            schema = {word: part for word, part in schema.items() if word not in self._later}
        return _all(self._verdicts(value, schema, depth + 1))

    def _verdicts(self, value: Any, schema: Mapping[str, Any], depth: int) -> Iterator[Verdict]:
        """Yield what each word of a schema says, the quick ones first."""
        yield None if self._is_unsure or any(word in schema for word in _NOT_HERE) else True
        types = schema.get("type")
        self._step(len(types) if isinstance(types, list) else 1)
        yield is_of_type(value, types)
        yield self._is_listed(value, schema)
        yield in_bounds(value, schema)
        if isinstance(value, str):
            yield from self._of_text(value, schema)
        if "$ref" in schema:
            yield self.judge(value, self._at(schema["$ref"]), depth)
        yield from self._of_parts(value, schema, depth)
        if isinstance(value, dict):
            yield from self._of_fields(value, schema, depth)
        if isinstance(value, list):
            yield from self._of_items(value, schema, depth)

    def _is_elsewhere(self, schema: Mapping[str, Any]) -> bool:
        """Return whether a part is a schema of its own: what it refers to stands in it."""
        return ("$id" in schema or "$schema" in schema) and schema is not self._root

    def _is_listed(self, value: Any, schema: Mapping[str, Any]) -> bool:
        listed = schema.get("enum")
        if "const" in schema and not self._same(value, schema["const"]):
            return False
        return not isinstance(listed, list) or any(self._same(value, each) for each in listed)

    def _same(self, one: Any, other: Any) -> bool:
        self._step()
        if isinstance(one, dict | list) and isinstance(other, dict | list):
            if type(one) is not type(other) or len(one) != len(other):
                return False
            if isinstance(one, dict):
                return all(name in other and self._same(each, other[name]) for name, each in one.items())
            return all(map(self._same, one, other))
        if isinstance(one, bool) or isinstance(other, bool):
            return one is other
        return bool(one == other)

    def _of_text(self, value: str, schema: Mapping[str, Any]) -> Iterator[Verdict]:
        if isinstance(pattern := schema.get("pattern"), str):
            yield self._matches(pattern, value)
        if isinstance(name := schema.get("format"), str):
            self._step(1 + len(value) // 100)
            # A format that is kept says nothing: other validators do not look at it.
            yield False if text_form.has_format(name, value) is False else None

    def _matches(self, pattern: str, text: str) -> Verdict:
        new = pattern not in self._patterns
        self._step(1 + len(text) + (_COMPILED + len(pattern) // 10 if new else 0))
        self._patterns.add(pattern)
        return text_form.matches(pattern, text)

    def _of_parts(self, value: Any, schema: Mapping[str, Any], depth: int) -> Iterator[Verdict]:
        def judged(name: str) -> Iterator[Verdict]:
            return (self.judge(value, each, depth) for each in _listed(schema.get(name)))

        yield _all(judged("allOf"))
        if _listed(schema.get("anyOf")):
            yield _any(judged("anyOf"))
        if _listed(schema.get("oneOf")):
            yield _one(list(judged("oneOf")))
        if "not" in schema:
            yield _not(self.judge(value, schema["not"], depth))
        if "if" in schema:
            yield self._of_condition(value, schema, depth)

    def _of_condition(self, value: Any, schema: Mapping[str, Any], depth: int) -> Verdict:
        holds = self.judge(value, schema["if"], depth)
        then, else_ = schema.get("then", True), schema.get("else", True)
        if holds is not None:
            return self.judge(value, then if holds else else_, depth)
        either = {self.judge(value, then, depth), self.judge(value, else_, depth)}
        return either.pop() if len(either) == 1 else None

    def _at(self, reference: Any) -> Any:
        """Return the part of the whole schema that a reference means; None where it means another place."""
        if reference == "#":
            return self._root
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return None
        found = self._root
        for step in reference[2:].split("/"):
            self._step()
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and name.isdecimal() and int(name) < len(found):
                found = found[int(name)]
            elif isinstance(found, dict) and name in found and not self._is_elsewhere(found):
                found = found[name]
            else:
                return None
        return found

    def _of_fields(self, value: dict[str, Any], schema: Mapping[str, Any], depth: int) -> Iterator[Verdict]:
        required = _listed(schema.get("required"))
        self._step(len(required) + len(value))
        yield all(name in value for name in required if isinstance(name, str))
        for name, each in value.items():
            yield from self._of_field(name, each, schema, depth)
            if "propertyNames" in schema:
                yield self.judge(name, schema["propertyNames"], depth)
        for name, wanted in _table(schema.get("dependentRequired")).items():
            yield name not in value or all(each in value for each in _listed(wanted))
        for name, part in _table(schema.get("dependentSchemas")).items():
            yield name not in value or self.judge(value, part, depth)

    def _of_field(self, name: str, value: Any, schema: Mapping[str, Any], depth: int) -> Iterator[Verdict]:
        known, patterns = _table(schema.get("properties")), _table(schema.get("patternProperties"))
        if name in known:
            yield self.judge(value, known[name], depth)
        found = [self._matches(pattern, name) for pattern in patterns]
        for is_named, part in zip(found, patterns.values(), strict=True):
            if is_named is not False:
                yield _when(is_named, self.judge(value, part, depth))
        if name not in known and True not in found:
            others = schema.get("additionalProperties", True)
            yield _when(None if None in found else True, self.judge(value, others, depth))

    def _of_items(self, value: list[Any], schema: Mapping[str, Any], depth: int) -> Iterator[Verdict]:
        first = [] if self._is_old else _listed(schema.get("prefixItems"))
        others = schema.get("items", True)
        for place, each in enumerate(value):
            yield self.judge(each, first[place] if place < len(first) else others, depth)
        if "contains" in schema:
            yield self._contains(value, schema, depth)
        if schema.get("uniqueItems") is True:
            pairs = ((one, two) for place, one in enumerate(value) for two in value[:place])
            yield not any(self._same(one, two) for one, two in pairs)

    def _contains(self, value: list[Any], schema: Mapping[str, Any], depth: int) -> Verdict:
        least, most = schema.get("minContains", 1), schema.get("maxContains", len(value))
        if self._is_old or not is_number(least) or not is_number(most):
            least, most = 1, len(value)
        found = [self.judge(each, schema["contains"], depth) for each in value]
        surely, maybe = found.count(True), found.count(None)
        if surely + maybe < least or surely > most:
            return False
        return True if surely >= least and surely + maybe <= most else None


def _all(verdicts: Iterable[Verdict]) -> Verdict:
    found: Verdict = True
    for each in verdicts:
        if each is False:
            return False
        found = found and each
    return found


def _any(verdicts: Iterable[Verdict]) -> Verdict:
    return _not(_all(map(_not, verdicts)))


def _not(verdict: Verdict) -> Verdict:
    return None if verdict is None else not verdict


def _one(verdicts: list[Verdict]) -> Verdict:
    surely, maybe = verdicts.count(True), verdicts.count(None)
    if surely > 1 or not surely + maybe:
        return False
    return None if maybe else True


def _when(applies: Verdict, verdict: Verdict) -> Verdict:
    """Return what a part says that may not apply."""
    return verdict if applies or verdict is True else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
