"""The primary key of rows whose ids this code makes (llmhub/lib/ids.py), in a column that counts nothing."""

from __future__ import annotations

from typing import Any

from django.db import models


class IdField(models.BigAutoField):
    """A whole number that is given before the row is written.

    Django has SQLite remember the largest id that a table ever had, in a table of its own: one more page
    in each transaction of the ledger, for nothing. https://sqlite.org/autoinc.html
    """

    def db_type_suffix(self, connection: Any) -> str | None:
        """Return what follows the column's type."""
        return None if connection.vendor == "sqlite" else super().db_type_suffix(connection)
