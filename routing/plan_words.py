"""Pure: the words for what becomes of an offer when a call is planned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Operation = Literal["generate", "embed", "count"]
Reason = Literal[
    "not_requested",
    "not_allowed",
    "model_not_allowed",
    "provider_paused",
    "no_credential",
    "dialect_not_served",
    "not_offered",
    "failing",
    "retired",
    "lacks",
    "too_small",
    "too_dear",
]
WORDS: Mapping[Reason, str] = {
    "not_requested": "not among the providers asked for",
    "not_allowed": "not among the providers that the key may use",
    "model_not_allowed": "not among the models that the key may use",
    "provider_paused": "paused",
    "no_credential": "has no credential",
    "dialect_not_served": "cannot be spoken to yet",
    "not_offered": "does not do this",
    "failing": "fails",
    "retired": "no longer answers",
    "lacks": "has no model that can do this",
    "too_small": "is too small for the call",
    "too_dear": "costs more than the route allows beside the first choice",
}
