"""Findings for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from llmhub.alerts.finding import Finding

T0 = datetime(2026, 11, 29, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def finding(**values) -> Finding:
    return Finding(
        **{
            "rule": "unpriced",
            "subject": "model:acme/small-1",
            "title": "Nobody knows what calls of acme/small-1 cost",
            "text": "3 of 9 calls are of unknown cost.",
            "path": "/models/acme/small-1/",
            "facts": {"unpriced": 3, "requests": 9},
        }
        | values
    )
