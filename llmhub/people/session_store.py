"""Sessions in the database, each with whose it is: Django's own store and one more column."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from llmhub.people.sign_in_models import ConsoleSession


class SessionStore(DatabaseStore):
    """What `SESSION_ENGINE` names."""

    @classmethod
    def get_model_class(cls) -> type[ConsoleSession]:
        """Return the table."""
        return ConsoleSession

    def create_model_instance(self, data: dict[str, Any]) -> ConsoleSession:
        """Return the row of `data`; whose it is says Django's sign-in."""
        row: ConsoleSession = super().create_model_instance(data)  # type: ignore[assignment]
        whose = data.get(SESSION_KEY)
        row.user_id = int(whose) if whose else None
        return row
