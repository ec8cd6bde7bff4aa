"""Exports: sums equal the ledger, nothing is a formula, and a worker that is killed loses nothing."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest
from django.core.exceptions import ValidationError

from billing import export, export_read
from billing.export import clear_old, create_export, path_of, write_open
from billing.export_models import Export
from billing.export_rows import FOCUS_COLUMNS
from billing.export_text import csv_text, harmless, jsonl_text
from billing.models import Attempt, UsageRecord
from llmhub.audit.actor import COMMAND_LINE
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock
from tests.billing import rows

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
RANGE = {"since": AT - timedelta(days=9), "until": AT + timedelta(days=1)}
_NUMBERS = count(1)


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOME = tmp_path
    return tmp_path


@pytest.fixture
def ledger(db):
    """Seven calls of two teams with odd costs, one refusal, and calls beside the range."""
    mine, other = rows.team(), rows.team("other")
    about = {"entry_id": rows.entry().pk, "provider_id": rows.provider().pk, "key_id": rows.key(mine).pk}
    for number in range(7):
        cost = None if number == 3 else 10**9 + 7 * number
        record = rows.usage(
            AT + timedelta(minutes=number), team_id=(other if number == 6 else mine).pk, cost_nano=cost,
            attempts=2, input_tokens=10, tags={"env": "=1+1"}, session="@sum(a1)", **about,
        )  # fmt: skip
        rows.attempt(record, 1, id=next(_NUMBERS), status="error", cost_nano=5, entry_id=about["entry_id"])
        rows.attempt(record, 2, id=next(_NUMBERS), cost_nano=cost and cost - 5, computed_nano=77)
    rows.usage(AT, status="refused", refusals=4, cost_nano=0, team_id=mine.pk)
    rows.usage(AT - timedelta(days=10), cost_nano=1)
    rows.usage(AT + timedelta(days=1), cost_nano=1)
    return mine


def made(**values) -> Export:
    one = create_export(actor=COMMAND_LINE, **(RANGE | values))
    write_open()
    one.refresh_from_db()
    return one


def read(one: Export) -> list[dict]:
    text = path_of(one).read_bytes().decode()
    if one.format == "jsonl":
        return [json.loads(line) for line in text.splitlines()]
    return list(csv.DictReader(io.StringIO(text, newline="")))


def nano(found: list[dict], column: str) -> int:
    return int(sum(Decimal(row[column]) for row in found if row[column]) * 10**9)


# --- what is in it ------------------------------------------------------------------------------


@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
@pytest.mark.parametrize(("columns", "column"), [("native", "cost_usd"), ("focus", "BilledCost")])
@pytest.mark.parametrize("of", ["requests", "attempts"])
def test_its_sums_are_those_of_the_ledger_to_the_nano_usd(
    ledger, monkeypatch, file_format, columns, column, of
):
    monkeypatch.setattr(export_read, "AT_ONCE", 2)
    one = made(of=of, columns=columns, file_format=file_format)

    found = read(one)

    within = UsageRecord.objects.filter(refusals=0, team_id__isnull=False)
    costs = within.values_list("cost_nano", flat=True)
    if of == "attempts":
        costs = Attempt.objects.values_list("cost_nano", flat=True)
    assert nano(found, column) == sum(cost or 0 for cost in costs)
    assert (one.state, one.rows, len(found)) == ("done", len(costs), len(costs))
    assert one.bytes == path_of(one).stat().st_size
    assert one.sha256 == hashlib.sha256(path_of(one).read_bytes()).hexdigest()


def test_an_unknown_cost_is_empty_and_never_0(ledger):
    assert [row["cost_usd"] for row in read(made())].count("") == 1
    assert [row["cost_usd"] for row in read(made(file_format="jsonl"))].count(None) == 1


def test_a_row_says_who_called_what_in_exact_usd(ledger):
    first = read(made())[0]

    assert (first["team"], first["key"], first["model"], first["provider"]) == (
        "support",
        "bot",
        "acme/small-1",
        "lab",
    )
    assert (first["cost_usd"], first["at"], first["attempts"]) == ("1", "2026-03-10T12:00:00.000Z", "2")


def test_the_columns_of_focus(ledger):
    (first, *_) = read(made(columns="focus"))

    assert tuple(first) == FOCUS_COLUMNS
    assert (first["SubAccountId"], first["BillingAccountId"], first["BillingCurrency"]) == (
        "support",
        "lab",
        "USD",
    )
    assert (first["BillingPeriodStart"], first["BillingPeriodEnd"]) == (
        "2026-03-01T00:00:00.000Z",
        "2026-04-01T00:00:00.000Z",
    )
    assert (first["ChargeCategory"], first["PublisherName"]) == ("Usage", "acme")


def test_what_callers_wrote_is_no_formula(ledger):
    cells = [cell for row in read(made()) for cell in row.values()]

    assert "'@sum(a1)" in cells
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "@", "-"))]
    assert read(made(file_format="jsonl"))[0]["session"] == "@sum(a1)"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "  =1", "\uff1d1", "\n@a"])
def test_cells_that_a_spreadsheet_would_run(text):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["a=1", "1-2", "acme/small-1", "", '{"a": 1}'])
def test_cells_that_it_would_not(text):
    assert harmless(text) == text


def test_a_number_of_ours_may_be_negative_and_stays_one():
    cells = {"cost": Decimal("-0.000000001"), "n": 3, "is": True, "none": None}

    assert csv_text([cells], tuple(cells), header=True) == "cost,n,is,none\r\n-0.000000001,3,true,\r\n"
    assert json.loads(jsonl_text([cells], tuple(cells))) == {
        "cost": "-0.000000001",
        "n": 3,
        "is": True,
        "none": None,
    }


# --- in the background --------------------------------------------------------------------------


@pytest.mark.parametrize("pieces_before", [1, 2, 3])
def test_a_worker_that_is_killed_is_followed_by_one_that_goes_on(ledger, monkeypatch, pieces_before):
    whole = read(made())
    monkeypatch.setattr(export_read, "AT_ONCE", 2)
    one = create_export(actor=COMMAND_LINE, **RANGE)
    checkpoint, left = export._checkpoint, [pieces_before]

    def dies(*args):
        if not left[0]:
            raise KeyboardInterrupt  # after it has written a piece that no row speaks of
        left[0] -= 1
        return checkpoint(*args)

    monkeypatch.setattr(export, "_checkpoint", dies)
    with pytest.raises(KeyboardInterrupt):
        write_open()
    monkeypatch.setattr(export, "_checkpoint", checkpoint)
    assert write_open() == 0  # it may still be alive
    path_of(one).open("ab").write(b"half a li")

    assert write_open(now=clock.now() + timedelta(minutes=2)) == 1

    one.refresh_from_db()
    assert (one.state, one.rows, read(one)) == ("done", 7, whole)


def test_a_run_stops_when_its_time_is_over_and_the_next_goes_on(ledger, monkeypatch):
    monkeypatch.setattr(export_read, "AT_ONCE", 2)
    one = create_export(actor=COMMAND_LINE, **RANGE)
    runs = 0
    while Export.objects.get(pk=one.pk).state != "done":
        write_open(patience=0.0001)
        runs += 1

    assert runs >= 2
    assert len(read(one)) == 7


def test_a_file_that_is_gone_is_begun_anew(ledger, monkeypatch):
    monkeypatch.setattr(export_read, "AT_ONCE", 2)
    one = create_export(actor=COMMAND_LINE, **RANGE)
    write_open(patience=0.0001)
    path_of(one).unlink(missing_ok=True)

    write_open()

    assert len(read(one)) == 7


def test_an_export_that_was_removed_while_it_ran_ends(ledger, monkeypatch):
    one = create_export(actor=COMMAND_LINE, **RANGE)
    monkeypatch.setattr(export, "clock", type("_", (), {"now": staticmethod(lambda: _removed(one))}))

    write_open(now=clock.now())

    one.refresh_from_db()
    assert one.state == "expired"


def _removed(one: Export) -> datetime:
    Export.objects.filter(pk=one.pk).update(state="expired", stamp=0)
    return clock.now()


def test_a_full_disk_is_said(ledger, monkeypatch):
    monkeypatch.setattr(export, "_LEAST_FREE", 2**62)

    one = made()

    assert (one.state, "no room" in one.problem, path_of(one).exists()) == ("failed", True, False)


def test_files_are_deleted_when_their_time_is_over(ledger):
    one = made()

    assert clear_old(now=clock.now() + timedelta(days=6)) == 0
    assert clear_old(now=clock.now() + timedelta(days=8)) == 1
    one.refresh_from_db()
    assert (one.state, path_of(one).exists()) == ("expired", False)
    clear_old(now=clock.now() + timedelta(days=15))
    assert not Export.objects.exists()


def test_making_one_is_on_record_and_bounded(ledger):
    with pytest.raises(ValidationError, match="ends before it begins"):
        create_export(actor=COMMAND_LINE, since=AT, until=AT)
    for _ in range(export.MOST_OPEN):
        create_export(actor=COMMAND_LINE, **RANGE)
    with pytest.raises(ValidationError, match="are waiting"):
        create_export(actor=COMMAND_LINE, **RANGE)

    assert AuditEvent.objects.filter(action="export.made").count() == export.MOST_OPEN


def test_who_may_see_some_teams_gets_their_calls_and_their_files_alone(ledger, monkeypatch):
    everything = made()
    monkeypatch.setattr(export, "teams_of", lambda _: frozenset({ledger.pk}))

    one = made()

    assert {row["team"] for row in read(one)} == {"support"}
    assert (export.may_read(COMMAND_LINE, one), export.may_read(COMMAND_LINE, everything)) == (True, False)
