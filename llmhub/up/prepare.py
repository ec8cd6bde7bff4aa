"""Make the database, the static files, the catalog and the first person; every part is safe to repeat."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.urls import reverse

from catalog import bundled_list, seed
from llmhub.audit.actor import SYSTEM, Actor
from llmhub.config.apply import apply_file
from llmhub.people.models import Role, User
from llmhub.people.person import create_user, make_link

OWNER = "owner@llmhub.local"
_LOCK = 7_005_148_226  # of this product on a Postgres server; any number will do


@dataclass(frozen=True)
class SignIn:
    """Who may sign in for the first time, and by which path."""

    email: str
    path: str


@dataclass(frozen=True)
class Prepared:
    """What a start found or made."""

    sign_in: SignIn | None  # None when an owner has signed in before
    config: str  # what applying llmhub.toml changed, "" without one


def prepare() -> Prepared:
    """Prepare this installation. Raises whatever stands in the way."""
    config = prepare_database()
    collect_static_files()
    found = Prepared(config=config, sign_in=first_sign_in())
    connections.close_all()
    return found


def prepare_database() -> str:
    """Make or update tables and catalog, and return what applying llmhub.toml changed.

    Safe to run at the same time in any number of processes: one does it, the others wait.
    """
    settings.HOME.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone():
        _check_age()
        call_command("migrate", interactive=False, verbosity=0)
        seed.seed()
        bundled_list.fill()
        return _apply_config(settings.CONFIG_FILE)


def _check_age() -> None:
    """Raise `ValueError` for a database that is older than what the first migrations stand for."""
    loader = MigrationLoader(None)
    done = MigrationRecorder(connection).applied_migrations()
    for app, name in sorted(loader.disk_migrations):
        replaced = loader.disk_migrations[app, name].replaces
        missing = [each for each in replaced if each not in done]
        if missing and len(missing) < len(replaced):
            raise ValueError(
                f"the database was made by an earlier version, without {'.'.join(missing[-1])}: "
                "start the last version that has it once, then this one; nothing was changed"
            )


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other process prepares this database; it ends with this process, however that ends."""
    if connection.vendor != "postgresql":
        with (settings.HOME / "prepare.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        return
    own = connection.copy()  # a session of its own, which holds the lock
    try:
        with own.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        yield
    finally:
        with own.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
        own.close()


def _apply_config(file: str) -> str:
    if not file:
        return ""
    actor = Actor(kind="file", label=file, role=Role.OWNER)
    return f"{file}: {apply_file(Path(file), actor)}"


def collect_static_files() -> None:
    """Copy and compress what browsers load, unless it is what the last start copied."""
    note = settings.HOME / "static-files"
    found = _static_files()
    if note.exists() and note.read_text() == found and settings.STATIC_ROOT.exists():
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    note.write_text(found)


def _static_files() -> str:
    """Return one line for each file: its path, size and time of change."""
    paths = (Path(storage.path(name)) for finder in get_finders() for name, storage in finder.list([]))
    stats = ((path, path.stat()) for path in sorted(paths))
    return "".join(f"{path} {stat.st_size} {stat.st_mtime_ns}\n" for path, stat in stats)


def first_sign_in() -> SignIn | None:
    """Return a new one-time link for an owner, made if there is none, until one has signed in."""
    owner = first_owner()
    if owner is None:
        return None
    token = make_link(actor=SYSTEM, user=owner)
    return SignIn(email=owner.email, path=reverse("people:use_link", args=[token]))


def first_owner() -> User | None:
    """Return an owner, made if there is none; None as soon as one has signed in."""
    owners = User.objects.filter(role=Role.OWNER, is_active=True)
    if owners.filter(last_login__isnull=False).exists():
        return None
    return owners.order_by("pk").first() or create_user(
        actor=SYSTEM, email=OWNER, name="Owner", role=Role.OWNER
    )
