"""Pure: what a chat message says, as content blocks of the messages dialect.

Blank text has no block: the messages dialect refuses it.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from providers.translators.base import Malformed, Unsayable
from providers.translators.chat_messages_fields import Fields, a_list, a_text, an_object

Block = dict[str, Any]
PARTS = "messages.content"  # the path of a part in `dropped`
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w.+-]+=[^;,]*)*(;base64)?,", re.ASCII | re.IGNORECASE)
_IMAGES = {"image/jpeg", "image/png", "image/gif", "image/webp"}
_PDF = "application/pdf"


def blocks_of(content: Any, *, at: str, fields: Fields) -> list[Block]:
    """Return the blocks of a text, or of a list of parts. Raises `Malformed` and `Unsayable`."""
    if content is None:
        return []
    if isinstance(content, str):
        return [text_block(content)] if content.strip() else []
    found: list[Block] = []
    for place, part in enumerate(a_list(content, at=at)):
        where = f"{at}[{place}]"
        block = _block(an_object(part, at=where), where, fields)
        if block.get("text", "x").strip():
            found.append(with_cache_control(block, part))
    return found


def text_block(text: str) -> Block:
    """Return a block that holds `text`."""
    return {"type": "text", "text": text}


def with_cache_control(block: Block, holder: dict[str, Any]) -> Block:
    """Return `block` with the `cache_control` of `holder`, if it has one."""
    control = holder.get("cache_control")
    return {**block, "cache_control": control} if isinstance(control, dict) else block


def _block(part: dict[str, Any], at: str, fields: Fields) -> Block:
    kind = a_text(part.get("type"), at=f"{at}.type")
    if kind not in ("text", "refusal", "image_url", "file"):
        raise Unsayable(f"{at!r} is of type {kind!r}: the provider takes text, images and PDFs", param=at)
    fields.drop_others(part, ("type", "cache_control", kind), path=PARTS)
    if kind == "image_url":
        return _image(part.get(kind), f"{at}.{kind}", fields)
    if kind == "file":
        return _file(an_object(part.get(kind), at=f"{at}.{kind}"), f"{at}.{kind}")
    if not isinstance(part.get(kind), str):
        raise Malformed(f"{at!r} holds no text", param=f"{at}.{kind}")
    return text_block(part[kind])


def _image(image: Any, at: str, fields: Fields) -> Block:
    if isinstance(image, str):  # not by the book, but common
        image = {"url": image}
    an_object(image, at=at)
    known = ("url", "detail") if image.get("detail") == "auto" else ("url",)
    fields.drop_others(image, known, path=f"{PARTS}.image_url")
    url = a_text(image.get("url"), at=f"{at}.url")
    if is_web(url):
        return {"type": "image", "source": {"type": "url", "url": url}}
    media_type, data = _data(url, at=f"{at}.url")
    if media_type not in _IMAGES:
        raise Unsayable(f"{at!r} is {media_type!r}: use JPEG, PNG, GIF or WebP", param=at)
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}


def _file(file: dict[str, Any], at: str) -> Block:
    if file.get("file_id"):
        raise Unsayable(f"{at!r} is kept at another provider: send 'file_data'", param=f"{at}.file_id")
    url = a_text(file.get("file_data"), at=f"{at}.file_data")
    title = {"title": file["filename"]} if isinstance(file.get("filename"), str) and file["filename"] else {}
    if is_web(url):
        return {"type": "document", "source": {"type": "url", "url": url}, **title}
    media_type, data = _data(url, at=f"{at}.file_data")
    source = {"type": "base64", "media_type": media_type, "data": data}
    if media_type in _IMAGES:
        return {"type": "image", "source": source}
    if media_type == "text/plain":
        source = {"type": "text", "media_type": media_type, "data": _plain(data, at=f"{at}.file_data")}
    elif media_type != _PDF:
        raise Unsayable(f"{at!r} is {media_type!r}: send a PDF, or its text", param=at)
    return {"type": "document", "source": source, **title}


def _plain(data: str, *, at: str) -> str:
    try:
        return base64.b64decode(data).decode()
    except ValueError:
        raise Malformed(f"{at!r} is no text in Base64", param=at) from None


def is_web(url: str) -> bool:
    """Return whether `url` is an address that a provider can fetch."""
    return url[:8].lower().startswith(("https://", "http://"))


def _data(url: str, *, at: str) -> tuple[str, str]:
    """Return media type and Base64 text of a `data:` URL. Raises `Malformed`."""
    found = _DATA_URL.match(url)
    if not found or not found[2]:
        raise Malformed(f"{at!r} must be an https: URL, or a data: URL in Base64", param=at)
    media_type = (found[1] or "").lower()
    return "image/jpeg" if media_type == "image/jpg" else media_type, url[found.end() :]
