"""Pure: what the id of a Claude model says about it: its version, and what models of that version take."""

from __future__ import annotations

import re

from providers.wire import Terms

# claude-opus-4-6, claude-sonnet-4-5-20250929, claude-sonnet-4.6; and the older claude-3-5-sonnet-20240620.
# A date has eight digits: it is no part of a version.
_MAJOR_MINOR = r"([0-9]{1,2})(?:[-.]([0-9]{1,2}))?(?![0-9])"
_ID = re.compile(rf"(?<![a-z0-9])claude-(?:[a-z]+-){{0,2}}{_MAJOR_MINOR}")
_ADAPTIVE, _NO_SAMPLING, _JSON_SCHEMA = (4, 6), (4, 7), (4, 5)

UNKNOWN = Terms(reasoning="budget", sampling=True, top_k=True, json_schema=False, cache_control=True)
NEWEST = Terms(reasoning="adaptive", sampling=False, top_k=False, json_schema=True, cache_control=True)


def version_of(upstream_id: str) -> tuple[int, int] | None:
    """Return major and minor version of a model, or None where its id does not say it."""
    found = _ID.search(upstream_id.lower())
    return (int(found[1]), int(found[2] or 0)) if found else None


def terms_of(upstream_id: str, *, otherwise: Terms) -> Terms:
    """Return how a model of this version is told what the dialects say differently.

    Sources: https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking (from 4.6 on),
    https://platform.claude.com/docs/en/about-claude/models/migration-guide (no sampling from 4.7 on),
    https://platform.claude.com/docs/en/build-with-claude/structured-outputs (from 4.5 on)
    """
    version = version_of(upstream_id)
    if version is None:
        return otherwise
    samples = version < _NO_SAMPLING
    return Terms(
        reasoning="adaptive" if version >= _ADAPTIVE else "budget",
        sampling=samples,
        top_k=samples,
        json_schema=version >= _JSON_SCHEMA,
        cache_control=True,
    )
