"""Pure: the settings of a chat call, such as limits and sampling, in the messages dialect."""

from __future__ import annotations

from typing import Any

from providers.translators.base import Malformed, Unsayable
from providers.translators.chat_messages_fields import Fields, a_count, a_list, a_number
from providers.wire import Terms

DEFAULT_MAX_TOKENS = 4096  # where neither the caller nor the model's entry names a limit
_DEFAULT_SAMPLING = 1  # of `temperature` and `top_p`
_TIERS = {"auto": "auto", "priority": "auto", "default": "standard_only"}


def refuse_other_answers(fields: Fields) -> None:
    """Raise `Unsayable` where a call asks for more answers than one, or for more than text."""
    choices = fields.take("n")
    if choices is not None and a_count(choices, at="n") > 1:
        raise Unsayable("'n' is above 1: the provider gives one answer at a time", param="n")
    modalities = a_list(fields.take("modalities") or [], at="modalities")
    if any(modality != "text" for modality in modalities):
        raise Unsayable("'modalities' asks for more than text", param="modalities")


def max_tokens_of(fields: Fields, terms: Terms) -> int:
    """Return the limit of the answer, which the messages dialect must be told; the model's own lowers it."""
    bound = terms.output_limit_tokens
    asked = {name: fields.take(name) for name in ("max_completion_tokens", "max_tokens")}
    for name, value in asked.items():
        if value is not None:
            wanted = a_count(value, at=name)
            if bound and wanted > bound:
                fields.drop(f"{name}>{bound}")
            return min(wanted, bound or wanted)
    return bound or DEFAULT_MAX_TOKENS


def sampling_of(fields: Fields, terms: Terms, *, thinks: bool) -> dict[str, Any]:
    """Return the sampling fields; a model that thinks takes none, and some models never do."""
    taken = terms.sampling and not thinks
    temperature = _sampled("temperature", fields, taken=taken)
    top_p = _sampled("top_p", fields, taken=taken)
    if temperature is not None and top_p is not None:
        temperature, top_p = _one_of(temperature, top_p, fields)
    top_k = _top_k(fields, taken=terms.top_k and not thinks)
    sent = {"temperature": temperature, "top_p": top_p, "top_k": top_k}
    return {field: value for field, value in sent.items() if value is not None}


def stop_sequences_of(fields: Fields) -> dict[str, Any]:
    """Return the texts to stop at; blank ones are refused by the messages dialect, and dropped."""
    stop = fields.take("stop")
    given = [stop] if isinstance(stop, str) else a_list(stop or [], at="stop")
    if not all(isinstance(text, str) for text in given):
        raise Malformed("'stop' must be a text or a list of texts", param="stop")
    kept = [text for text in given if text.strip()]
    if len(kept) < len(given):
        fields.drop("stop")
    return {"stop_sequences": kept} if kept else {}


def caller_of(fields: Fields) -> dict[str, Any]:
    """Return who the call is for; the newer of two names counts."""
    newer, older = fields.take("safety_identifier"), fields.take("user")
    if newer and older and newer != older:
        fields.drop("user")
    who = newer or older
    return {"metadata": {"user_id": who}} if isinstance(who, str) and who else {}


def service_tier_of(fields: Fields) -> dict[str, Any]:
    """Return the service tier, where the messages dialect has it."""
    tier = fields.take("service_tier")
    if isinstance(tier, str) and tier in _TIERS:
        return {"service_tier": _TIERS[tier]}
    if tier is not None:
        fields.drop("service_tier")
    return {}


def _sampled(field: str, fields: Fields, *, taken: bool) -> int | float | None:
    """Return a number from 0 to 1, None where it is not given or not taken."""
    value = fields.take(field)
    if value is None:
        return None
    number = a_number(value, at=field)
    if not taken:
        if number != _DEFAULT_SAMPLING:
            fields.drop(field)
        return None
    if number > 1:
        fields.drop(f"{field}>1")
    if number < 0:
        fields.drop(f"{field}<0")
    return min(max(number, 0), 1)


def _one_of(temperature: float, top_p: float, fields: Fields) -> tuple[float | None, float | None]:
    """Return one of the two, for models that refuse both; one at its default says nothing.

    Source: https://github.com/open-webui/pipelines/pull/546
    """
    if top_p == _DEFAULT_SAMPLING:
        return temperature, None
    if temperature == _DEFAULT_SAMPLING:
        return None, top_p
    fields.drop("top_p")
    return temperature, None


def _top_k(fields: Fields, *, taken: bool) -> int | None:
    value = fields.take("top_k")
    if value is None or value == 0:  # 0 switches it off
        return None
    number = a_count(value, at="top_k")
    if not taken:
        fields.drop("top_k")
        return None
    return number
