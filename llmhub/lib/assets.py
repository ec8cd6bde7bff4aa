"""Serve the console's own files: named by their content, compressed, cached for good."""

from __future__ import annotations

from typing import Any

from servestatic.storage import CompressedManifestStaticFilesStorage


class Assets(CompressedManifestStaticFilesStorage):
    """Hashed names after `collectstatic`; before it (tests, runserver) the plain ones."""

    def stored_name(self, name: str) -> str:
        """Return the hashed name of a file. Raises `ValueError` on one that was not collected."""
        stored: Any = super().stored_name(name) if self.hashed_files else name
        return str(stored)
