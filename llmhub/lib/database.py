"""Pure: Django's database settings from one address."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

# docs/decisions.md, "One SQLite file": durable at each commit, writers queue at a lock file.
_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "PRAGMA temp_store=memory; PRAGMA wal_autocheckpoint=1000;"
)

# A server that vanishes is noticed in about 10 s; one that comes back is found within 2 s.
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
_POSTGRES = {
    "connect_timeout": 3,  # seconds
    "keepalives_idle": 5,  # seconds
    "keepalives_interval": 2,  # seconds
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds
    # A commit is on disk, whatever the server's default is: money depends on it.
    # A process that stands still inside a transaction must not hold the others' locks.
    "options": "-c synchronous_commit=on -c idle_in_transaction_session_timeout=10s",
}
# https://www.psycopg.org/psycopg3/docs/api/pool.html
_POOL = {
    "min_size": 0,
    "timeout": 5,  # seconds to wait for a connection
    "reconnect_timeout": 2,  # seconds until a waiter tries anew instead of waiting twice as long each time
}


def sqlite(path: str | Path) -> dict[str, Any]:
    """Return the settings of a SQLite file."""
    return {
        "ENGINE": "llmhub.lib.sqlite",
        "NAME": str(path),
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 10, "init_command": _SQLITE_PRAGMAS},
        "TEST": {"NAME": f"{path}.test"},
    }


def with_statement_limit(settings: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Return settings with which a statement that takes longer is broken off.

    Those of a pooler, which refuses start-up options and so has none, stay as they are.
    """
    options = settings["OPTIONS"]
    if settings["ENGINE"] == "llmhub.lib.sqlite":
        return settings | {"OPTIONS": options | {"statement_seconds": seconds}}
    if not options["options"]:
        return settings
    words = f"{options['options']} -c statement_timeout={seconds * 1000:.0f}"
    return settings | {"OPTIONS": options | {"options": words}}


def from_url(url: str, *, connections: int = 0) -> dict[str, Any]:
    """Return the settings for `postgres://…` or `sqlite:///path`. Raises `ValueError` on others.

    A process has at most so many `connections` to Postgres, which its threads share; 0: one a thread.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return sqlite("/" + unquote(parts.path).lstrip("/"))  # three slashes or four
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError(
            f"DATABASE_URL has the scheme {parts.scheme!r}: use postgres://user:password@host:5432/name "
            "or sqlite:////path/to/file"
        )
    pool = {"pool": _POOL | {"max_size": connections}} if connections else {}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0,  # the pool keeps connections
        "CONN_HEALTH_CHECKS": True,  # a connection from before a restart of the server is not handed out
        "OPTIONS": _POSTGRES | dict(parse_qsl(parts.query, keep_blank_values=True)) | pool,
    }
