"""Pure: what a channel is told, as words for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Tone = Literal["good", "warning", "critical"]


@dataclass(frozen=True)
class Message:
    """One transition of an alert, a digest of several, or a test."""

    id: str  # the same each time it is sent
    event: str  # `alert.firing`, `alert.resolved`, `alert.digest`, `alert.test`
    at: datetime
    title: str
    text: str
    url: str  # of the page that shows it
    tone: Tone = "warning"
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def headline(self) -> str:
        """Return its first line; a letter that would end it is none of it."""
        words = " ".join(self.title.split())
        return f"Resolved: {words}" if self.event == "alert.resolved" else words

    @property
    def body(self) -> str:
        """Return what stands below the headline."""
        return "\n\n".join(part for part in (self.text, self.url) if part)

    def document(self) -> bytes:
        """Return it as a webhook carries it."""
        told = {"title": self.title, "text": self.text, "url": self.url, **self.data}
        document = {"type": self.event, "timestamp": self.at.isoformat(), "data": told}
        return json.dumps(document, ensure_ascii=False).encode()
