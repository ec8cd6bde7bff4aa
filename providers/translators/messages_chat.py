"""Pure: a call in the messages dialect at a provider of the chat dialect.

What becomes of each field: docs/translation.md.
"""

from __future__ import annotations

import msgspec

from providers.translators.base import Translated
from providers.translators.dropped import named
from providers.translators.messages_chat_answer import MessageAnswers
from providers.translators.messages_chat_history import History
from providers.translators.messages_chat_request import (
    answer_format,
    limit,
    long_names,
    reasoning,
    refuse_what_is_needed,
    sampling,
    stops,
    tools,
    unknown_in,
    user,
)
from providers.wire import Body, Terms


def messages_to_chat(body: Body, terms: Terms) -> Translated:
    """Return a caller's messages body as a chat body. Raises `Malformed` and `Unsayable`."""
    refuse_what_is_needed(body)
    lost = unknown_in(body)
    sent = {
        **limit(body, terms, lost),
        "messages": History(terms, lost).messages(body),
        **tools(body, terms, lost),
        **sampling(body, terms, lost),
        **stops(body, terms, lost),
        **reasoning(body, terms, lost),
        **answer_format(body, terms, lost),
        **user(body, lost),
    }
    if terms.cache_control and "cache_control" in body:
        sent["cache_control"] = body["cache_control"]
    return Translated(
        body={field: msgspec.Raw(msgspec.json.encode(value)) for field, value in sent.items()},
        answers=MessageAnswers(names=long_names(body)),
        dropped=named(lost),
    )
