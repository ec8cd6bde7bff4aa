"""Logs: one line of JSON for each event, without secrets."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from llmhub.lib import secrets

_HIDDEN = "[hidden]"
_BETWEEN = "\x1e"  # of two texts that are searched together: no pattern reaches across it
# Each pattern keeps its first group and hides what follows it.
_SECRETS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?i)(\b(?:bearer|basic)[^\S\x1e]+)[\w.~+/=-]{8,}",
        r"(?i)((?:api[-_]?key|authorization|password|secret|token|credential)[\"']?[^\S\x1e]*[=:][^\S\x1e]*[\"']?)(?!bearer|basic)[^\s\"',&;)}]{4,}",
        r"(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)",
        r"(\b(?:sk|pk|rk|key|" + "|".join(secrets.PREFIXES) + r")[-_])[\w-]{12,}",
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
            "message": record.getMessage(),
        }
        event |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            event["error"] = self.formatException(record.exc_info)
        return json.dumps(event | _shown(event), ensure_ascii=False)


def _shown(event: dict[str, Any]) -> dict[str, str]:
    """Return the texts of an event without secrets: searched in one go, which is half of the time."""
    texts = {name: value for name, value in event.items() if not _is_plain(value)}
    pairs = [f"{name}={value}".replace(_BETWEEN, " ") for name, value in texts.items()]
    clean = redact(_BETWEEN.join(pairs)).split(_BETWEEN)
    return {name: pair.partition("=")[2] for name, pair in zip(texts, clean, strict=True)}


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float)


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
