"""Whether an error says that the database is away, and not that something is wrong here."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError

# Postgres ends a session that stood still inside a transaction, and calls that an internal error.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_STOOD_STILL = "25P03"  # idle_in_transaction_session_timeout


def is_away(error: BaseException | None) -> bool:
    """Return whether the database does not answer or has given the connection up: nothing was written."""
    if isinstance(error, OperationalError | InterfaceError):
        return True
    return error is not None and getattr(error.__cause__, "sqlstate", None) == _STOOD_STILL
