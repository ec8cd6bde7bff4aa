"""docs/reliability.md: what was measured last of each row. Lines of rows that were not run stay."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from tests.prove.row import Requirement, Row, Verdict

HEAD = """\
# Reliability: what was shown, and when

Written by `./run prove`: one line for each row of [requirements.md](requirements.md) and database. The
control is the same check with the defect put back: it has to fail, or the row proves nothing. “quick form”
is the small one (`./run prove --quick`), which never takes the place of a full one that passed.
`./run prove R-05` runs one row.

| row | on | claim | bar | measured | with the defect | when |
|---|---|---|---|---|---|---|
"""
NOT_YET = "not yet"
FAILURES = ("**failed**", "**crashed**", "**did not fail**")
_LINE = re.compile(r"\| (?P<id>R-(?:[\d/]+|WEEK)) \| (?P<on>[^|]*) \| .* \| (?P<when>[^|]*) \|")
Key = tuple[str, str]


def write(
    path: Path,
    wanted: Iterable[Requirement],
    verdicts: Iterable[Verdict],
    *,
    rows: dict[str, Row],
    when: str,
    machine: str,
) -> None:
    """Write the table with these verdicts in the place of older ones."""
    lines: dict[Key, str | Verdict] = dict(_kept(path))
    for verdict in verdicts:
        key = (verdict.row.id, verdict.database)
        if not (verdict.passed and "quick" in when and _is_full(lines.get(key, ""))):
            lines[key] = verdict
    text, missing = HEAD, []
    for requirement in wanted:
        if requirement.id not in rows:
            missing.append(requirement.id)
            continue
        for database in rows[requirement.id].databases:
            line = lines.get((requirement.id, database))
            if isinstance(line, Verdict):
                line = _line(requirement, line, when)
            text += line or _unmeasured(requirement, rows[requirement.id], database)
    path.write_text(f"{text}\n{_below(missing)}Last run on: {machine}.\n")


def _kept(path: Path) -> dict[Key, str]:
    text = path.read_text() if path.exists() else ""
    found = [match for line in text.splitlines() if (match := _LINE.fullmatch(line))]
    return {(match["id"], match["on"]): match[0] + "\n" for match in found if match["when"] != NOT_YET}


def _is_full(line) -> bool:
    return bool(line) and "quick form" not in line and not any(mark in line for mark in FAILURES)


def _line(requirement: Requirement, verdict: Verdict, when: str) -> str:
    bar = verdict.row.bar or requirement.bar
    measured = "**crashed**" if verdict.crash else str(verdict.proof)
    if verdict.proof and not verdict.proof.holds:
        measured = f"**failed**: {measured}"
    control = f"**did not fail**: {verdict.control}" if verdict.survived else str(verdict.control or "")
    took = f"{when}, {sum(verdict.seconds.values()):.0f} s"
    return _cells(requirement.id, verdict.database, verdict.row.claim, bar, measured, control, took)


def _unmeasured(requirement: Requirement, row: Row, database: str) -> str:
    return _cells(requirement.id, database, row.claim, row.bar or requirement.bar, "", "", NOT_YET)


def _below(missing: list[str]) -> str:
    if not missing:
        return ""
    return f"Not yet here: {', '.join(missing)}. What is built of them, `./run test` checks in small.\n\n"


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n"
