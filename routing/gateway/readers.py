"""Pure: what reads a call, by its dialect."""

from __future__ import annotations

from routing.gateway.caller_request import ReadRequest
from routing.gateway.chat_request import read_chat
from routing.gateway.embeddings_request import read_embeddings
from routing.gateway.messages_request import read_messages

READERS: dict[str, ReadRequest] = {
    "chat": read_chat,
    "messages": read_messages,
    "embeddings": read_embeddings,
}
