"""Logs: one line of JSON for each event, without secrets."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

_HIDDEN = "[hidden]"
# Each pattern keeps its first group and hides what follows it.
_SECRETS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}",
        r"(?i)((?:api[-_]?key|authorization|password|secret|token|credential)[\"']?\s*[=:]\s*[\"']?)(?!bearer|basic)[^\s\"',&;)}]{4,}",
        r"(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)",
        r"(\b(?:sk|pk|rk|key|llmh|link)[-_])[\w-]{12,}",
        r"(\bgAAAA)[\w=-]{20,}",  # what is encrypted at rest
    )
)
# What the standard library puts on every record, and Celery's copy of its message;
# anything else was given by the caller as `extra`.
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "data"}


def redact(text: str) -> str:
    """Return `text` with everything that looks like a secret hidden."""
    for pattern in _SECRETS:
        text = pattern.sub(rf"\1{_HIDDEN}", text)
    return text


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON: time, level, logger, message, extras, error."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, secrets hidden."""
        event: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        for name in vars(record).keys() - _STANDARD:
            event[name] = _plain(name, vars(record)[name])
        if record.exc_info:
            event["error"] = redact(self.formatException(record.exc_info))
        return json.dumps(event, ensure_ascii=False)


def _plain(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    _, _, shown = redact(f"{name}={value}").partition("=")
    return shown


def configuration(level: str) -> dict[str, Any]:
    """Return the logging configuration of every process: JSON lines on standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "llmhub.lib.logs.JsonLines"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # These come with handlers of their own, which would write text.
            **{name: {"handlers": [], "level": level} for name in ("django", "_granian", "granian.access")},
            # A run of a task is one line: when it has ended.
            **{name: {"level": "WARNING"} for name in ("celery.beat", "celery.worker.strategy")},
        },
    }
