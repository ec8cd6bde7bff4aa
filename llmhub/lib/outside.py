"""Read a secret that is kept outside of the database, by its reference `env:NAME` or `file:/PATH`.

A reference is read with the rights of this process, so only who has them anyway may give one.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from llmhub.lib.reference import is_reference

MAY_REFER = frozenset({"command", "file", "system"})  # kinds of actors
MAX_LETTERS = 4000
SENDABLE = re.compile(r"[\x21-\x7e]+")  # in a header: visible ASCII, nothing that ends a line


class Unreadable(ValueError):
    """What a reference names cannot be read; the message says why, and holds nothing of it."""


def checked(reference: str, *, kind: str) -> str:
    """Return a reference that an actor of this kind may give. Raises `ValueError`, which says what to do."""
    reference = reference.strip()
    if kind not in MAY_REFER:
        raise ValueError("references are read on the server: set them there, by command or in llmhub.toml")
    if not is_reference(reference):
        raise ValueError(f"{reference[:60]!r} is no reference: use env:NAME or file:/PATH")
    return reference


def read(reference: str, *, what: str) -> str:
    """Return what a reference names, in one line. Raises `Unreadable`; `what` says what should be there."""
    kind, _, place = reference.partition(":")
    found = os.environ.get(place, "") if kind == "env" else _file_text(place)
    if not SENDABLE.fullmatch(found.strip()):
        raise Unreadable(f"{reference} holds no {what}: put one there (one line of visible letters)")
    return found.strip()


def _file_text(place: str) -> str:
    """Return what a small regular file holds. Raises `Unreadable`."""
    try:
        if not stat.S_ISREG(Path(place).stat().st_mode):
            raise Unreadable(f"file:{place} is no regular file")
        with Path(place).open("rb") as file:
            return file.read(MAX_LETTERS + 2).decode("ascii")
    except OSError as error:
        raise Unreadable(f"file:{place} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        return ""
