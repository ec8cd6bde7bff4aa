"""Where an installed package lies, without running it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def folder(name: str) -> Path:
    """Return the folder of a package. Raises `ModuleNotFoundError` where there is none of that name."""
    found = find_spec(name)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"there is no package {name}: run `./run up`, which installs it", name=name)
    return Path(found.origin).parent
