"""What people and programs are shown of a report."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from llmhub.bench import shown
from llmhub.bench.figures import Comparison, Disturbed, LedgerSample, Memory, Report
from tests.bench.test_figures import sample


def comparison(connections=64, hub=60, **gateway) -> Comparison:
    return Comparison("plain", connections, bare=sample(), gateway=sample(calls=hub, **gateway))


REPORT = Report(
    database="SQLite",
    comparisons=(comparison(1, p50=3.5), comparison()),
    disturbed=(Disturbed("pages", 8, quiet=sample(p99=4.0), meanwhile=sample(p99=5.0)),),
    pages={"/": sample(p50=12.0)},
    stages={"auth": 0.1, "reserve": 0.4, "whole": 1.0},
    memory=Memory(gateway_mb=110.4, stack_mb=550.0),
    calls=100_000,
    sync_ms=0.5,
    ledger=LedgerSample(4000.4, 2.25),
)


def met(report: Report) -> dict[str, bool]:
    return {aim.what: aim.met for aim in shown.aims(report)}


def test_every_aim_of_a_good_report_is_met():
    good = replace(REPORT, comparisons=(comparison(1, p50=3.5), comparison(hub=61)))

    assert set(met(good).values()) == {True}
    assert len(met(good)) == 5


@pytest.mark.parametrize(
    ("change", "missed"),
    [
        ({"comparisons": (comparison(1), comparison(hub=59))}, "of bare, many connections"),
        (
            {"comparisons": (comparison(1, p50=4.0), comparison())},
            "added at one connection: 2 syncs + 0.8 ms",
        ),
        ({"memory": Memory(131, 550)}, "memory of the gateway"),
        ({"memory": Memory(110, 601)}, "memory of the whole stack"),
        ({"disturbed": (Disturbed("x", 8, sample(p99=4.0), sample(p99=6.1)),)}, "p99 while x"),
    ],
)
def test_an_aim_that_is_missed_is_said(change, missed):
    report = replace(REPORT, **change)

    assert [what for what, is_met in met(report).items() if not is_met] == [missed]
    assert "NO" in shown.text(report)


def test_what_is_aimed_at_on_sqlite_is_not_asked_of_postgres():
    assert "of bare, many connections" not in met(replace(REPORT, database="Postgres"))


def test_the_rest_of_a_call_is_what_no_stage_took():
    lines = [line.split() for line in shown.text(REPORT).splitlines()]

    assert ["reserve", "0.400", "40%"] in lines
    assert ["rest", "0.500", "50%"] in lines
    assert ["whole", "1.000"] in lines


def test_failures_are_told_with_the_first_answer():
    failing = comparison(failed=3, failure="Refused: 503")

    said = shown.text(replace(REPORT, comparisons=(comparison(1), failing)))

    assert "3 calls failed" in said
    assert "Refused: 503" in said


def test_programs_get_the_same():
    found = json.loads(json.dumps(shown.document(REPORT)))

    assert found["gateway"][1]["share_of_bare"] == 0.6
    assert found["pages"]["/"]["p50"] == 12.0
    assert found["disturbed"][0]["p99_times"] == 1.25
    assert found["ledger"]["alone_ms"] == 2.25


def test_the_page_has_a_part_for_each_database():
    page = shown.page([REPORT, replace(REPORT, database="Postgres")], machine="2 cores", when="2026-01-02")

    assert "2026-01-02, on 2 cores." in page
    assert page.count("### Beside a bare passthrough") == 2
    assert "| plain | 64 | 60% |" in page
