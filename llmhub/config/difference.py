"""Pure: what an application of llmhub.toml changes, told from what was there before and after it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

from llmhub.config.things import Thing
from llmhub.lib import figures

Change = Literal["added", "changed", "given up", "given back"]
_MOST = 8  # names in one line


@dataclass(frozen=True)
class Step:
    """One value before and after; None where nothing is set."""

    key: str
    before: Any
    after: Any

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.key} = {figures.words(self.after)}"
        after = "not set" if self.after is None else figures.words(self.after)
        return f"{self.key}: {figures.words(self.before)} → {after}"


@dataclass(frozen=True)
class Difference:
    """One thing that is not as the file says."""

    place: str
    change: Change
    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        if self.change == "given up":
            was = {step.key: step.before for step in self.steps}
            return f"{self.place}: given up\n    was {figures.words(was)}"
        said = "as it comes with llmhub again" if self.change == "given back" else self.change
        return "\n".join([f"{self.place}: {said}", *(f"    {step}" for step in self.steps)])


@dataclass(frozen=True)
class Plan:
    """What an application changes, whose things become, and what it leaves alone."""

    differences: tuple[Difference, ...] = ()
    becomes_the_files: tuple[str, ...] = ()  # taken away once the file no longer says it
    follows_llmhub: tuple[str, ...] = ()  # updates of llmhub change it again
    left_alone: tuple[str, ...] = ()  # made by people, and not in the file

    def document(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        document: dict[str, Any] = _plain(asdict(self))
        return document

    def __str__(self) -> str:
        count = len(self.differences)
        said = f"{count} difference{'s' * (count != 1)}" if count else "the database is as the file says"
        notes = [
            _names("the file's from now on, taken away when it no longer says them", self.becomes_the_files),
            _names("llmhub's again, changed by its updates", self.follows_llmhub),
            _names("left alone, because people made it and the file does not name it", self.left_alone),
        ]
        return "\n".join([*map(str, self.differences), *filter(None, notes), said])


def compare(before: Sequence[Thing], after: Sequence[Thing], named: Collection[str]) -> Plan:
    """Return what changed; `named` are the places that the file names whoever owns them."""
    old = {(thing.path, thing.key): thing for thing in before}
    new = {(thing.path, thing.key): thing for thing in after}
    differences: list[Difference] = []
    ours: list[str] = []
    theirs: list[str] = []
    for identity in {**new, **old}:
        was, now = old.get(identity), new.get(identity)
        if (difference := _difference(was, now)) is not None:
            differences.append(difference)
        if was and now and was.owner != now.owner:
            (theirs if now.owner == "bundled" else ours).append(now.place)
    changed = {difference.place for difference in differences}
    left = [
        thing.place
        for thing in after
        if _is_by_hand(thing) and thing.place not in changed and thing.place not in named
    ]
    return Plan(tuple(differences), tuple(ours), tuple(theirs), tuple(left))


def _difference(was: Thing | None, now: Thing | None) -> Difference | None:
    old = was.values if was and was.is_there else {}
    new = now.values if now and now.is_there else {}
    if old == new:
        return None
    place = (now or was).place  # type: ignore[union-attr]
    if not old or not new:
        return Difference(place, "added" if new else "given up", _steps(old, new))
    is_back = was is not None and now is not None and was.owner != now.owner == "bundled"
    return Difference(place, "given back" if is_back else "changed", _steps(old, new))


def _steps(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Step, ...]:
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return tuple(Step(key, old.get(key), new.get(key)) for key in keys)


def _is_by_hand(thing: Thing) -> bool:
    """Whether a person made it; of what nobody owns, all that does not come with llmhub."""
    if not thing.is_there:
        return False
    return thing.owner == "person" or (thing.owner == "" and not thing.is_bundled and len(thing.path) == 2)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value


def _names(said: str, places: Sequence[str]) -> str:
    if not places:
        return ""
    more = f" and {len(places) - _MOST} more" if len(places) > _MOST else ""
    return f"{said}: {', '.join(places[:_MOST])}{more}"
