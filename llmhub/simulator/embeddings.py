"""Pure: embeddings: the same text always has the same vector, of length 1.

Source: https://platform.openai.com/docs/api-reference/embeddings
"""

from __future__ import annotations

import math
import struct
from base64 import b64encode
from dataclasses import dataclass
from hashlib import shake_256
from typing import Any

import msgspec

from llmhub.simulator.replies import BadRequest

DIMENSIONS, MOST_DIMENSIONS = 1536, 3072
MOST_INPUTS = 2048
FORMATS = ("float", "base64")


@dataclass(frozen=True)
class EmbeddingAsk:
    """What an embeddings request asks for."""

    model: str
    inputs: tuple[bytes, ...]  # one per vector, in a form that tells texts and tokens apart
    prompt_tokens: int
    dimensions: int = DIMENSIONS
    encoding: str = "float"


def read(content: bytes) -> EmbeddingAsk:
    """Return what the body of a request asks for. Raises `BadRequest`."""
    try:
        body = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise BadRequest(f"We could not parse the JSON body of your request: {exc}") from exc
    if not isinstance(body, dict) or not isinstance(body.get("model"), str):
        raise BadRequest("Missing required parameter: 'model'.")
    given = _inputs(body.get("input"))
    dimensions, encoding = body.get("dimensions", DIMENSIONS), body.get("encoding_format", "float")
    if not isinstance(dimensions, int) or dimensions is True or not 1 <= dimensions <= MOST_DIMENSIONS:
        raise BadRequest(f"'dimensions' must be between 1 and {MOST_DIMENSIONS}.")
    if encoding not in FORMATS:
        raise BadRequest(f"'encoding_format' must be one of {', '.join(FORMATS)}.")
    return EmbeddingAsk(
        model=body["model"],
        inputs=tuple(msgspec.json.encode(item) for item in given),
        prompt_tokens=sum(_tokens(item) for item in given),
        dimensions=dimensions,
        encoding=encoding,
    )


def _inputs(given: Any) -> list[Any]:
    """Return the inputs: one or many texts, or one or many lists of tokens. Raises `BadRequest`."""
    many = given if isinstance(given, list) and given and not isinstance(given[0], int) else [given]
    if not given or len(many) > MOST_INPUTS or not all(_is_input(item) for item in many):
        raise BadRequest("'input' must be a text, a list of tokens, or a list of these, none of them empty.")
    return many


def _is_input(item: Any) -> bool:
    if isinstance(item, list):
        return bool(item) and all(isinstance(token, int) and token >= 0 for token in item)
    return isinstance(item, str) and bool(item)


def _tokens(item: Any) -> int:
    """Return how many tokens an input has: a text one for four characters."""
    return len(item) if isinstance(item, list) else -(-len(item) // 4)


def whole(ask: EmbeddingAsk, usage: dict[str, Any] | None) -> dict[str, Any]:
    """Return the answer."""
    rows = [
        {"object": "embedding", "index": index, "embedding": _encoded(vector(ask, item), ask.encoding)}
        for index, item in enumerate(ask.inputs)
    ]
    body = {"object": "list", "data": rows, "model": ask.model}
    return body if usage is None else body | {"usage": usage}


def vector(ask: EmbeddingAsk, item: bytes) -> tuple[float, ...]:
    """Return the vector of one input, in numbers of 32 bits."""
    digest = shake_256(ask.model.encode() + b"\0" + item).digest(4 * ask.dimensions)
    drawn = [number / 2**31 for number in struct.unpack(f"<{ask.dimensions}i", digest)]
    length = math.sqrt(sum(number * number for number in drawn)) or 1.0
    packed = struct.pack(f"<{ask.dimensions}f", *(number / length for number in drawn))
    return struct.unpack(f"<{ask.dimensions}f", packed)


def _encoded(numbers: tuple[float, ...], encoding: str) -> Any:
    if encoding == "base64":
        return b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
    return numbers
