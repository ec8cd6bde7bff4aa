"""What a strict content security policy would block, found in HTML or templates."""

from __future__ import annotations

import re

_BLOCKED = {
    "a style attribute": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "an inline handler": re.compile(r"<[^>]*\s(on[a-z]+|hx-on[:a-z-]*)\s*=", re.IGNORECASE),
    "an inline script": re.compile(
        r"<script(?![^>]*\ssrc=)(?![^>]*application/json)[^>]*>\s*\S", re.IGNORECASE
    ),
    "an inline style": re.compile(r"<style", re.IGNORECASE),
    "a script address": re.compile(r"javascript:", re.IGNORECASE),
    "another host": re.compile(
        r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"'](?:https?:)?//", re.IGNORECASE
    ),
}


def blocked(html: str) -> list[str]:
    """Return what of `html` would not work under the policy."""
    return [what for what, pattern in _BLOCKED.items() if pattern.search(html)]
