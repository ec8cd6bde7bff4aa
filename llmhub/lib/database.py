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


def sqlite(path: str | Path) -> dict[str, Any]:
    """Return the settings of a SQLite file."""
    return {
        "ENGINE": "llmhub.lib.sqlite",
        "NAME": str(path),
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 10, "init_command": _SQLITE_PRAGMAS},
        "TEST": {"NAME": f"{path}.test"},
    }


def from_url(url: str) -> dict[str, Any]:
    """Return the settings for `postgres://…` or `sqlite:///path`. Raises `ValueError` on others."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return sqlite("/" + unquote(parts.path).lstrip("/"))  # three slashes or four
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError(
            f"DATABASE_URL has the scheme {parts.scheme!r}: use postgres://user:password@host:5432/name "
            "or sqlite:////path/to/file"
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0,  # the pool keeps connections
        "OPTIONS": dict(parse_qsl(parts.query)),
    }
