"""Pure: where a list of models goes on, as the servers in the field say it, and how its pages become one.

Sources: https://openrouter.ai/docs/api-reference/list-available-models (`links.next`) and
https://platform.claude.com/docs/en/api/models-list (`has_more`, `last_id`).
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import msgspec
from msgspec.structs import replace

from providers.adapters.reading import decode_raw, mapping, name, text, value_of
from providers.errors import BadReply
from providers.wire import Call

_MAX_QUERY = 2000  # letters
_PORTS = {"http": 80, "https": 443}


def linked_page(call: Call, content: bytes) -> Call | None:
    """Return `call` for the page that `links.next` names, None at the end.

    Only the query of that address is taken. Raises `BadReply` where the rest of it is another one:
    the credential goes nowhere but to where a person sent it.
    """
    named = text(mapping(_value(content, "links")).get("next"))
    if not named:
        return None
    try:
        there, here = urlsplit(urljoin(call.url, named)), urlsplit(call.url)
        is_same = _place(there) == _place(here)
    except ValueError:  # no address
        is_same = False
    if not is_same or len(there.query) > _MAX_QUERY:
        raise BadReply(f"it is said to be at another address than {call.url}, which is not followed")
    return replace(call, url=here._replace(query=there.query).geturl())


def page_after(call: Call, content: bytes) -> Call | None:
    """Return `call` for the page behind the last model of this one, None at the end.

    Raises `BadReply` where more is promised, but not behind which model.
    """
    if _value(content, "has_more") is not True:
        return None
    last = name(_value(content, "last_id"))
    if not last:
        raise BadReply("there is said to be more, but not behind which model")
    return replace(call, url=f"{call.url}&after_id={quote(last, safe='')}")


def as_one(pages: Sequence[bytes]) -> bytes:
    """Return pages as one list, each model as it was sent; a single page as it is."""
    if len(pages) == 1:
        return pages[0]
    rows = [row for page in pages for row in _rows(page)]
    return msgspec.json.encode({"data": rows})


def _rows(page: bytes) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(decode_raw(page).get("data", b"null"), type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        raise BadReply("the provider's answer is no list of models") from None


def _value(content: bytes, field: str) -> object:
    body = decode_raw(content)
    return value_of(body[field]) if field in body else None


def _place(address: SplitResult) -> tuple[object, ...]:
    """Return all of an address but its query."""
    port = address.port or _PORTS.get(address.scheme)
    return (address.scheme, address.username, address.password, address.hostname, port, address.path)
