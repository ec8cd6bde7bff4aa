"""Pure: what the database holds of all that llmhub.toml can say, as values with the file's own keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmhub.config.findings import dotted


@dataclass(frozen=True)
class Thing:
    """One table of the file, or one of several under the same path, as the database has it."""

    path: tuple[str, ...]
    values: Mapping[str, Any]  # what is set, by the keys of the file
    key: str = ""  # which of several
    owner: str = ""  # bundled, file or person; "" where nobody owns such a thing
    is_bundled: bool = False  # a new installation has it without any file
    defaults: Mapping[str, Any] = field(default_factory=dict)  # values that need not be said
    unset: tuple[str, ...] = ()  # what comes with llmhub, and is not known here

    @property
    def is_there(self) -> bool:
        """Whether it can be used: what was withdrawn or removed only says so."""
        return not (self.values.get("withdrawn") or self.values.get("removed"))

    @property
    def place(self) -> str:
        """How people find it: `models."acme/small".offers.lab[small-1]`."""
        return dotted(self.path) + (f"[{self.key}]" if self.key else "")


def known(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that say something."""
    return {key: value for key, value in values.items() if value not in (None, "", [])}
