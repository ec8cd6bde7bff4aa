"""One row of docs/requirements.md: what shows it, what must break when its defect is put back."""

from __future__ import annotations

import importlib
import re
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE.parent.parent / "docs" / "requirements.md"
_LINE = re.compile(r"\| (?P<id>R-(?:[\d/]+|WEEK)) \| (?P<claim>.*) \|(?P<bar>.*)\|")


@dataclass(frozen=True)
class Figures:
    """What was measured, by name, and whether the bar was met by it."""

    holds: bool
    measured: dict[str, Any]

    def __str__(self) -> str:
        return ", ".join(f"{_text(value)} {name}" for name, value in self.measured.items())


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


@dataclass(frozen=True)
class Requirement:
    """A line of docs/requirements.md."""

    id: str
    claim: str
    bar: str


@dataclass(frozen=True)
class Row:
    """The module that shows a requirement."""

    id: str
    claim: str
    prove: Callable[[Any], Figures]
    control: Callable[[Any], Figures]
    databases: tuple[str, ...] = ("sqlite",)
    bar: str = ""  # where it is another than that of the requirement


@dataclass(frozen=True)
class Verdict:
    """What came of a row on one database."""

    row: Row
    database: str
    proof: Figures | None = None
    control: Figures | None = None
    crash: str = ""
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """The row holds, and does not hold any more when the defect is there."""
        return not self.crash and bool(self.proof and self.proof.holds and self.control) and not self.survived

    @property
    def survived(self) -> bool:
        """Whether the control did not fail: then the row proves nothing."""
        return bool(self.control and self.control.holds)


def requirements() -> list[Requirement]:
    """Every requirement, in the order of the document."""
    found = (_LINE.fullmatch(line) for line in REQUIREMENTS.read_text().splitlines())
    return [Requirement(match["id"], match["claim"], match["bar"].strip()) for match in found if match]


def load(folder: Path = HERE, package: str = "tests.prove") -> dict[str, Row]:
    """Every row that has a module, by id."""
    rows = {}
    for path in [*sorted(folder.glob("r[0-9]*.py")), *folder.glob("week.py")]:
        module = importlib.import_module(f"{package}.{path.stem}")
        databases = getattr(module, "DATABASES", ("sqlite",))
        bar = getattr(module, "BAR", "")
        rows[module.ROW] = Row(module.ROW, module.CLAIM, module.prove, module.control, databases, bar)
    return rows


def run(row: Row, stand, say: Callable[[str], None]) -> Verdict:
    """Run a row and its control on a stand; whatever they raise is its failure."""
    found: dict[str, Figures] = {}
    seconds: dict[str, float] = {}
    crash = ""
    for name, function in _parts(row):
        began = time.monotonic()
        try:
            with stand:
                found[name] = function(stand)
        except Exception:
            crash = traceback.format_exc()
            say(crash)
        seconds[name] = time.monotonic() - began
        say(f"  {name:<8}{_said(name, found.get(name))} ({seconds[name]:.1f} s)")
        if crash:
            break
    return Verdict(row, stand.database, found.get("proof"), found.get("control"), crash, seconds)


def _parts(row: Row) -> Iterator[tuple[str, Callable[[Any], Figures]]]:
    yield "proof", row.prove
    yield "control", row.control


def _said(name: str, figures: Figures | None) -> str:
    if figures is None:
        return "CRASHED"
    good = figures.holds if name == "proof" else not figures.holds
    wrong = "FAILED: " if name == "proof" else "DID NOT FAIL: "
    return f"{'' if good else wrong}{figures}"
