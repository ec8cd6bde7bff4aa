"""Pure: who is acting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["user", "service_key", "command", "file", "system"]


@dataclass(frozen=True)
class Actor:
    """Who does something: a person, a program with a key, the command line, a file, the hub itself."""

    kind: Kind
    label: str  # what the audit log shows: an e-mail address, a key's name, a file's name
    role: str = "viewer"  # in the organisation
    id: int | None = None
    teams: Mapping[int, str] = field(default_factory=dict)  # the role in each team, by the team's id
    scopes: frozenset[str] | None = None  # what a service key is cut down to; None: all of its role

    @property
    def identity(self) -> str:
        """Who this is, whatever they are called: a label may be chosen, and a key be named like a person."""
        return self.kind if self.id is None else f"{self.kind}:{self.id}"


COMMAND_LINE = Actor(kind="command", label="command line", role="owner")
SYSTEM = Actor(kind="system", label="llmhub", role="owner")
