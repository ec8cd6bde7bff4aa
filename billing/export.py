"""Make exports in the background: a row says what is wanted and how far it is, a worker writes the file.

After each piece the file is on disk up to `bytes` and the row says so. A worker that is killed leaves
a row whose `seen_at` gets old: the next one cuts the file there and goes on. A worker writes while the
row has its stamp, so of two the one that claimed last writes.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from billing.export_models import Export
from billing.export_read import Piece, Wanted, pieces
from billing.visible import teams_of
from llmhub.audit import log as audit
from llmhub.audit.actor import Actor
from llmhub.lib import clock
from llmhub.people.roles import NotAllowed, reach

log = logging.getLogger(__name__)

MOST_OPEN = 10  # exports that wait or run
KEPT = timedelta(days=7)  # files; their rows twice as long
_PATIENCE = 60.0  # seconds that one run goes on: others share the worker
_SILENT = timedelta(seconds=60)  # after which a worker that wrote nothing is taken for dead
_LEAST_FREE = 500 * 2**20  # bytes that an export leaves on the disk
_OPEN = (Export.State.WAITING, Export.State.RUNNING)
_HASHED_AT_ONCE = 2**20  # bytes
_FIRST, _LAST = datetime(2025, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)  # of all calls


@transaction.atomic
def create_export(
    *,
    actor: Actor,
    since: datetime,
    until: datetime,
    of: str = Export.Of.REQUESTS,
    columns: str = Export.Columns.NATIVE,
    file_format: str = Export.Format.CSV,
) -> Export:
    """Save what is wanted: a worker makes it within seconds, of the calls that `actor` may see.

    Raises `ValidationError` on a range that ends before it begins, and where too many are waiting.
    """
    teams = teams_of(actor)
    since, until = max(since, _FIRST).astimezone(UTC), min(until, _LAST).astimezone(UTC)
    if since >= until:
        raise ValidationError({"since": "the range ends before it begins: choose an earlier start"})
    if Export.objects.filter(state__in=_OPEN).count() >= MOST_OPEN:
        raise ValidationError(f"{MOST_OPEN} exports are waiting: try again when one is ready")
    made = Export(
        of=of, columns=columns, format=file_format, since=since, until=until, made_by=actor.label,
        maker=actor.identity, teams=None if teams is None else sorted(teams),
    )  # fmt: skip
    made.full_clean()
    made.save()
    range_ = {"since": since.isoformat(), "until": until.isoformat()}
    audit.record(actor, "export.made", f"export:{made.pk}", after={"of": of, "columns": columns, **range_})
    return made


def may_read(actor: Actor, export: Export) -> bool:
    """Return whether `actor` may see every call that is in an export."""
    teams = teams_of(actor)
    return teams is None or (export.teams is not None and teams.issuperset(export.teams))


def readable_by(actor: Actor, found: list[Export]) -> list[Export]:
    """Return those exports of a list that `actor` may see."""
    return [each for each in found if may_read(actor, each)]


def may_remove(actor: Actor, export: Export) -> bool:
    """Return whether `actor` made an export, or manages every team whose calls are in it."""
    if export.maker == actor.identity:
        return True
    managed = reach(actor, "manage")
    return managed is None or (bool(export.teams) and managed.issuperset(export.teams or ()))


def remove_export(*, actor: Actor, export: Export) -> None:
    """Delete the file of an export; its row stays for as long as others do.

    Raises `NotAllowed` on another's, unless `actor` manages every team that is in it.
    """
    if not may_remove(actor, export):
        raise NotAllowed(
            f"{export.made_by} made this export: only they, and who manages all teams in it, may delete it"
        )
    with transaction.atomic():
        audit.record(actor, "export.removed", f"export:{export.pk}")
        Export.objects.filter(pk=export.pk).update(state=Export.State.EXPIRED, stamp=0)
    path_of(export).unlink(missing_ok=True)


def path_of(export: Export) -> Path:
    """Return where the file of an export lies."""
    return Path(settings.HOME) / "exports" / export.file_name


def write_open(*, now: datetime | None = None, patience: float = _PATIENCE) -> int:
    """Write exports that wait, the oldest first; return how many were finished. Safe to run twice."""
    finished, enough = 0, time.monotonic() + patience
    while time.monotonic() < enough:
        claimed = _claim(now or clock.now())
        if claimed is None:
            break
        try:
            finished += _write(claimed, enough)
        except OSError as trouble:
            log.error("export %d cannot be written: %s", claimed.pk, trouble)
            _fail(claimed, f"the file cannot be written: {trouble.strerror or trouble}")
    return finished


def clear_old(*, now: datetime | None = None) -> int:
    """Delete files whose time is over, and rows that have had none for as long; return how many files."""
    moment = now or clock.now()
    deleted = 0
    for export in Export.objects.filter(expires_at__lte=moment).exclude(state=Export.State.EXPIRED):
        Export.objects.filter(pk=export.pk).update(state=Export.State.EXPIRED)
        path_of(export).unlink(missing_ok=True)
        deleted += 1
    old = moment - 2 * KEPT
    Export.objects.filter(state__in=(Export.State.EXPIRED, Export.State.FAILED), created_at__lt=old).delete()
    return deleted


def _claim(now: datetime) -> Export | None:
    """Put a stamp of ours on the oldest export that nobody writes."""
    nobody = Q(state=Export.State.WAITING) | Q(state=Export.State.RUNNING, seen_at__lt=now - _SILENT)
    stamp = secrets.randbits(62)
    with transaction.atomic():
        found = Export.objects.select_for_update().filter(nobody).order_by("id").first()
        if found is None:
            return None
        values = {"state": Export.State.RUNNING, "stamp": stamp, "seen_at": now}
        Export.objects.filter(pk=found.pk).update(**values)
    found.stamp = stamp
    return found


def _write(export: Export, enough: float) -> bool:
    """Write on until the end, or until enough time has gone; False where it is not finished."""
    path = path_of(export)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if not path.exists() or path.stat().st_size < export.bytes:
        export.after_id = export.rows = export.bytes = 0  # another machine's, or lost: begin anew
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        file.truncate(export.bytes)
        file.seek(export.bytes)
        for piece in pieces(_wanted(export), after_id=export.after_id, header=not export.bytes):
            if shutil.disk_usage(path.parent).free < _LEAST_FREE:
                _fail(export, "there is no room on the disk: delete old exports, or choose fewer days")
                return False
            file.write(piece.text.encode())
            file.flush()
            os.fsync(file.fileno())
            if not _checkpoint(export, piece, file.tell()):
                return False  # removed, or another worker's
            if time.monotonic() > enough:
                Export.objects.filter(pk=export.pk, stamp=export.stamp).update(state=Export.State.WAITING)
                return False
    return _finish(export, path)


def _wanted(export: Export) -> Wanted:
    return Wanted(export.of, export.columns, export.format, export.since, export.until, export.teams)


def _checkpoint(export: Export, piece: Piece, size: int) -> bool:
    export.after_id, export.rows, export.bytes = piece.last_id, export.rows + piece.rows, size
    values = {"after_id": export.after_id, "rows": export.rows, "bytes": size, "seen_at": clock.now()}
    return bool(Export.objects.filter(pk=export.pk, stamp=export.stamp).update(**values))


def _finish(export: Export, path: Path) -> bool:
    now = clock.now()
    values = {
        "state": Export.State.DONE,
        "sha256": _digest(path),
        "finished_at": now,
        "expires_at": now + KEPT,
    }
    return bool(Export.objects.filter(pk=export.pk, stamp=export.stamp).update(**values))


def _fail(export: Export, problem: str) -> None:
    path_of(export).unlink(missing_ok=True)
    values = {"state": Export.State.FAILED, "problem": problem[:300], "finished_at": clock.now()}
    Export.objects.filter(pk=export.pk, stamp=export.stamp).update(**values)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_HASHED_AT_ONCE):
            digest.update(part)
    return digest.hexdigest()
