"""Pure: what a caller of the messages dialect shows a model, as content parts of the chat dialect.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from providers.translators.base import Malformed, Unsayable
from providers.translators.messages_chat_names import MAX_ID, short
from providers.translators.messages_chat_reading import Block, Source, blocks_in
from providers.wire import Terms

Part = dict[str, Any]


class Content:
    """Writes the parts of one call, and remembers in `lost` what has no equivalent."""

    def __init__(self, terms: Terms, lost: set[str]) -> None:
        self._keeps_marks = terms.cache_control
        self._takes_file_urls = terms.file_urls
        self._lost = lost
        self._writers: dict[str, Callable[[Block], list[Part]]] = {
            "text": lambda block: text_parts(block.text),
            "image": lambda block: [_image(block)],
            "document": self._document,
            "search_result": self._search_result,
            "tool_reference": lambda block: text_parts(block.tool_name),
        }

    def parts(self, block: Block) -> list[Part]:
        """Return what one block becomes. Raises `Unsayable`."""
        if block.type not in self._writers:
            raise Unsayable(
                f"a block of type {block.type!r} cannot be said to this model's provider: leave it out",
                param="messages",
            )
        return self.marked(self._writers[block.type](block), block)

    def all_parts(self, blocks: list[Block]) -> list[Part]:
        """Return what blocks become, in their order."""
        return [part for block in blocks for part in self.parts(block)]

    def texts(self, blocks: list[Block]) -> list[Part]:
        """Return what blocks become where only text is taken. Raises `Unsayable`."""
        parts = self.all_parts(blocks)
        for part in parts:
            if part["type"] != "text":
                raise Unsayable(
                    f"only a user and a tool can show {part['type']!r} to this model's provider",
                    param="messages",
                )
        return parts

    def marked(self, parts: list[Part], block: Block) -> list[Part]:
        """Return `parts`, the last one with the block's `cache_control` where the provider takes it.

        Where it does not, the mark is left out in silence: it steers the price, not the answer.
        """
        if parts and block.cache_control and self._keeps_marks:
            return [*parts[:-1], {**parts[-1], "cache_control": block.cache_control}]
        return parts

    def tool_result(self, block: Block) -> tuple[Part, list[Part]]:
        """Return the tool message, and what it cannot hold: it takes text only."""
        call = short(block.tool_use_id, MAX_ID)
        parts = self.marked(self.all_parts(blocks_in(block.content)), block)
        texts = [part for part in parts if part["type"] == "text"]
        shown = [part for part in parts if part["type"] != "text"]
        if shown:
            note = f"This belongs to the result of tool call {call}:"
            shown = [*text_parts(note), *shown]
            texts = texts or text_parts("The result is in the next message of the user.")
        if block.is_error:
            texts = _as_error(texts)
        return {"role": "tool", "tool_call_id": call, "content": plain(texts, joint="\n")}, shown

    def _document(self, block: Block) -> list[Part]:
        source = block.source
        if not isinstance(source, Source):
            raise Malformed("a document without a source", param="messages")
        self._note_citations(block)
        about = [block.title or "", block.context or ""]
        if source.type == "text":
            return text_parts(*about, source.data)
        if source.type == "content":
            return [*text_parts(*about), *self.all_parts(blocks_in(source.content))]
        takes_it = source.type == "base64" or (source.type == "url" and self._takes_file_urls)
        if not takes_it:
            raise Unsayable(
                f"a document by {source.type!r} cannot be said to this model's provider: send it as base64",
                param="messages",
            )
        file = {"filename": block.title or "document.pdf", "file_data": _url(source)}
        return [*text_parts(block.context or ""), {"type": "file", "file": file}]

    def _search_result(self, block: Block) -> list[Part]:
        self._note_citations(block)
        found = [part["text"] for part in self.texts(blocks_in(block.content))]
        place = block.source if isinstance(block.source, str) else ""
        return text_parts(block.title or "", place, *found)

    def _note_citations(self, block: Block) -> None:
        if isinstance(block.citations, dict) and block.citations.get("enabled"):
            self._lost.add("citations")


def text_parts(*texts: str) -> list[Part]:
    """Return one part with the texts, a blank line between them; none where there is no text."""
    joined = "\n\n".join(text for text in texts if text)
    return [{"type": "text", "text": joined}] if joined else []


def plain(parts: list[Part], *, joint: str) -> str | list[Part]:
    """Return text parts as one text, which every server takes, unless one of them is marked."""
    if any("cache_control" in part for part in parts):
        return parts
    return joint.join(part["text"] for part in parts)


def _as_error(texts: list[Part]) -> list[Part]:
    """Return the texts of a failed tool, which say so themselves: a tool message has no field for it."""
    first, *others = texts or text_parts("the tool failed")
    return [{**first, "text": f"Error: {first['text']}"}, *others]


def _image(block: Block) -> Part:
    source = block.source
    if not isinstance(source, Source):
        raise Malformed("an image without a source", param="messages")
    if source.type not in {"base64", "url"}:
        raise Unsayable(
            f"an image by {source.type!r} cannot be said to this model's provider: send it as base64 or url",
            param="messages",
        )
    return {"type": "image_url", "image_url": {"url": _url(source)}}


def _url(source: Source) -> str:
    return source.url if source.type == "url" else f"data:{source.media_type};base64,{source.data}"
