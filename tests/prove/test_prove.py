"""The framework of `./run prove`: what counts as shown, and what its table says."""

from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext

import pytest

from tests.fixtures.hub import ROOT
from tests.prove.__main__ import _close, main
from tests.prove.row import Figures, Requirement, Row, load, requirements, run
from tests.prove.table import NOT_YET, write

GOOD, BAD = Figures(True, {"calls": 1_234, "lost": 0}), Figures(False, {"calls": 5, "lost": 3})
WANTED = [Requirement("R-01", "Caps are hard; always", "0 over"), Requirement("R-02", "It is a bound", "")]
FULL, QUICK = "2026-01-02, full form", "2026-01-03, quick form"


class Stand(nullcontext):
    database = "sqlite"


def row(proof=GOOD, control=BAD, **more) -> Row:
    """A row whose two halves give these figures, or raise them."""

    def giving(figures):
        def give(stand):
            if isinstance(figures, Exception):
                raise figures
            return figures

        return give

    return Row("R-01", "Caps are hard", giving(proof), giving(control), **more)


def verdict(*figures):
    said = []
    return run(row(*figures), Stand(), said.append), said


def test_a_row_holds_when_it_holds_and_fails_with_its_defect():
    shown, said = verdict()

    assert shown.passed
    assert _close([shown]) == 0
    assert said[0].startswith("  proof   1,234 calls, 0 lost (")
    assert said[1].startswith("  control 5 calls, 3 lost (")


def test_a_row_that_fails_fails():
    shown, said = verdict(BAD)

    assert not shown.passed
    assert _close([shown]) == 1
    assert "FAILED: 5 calls, 3 lost" in said[0]


def test_a_control_that_does_not_fail_fails_the_row():
    shown, said = verdict(GOOD, GOOD)

    assert not shown.passed
    assert _close([shown]) == 1
    assert "DID NOT FAIL" in said[1]


@pytest.mark.parametrize("figures", [(OSError("no server"),), (GOOD, OSError("no server"))])
def test_a_crash_fails_the_row_and_shows_where(figures):
    shown, said = verdict(*figures)

    assert not shown.passed
    assert "no server" in shown.crash
    assert "no server" in "".join(said)
    assert "CRASHED" in said[-1]


def test_nothing_that_was_run_shows_nothing():
    assert _close([]) == 1


# --- the table -------------------------------------------------------------------------------------


@pytest.fixture
def table(tmp_path):
    """A function: the table after a run."""
    path = tmp_path / "reliability.md"

    def after(*figures, when=FULL, databases=("sqlite",)) -> str:
        rows = {"R-01": row(databases=databases)}
        verdicts = [verdict(*figures)[0]] if figures else []
        write(path, WANTED, verdicts, rows=rows, when=when, machine="2 cores")
        return path.read_text()

    return after


def test_the_table_has_what_was_measured_and_the_bar(table):
    text = table(GOOD, BAD)

    assert (
        "| R-01 | sqlite | Caps are hard | 0 over | 1,234 calls, 0 lost | 5 calls, 3 lost | 2026-01-02"
        in text
    )
    assert "Not yet here: R-02." in text
    assert "Last run on: 2 cores." in text


def test_a_row_or_database_that_was_not_run_is_not_yet(table):
    assert f"| R-01 | postgres | Caps are hard | 0 over |  |  | {NOT_YET} |" in table(
        GOOD, BAD, databases=("sqlite", "postgres")
    )


def test_what_was_not_run_keeps_its_line(table):
    table(GOOD, BAD)

    assert "| 1,234 calls, 0 lost | 5 calls, 3 lost | 2026-01-02, full form, 0 s |" in table(when=QUICK)


def test_a_small_form_does_not_take_the_place_of_a_full_one_and_a_full_one_of_any(table):
    table(GOOD, BAD, when=QUICK)
    assert FULL in table(GOOD, BAD)
    assert FULL in table(GOOD, BAD, when=QUICK)


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ((BAD, BAD), "**failed**: 5 calls"),
        ((GOOD, GOOD), "**did not fail**: 1,234 calls"),
        ((OSError("x"),), "**crashed**"),
    ],
)
def test_a_failure_takes_the_place_of_anything_and_goes_with_the_next_success(table, figures, said):
    table(GOOD, BAD)

    assert said in table(*figures, when=QUICK)
    assert "**" not in table(GOOD, BAD, when=QUICK).partition("|---|")[2]


# --- the rows --------------------------------------------------------------------------------------


def test_every_module_shows_a_requirement():
    rows = load()
    ids = {requirement.id for requirement in requirements()}

    assert len(ids) == 38  # R-26/27 are one line
    assert set(rows) <= ids
    for each in rows.values():
        assert set(each.databases) <= {"sqlite", "postgres"}
        assert each.claim


def test_a_row_that_no_module_shows_is_refused_with_those_that_are(capsys):
    with pytest.raises(SystemExit):
        main(["R-99"])

    assert "no module shows R-99; there are R-01" in capsys.readouterr().err


def test_the_command_runs_a_row_and_writes_its_table(tmp_path):
    table = tmp_path / "reliability.md"
    command = ["R-30", "--quick", "--database", "sqlite", "--table", str(table)]

    done = subprocess.run(
        [sys.executable, "-P", "-m", "tests.prove", *command],
        cwd=ROOT, env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 1 hold" in done.stdout
    assert "| R-30 | sqlite |" in table.read_text()
