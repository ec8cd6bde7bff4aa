"""Serve the console's own files: named by their content, compressed, cached for good."""

from __future__ import annotations

import gzip
from typing import Any

import brotli
from servestatic.compress import Compressor
from servestatic.storage import CompressedManifestStaticFilesStorage


class QuickCompressor(Compressor):
    """Compresses in a fraction of a second what the best level takes half a minute for.

    The first start pays for it, and the files are 12 % larger.
    """

    def should_compress(self, filename: str) -> bool:
        """Return whether a file is worth it; source maps are for whoever opens the debugger."""
        return not filename.endswith(".map") and super().should_compress(filename)

    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        """Return `data` as brotli."""
        return brotli.compress(data, quality=5)

    @staticmethod
    def compress_gzip(data: bytes) -> bytes:
        """Return `data` as gzip, the same bytes for the same data."""
        return gzip.compress(data, compresslevel=5, mtime=0)


class Assets(CompressedManifestStaticFilesStorage):
    """Hashed names after `collectstatic`; before it (tests, runserver) the plain ones."""

    def stored_name(self, name: str) -> str:
        """Return the hashed name of a file. Raises `ValueError` on one that was not collected."""
        stored: Any = super().stored_name(name) if self.hashed_files else name
        return str(stored)

    def create_compressor(self, **kwargs: Any) -> QuickCompressor:
        """Return what compresses the collected files."""
        return QuickCompressor(**kwargs)
