"""Pure: a chat call for a provider that speaks messages.

Source: https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

from typing import Any

import msgspec

from providers.translators.base import Translated
from providers.translators.chat_messages_answer import ChatAnswers
from providers.translators.chat_messages_content import text_block
from providers.translators.chat_messages_fields import Fields
from providers.translators.chat_messages_form import form_of, with_answer_tool
from providers.translators.chat_messages_reasoning import thinking_of, wish_of
from providers.translators.chat_messages_settings import (
    caller_of,
    max_tokens_of,
    refuse_other_answers,
    sampling_of,
    service_tier_of,
    stop_sequences_of,
)
from providers.translators.chat_messages_thoughts import DROPPED, is_thought
from providers.translators.chat_messages_tools import tools_of, with_called_tools
from providers.translators.chat_messages_turns import Conversation, Turn
from providers.wire import Body, Terms


def chat_to_messages(body: Body, terms: Terms) -> Translated:
    """Return a chat call as a messages call.

    Refused is what would change the answer's shape (several choices, audio, custom tools) or lose
    what the caller said; a setting without an equivalent is dropped and named.

    Raises `Malformed` and `Unsayable`.
    """
    fields = Fields(body)
    refuse_other_answers(fields)
    tools, form, wish = tools_of(fields, terms), form_of(fields, terms), wish_of(fields)
    said = Conversation(fields, tools.names)
    said.read(fields.take("messages"))
    offered, answer_tool = with_answer_tool(with_called_tools(tools), form)

    max_tokens = max_tokens_of(fields, terms)
    so_far = _said_so_far(said.turns)
    possible = not offered.forced and (terms.reasoning != "budget" or _may_think_on(so_far))
    thinking = thinking_of(wish, terms, max_tokens=max_tokens, possible=possible, fields=fields)
    thinks = thinking.get("thinking", {}).get("type") in ("enabled", "adaptive")
    if not thinks and (wish.field or terms.reasoning != "adaptive"):
        for turn in so_far:
            _forget_thoughts(turn, fields)

    system = said.system + ([text_block(form.instruction)] if form.instruction else [])
    cache_control = fields.take_object("cache_control")
    sent: dict[str, Any] = {
        "max_tokens": max_tokens,
        **({"system": system} if system else {}),
        "messages": [turn.sent() for turn in said.turns],
        **offered.sent(),
        **thinking,
        **sampling_of(fields, terms, thinks=thinks),
        **stop_sequences_of(fields),
        **caller_of(fields),
        **service_tier_of(fields),
        **({"cache_control": cache_control} if cache_control else {}),
    }
    if form.schema is not None:
        wanted = {"type": "json_schema", "schema": form.schema}
        sent["output_config"] = {**sent.get("output_config", {}), "format": wanted}
    fields.drop_rest()
    answers = ChatAnswers(tools.names.changed(), answer_tool, tools.legacy, wish.shown, terms.asked_at)
    return Translated(_raw(sent), answers, fields.dropped)


def _said_so_far(turns: list[Turn]) -> list[Turn]:
    """Return what the assistant has said since the user spoke, with results of its tools between.

    The answer continues it; it is empty where the answer begins anew.
    """
    found: list[Turn] = []
    for turn in reversed(turns):
        if turn.role == "assistant":
            found.insert(0, turn)
        elif not turn.results:
            break
    return found


def _may_think_on(said: list[Turn]) -> bool:
    """Return whether a model with a budget may think: what it continues must begin with a thought."""
    return not said or is_thought(said[0].blocks[0])


def _forget_thoughts(turn: Turn, fields: Fields) -> None:
    """Take thoughts out of a turn that goes on without thinking: they would be refused."""
    kept = [block for block in turn.blocks if not is_thought(block)]
    if len(kept) < len(turn.blocks):
        turn.blocks = kept
        fields.drop(DROPPED)


def _raw(sent: dict[str, Any]) -> Body:
    return {field: msgspec.Raw(msgspec.json.encode(value)) for field, value in sent.items()}
