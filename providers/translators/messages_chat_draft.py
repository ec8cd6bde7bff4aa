"""Pure: the content blocks that a chat provider's message, or the pieces of one, become.

Both a whole answer and a stream are read here, so that they say the same.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from providers.adapters.reading import items, mapping, text
from providers.errors import TooLarge
from providers.translators.foreign import FOREIGN_SIGNATURE, sealed
from providers.translators.messages_chat_arguments import Arguments
from providers.translators.messages_chat_names import digest, valid_id

MAX_WAITING = 16 * 1024 * 1024  # letters that wait, as many as a whole answer may have bytes
MAX_CALLS = 10_000  # of one message
LEFT_OUT = "[an image that a message cannot carry was left out]"
_OLD_CALL = -1  # stands for the index of the one call that `function_call` is
_NATIVE = "claude"  # is in the name of the one format whose marks a messages provider made


@dataclass
class Drafted:
    """One content block as far as it has come; what was taken of it is forgotten."""

    kind: Literal["text", "thinking", "redacted_thinking", "tool_use"]
    pieces: list[str] = field(default_factory=list)  # text, or the JSON of a tool's arguments, not yet taken
    mark: str = ""  # the signature of thinking, or the data of a redacted one
    id: str = ""  # of a tool call, as the provider has it
    name: str = ""
    has_word: bool = False  # something in it is not white space
    is_closed: bool = False  # whatever still comes for it is too late
    _arguments: Arguments = field(default_factory=Arguments)
    _read: int = 0  # pieces that `_arguments` knows

    def add(self, piece: str) -> None:
        """Add text or arguments."""
        if piece:
            self.pieces.append(piece)
            self.has_word = self.has_word or not piece.isspace()

    def is_blank(self) -> bool:
        """Return whether it is text without a word: many servers put one before a tool call.

        A messages provider refuses it in a later turn.
        """
        return self.kind == "text" and not self.has_word

    def is_object(self) -> bool:
        """Return whether its arguments begin as an object."""
        return self._known().begins == "{"

    def is_complete(self) -> bool:
        """Return whether nothing more can belong to it."""
        return self.kind != "tool_use" or self._known().is_complete

    def written(self) -> str:
        """Return what has come since it was last asked, and forget it."""
        if self.kind == "tool_use":
            self._known()
        found = "".join(self.pieces)
        self.pieces.clear()
        self._read = 0
        return found

    def _known(self) -> Arguments:
        for piece in self.pieces[self._read :]:
            self._arguments.read(piece)
        self._read = len(self.pieces)
        return self._arguments


class Draft:
    """The blocks of one message, in their order."""

    def __init__(self) -> None:
        self.blocks: deque[Drafted] = deque()
        self.is_refused = False
        self._waiting = 0  # letters of the blocks that were not taken yet
        self._calls = 0
        self._by_index: dict[int, Drafted] = {}
        self._by_id: dict[str, Drafted] = {}
        self._last_call: Drafted | None = None

    def add(self, message: dict[str, Any]) -> None:
        """Add a message, or the next piece of one."""
        self._add_reasoning(message)
        self._add_content(message.get("content"))
        if refusal := text(message.get("refusal")):
            self.is_refused = True
            self._add_text("text", refusal)
        if not message.get("content"):
            self._add_text("text", text(mapping(message.get("audio")).get("transcript")))
        if items(message.get("images")):
            self._add_text("text", LEFT_OUT)
        for call in items(message.get("tool_calls")):
            self._add_call(mapping(call))
        if function := mapping(message.get("function_call")):
            self._add_call({"index": _OLD_CALL, "function": function})

    @property
    def has_calls(self) -> bool:
        """Whether a tool is called."""
        return self._last_call is not None

    def _add_text(self, kind: Literal["text", "thinking"], piece: str) -> None:
        if not piece:
            return
        last = self.blocks[-1] if self.blocks else None
        if last is None or last.kind != kind or last.mark:
            last = self._new(Drafted(kind))
        self._put(last, piece)

    def taken(self, block: Drafted) -> str:
        """Return what has come of a block since it was last asked, and forget it."""
        found = block.written()
        self._waiting -= len(found)
        return found

    def close(self) -> None:
        """Take out the first block: it is done with."""
        self.blocks.popleft().is_closed = True

    def _put(self, block: Drafted, piece: str) -> None:
        if not block.is_closed:
            block.add(piece)
            self._keep(piece)

    def _keep(self, piece: str) -> None:
        self._waiting += len(piece)
        if self._waiting > MAX_WAITING:
            raise TooLarge(
                f"more than {MAX_WAITING} letters of the provider's answer wait for what is missing"
            )

    def _add_content(self, content: Any) -> None:
        """Add a text, or the list of parts that some servers send instead."""
        self._add_text("text", text(content))
        for part in map(mapping, items(content)):
            self._add_text("text", text(part.get("text")))
            thinking = part.get("thinking")
            self._add_text("thinking", text(thinking))
            for inner in map(mapping, items(thinking)):
                self._add_text("thinking", text(inner.get("text")))

    def _add_reasoning(self, message: dict[str, Any]) -> None:
        """Add what was thought; text and details say the same where both are there."""
        details = [mapping(detail) for detail in items(message.get("reasoning_details"))]
        if not any(_thought(detail) for detail in details):
            plain = text(message.get("reasoning")) or text(message.get("reasoning_content"))
            self._add_text("thinking", plain)
        for detail in details:
            self._add_text("thinking", _thought(detail))
            if text(detail.get("signature")):
                self._sign(_mark(detail, detail["signature"]))
            if text(detail.get("data")):
                self._new(Drafted("redacted_thinking", mark=_mark(detail, detail["data"])))

    def _sign(self, mark: str) -> None:
        last = self.blocks[-1] if self.blocks else None
        if last is None or last.kind != "thinking" or last.mark:
            last = self._new(Drafted("thinking"))
        last.mark = mark

    def _add_call(self, call: dict[str, Any]) -> None:
        """Add a tool call or a fragment of one.

        The index says which call is meant. Some servers leave it out, or give all calls the same:
        then a name that comes with another id, or after complete arguments, begins a new one.
        """
        function = mapping(call.get("function"))
        index, call_id, name = call.get("index"), text(call.get("id")), text(function.get("name"))
        known = self._known(index, call_id)
        if known is None or (name and _is_another(known, call_id)):
            known = self._last_call = self._new(Drafted("tool_use"))
            self._calls += 1
            if self._calls > MAX_CALLS:
                raise TooLarge(f"the provider calls more than {MAX_CALLS} tools in one answer")
        known.id, known.name = known.id or call_id, known.name or name
        if isinstance(index, int):
            self._by_index[index] = known
        if call_id and call_id not in self._by_id:
            self._by_id[call_id] = known
            self._keep(call_id)
        self._put(known, _arguments(function.get("arguments")))

    def _known(self, index: Any, call_id: str) -> Drafted | None:
        if isinstance(index, int):
            return self._by_index.get(index)
        return self._by_id.get(call_id) if call_id else self._last_call

    def _new(self, block: Drafted) -> Drafted:
        self.blocks.append(block)
        return block


class ToolIds:
    """Gives each tool call of one message an id that the messages dialect takes, and no other has."""

    def __init__(self, message_id: str) -> None:
        self._message_id = message_id
        self._given: set[str] = set()
        self._repeats: dict[str, int] = {}  # the last number behind an id that came again

    def next(self, upstream_id: str) -> str:
        """Return the id of the next call."""
        stem = valid_id(upstream_id) or f"toolu_{digest(self._message_id, 16)}_{len(self._given)}"
        found = stem
        while found in self._given:
            self._repeats[stem] = number = self._repeats.get(stem, 0) + 1
            found = f"{stem}_{number}"
        self._given.add(found)
        return found


def signature(block: Drafted) -> str:
    """Return the signature of a thinking block."""
    return block.mark or FOREIGN_SIGNATURE


def tool_input(arguments: str) -> Any:
    """Return the input of a tool call; what is no JSON object stays readable in one of its own."""
    if is_object(arguments):
        return msgspec.Raw(arguments.encode())
    return {} if arguments.strip() in {"", "null"} else {"_raw_arguments": arguments}


def is_object(arguments: str) -> bool:
    """Return whether a text is a JSON object."""
    try:
        msgspec.json.decode(arguments, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _is_another(known: Drafted, call_id: str) -> bool:
    if call_id and known.id:
        return call_id != known.id
    return not call_id and known.is_complete()


def _arguments(arguments: Any) -> str:
    """Return arguments as JSON: some servers send the object itself."""
    return msgspec.json.encode(arguments).decode() if isinstance(arguments, dict) else text(arguments)


def _thought(detail: dict[str, Any]) -> str:
    return text(detail.get("text")) or text(detail.get("summary"))


def _mark(detail: dict[str, Any], mark: str) -> str:
    """Return a provider's mark as a caller may keep it: any but a messages provider's own is sealed."""
    made_by = text(detail.get("format"))
    if not made_by or _NATIVE in made_by:
        return mark
    return sealed({name: value for name, value in detail.items() if name not in {"text", "summary", "index"}})
