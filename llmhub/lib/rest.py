"""The shapes every endpoint of the management API shares: input, pages of a list, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import Model, QuerySet
from django.http import JsonResponse
from pydantic import BaseModel, ConfigDict, Field, field_validator

from llmhub.lib.pages import keyset

T = TypeVar("T")
M = TypeVar("M", bound=Model)

Limit = Annotated[int, Field(ge=1, le=200, description="rows on a page")]
Cursor = Annotated[str, Field(max_length=250, description="`next_cursor` of the page before")]


class Input(BaseModel):
    """A request body: a field that is not known is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, str_max_length=10_000)

    @field_validator("*")
    @classmethod
    def _can_be_kept(cls, value: Any) -> Any:
        """Refuse NUL, which Postgres keeps in no text."""
        if _holds_nul(value):
            raise ValueError("the character NUL (\\u0000) cannot be kept: leave it out")
        return value


def _holds_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple | set | frozenset):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\0" in value


class Output(BaseModel):
    """An answer; money is a decimal string in USD, times are RFC 3339 with a zone."""


class Page(Output, Generic[T]):
    """One page of a list; an empty `next_cursor` is the end."""

    data: list[T]
    next_cursor: str = ""


class Failure(Output):
    """What went wrong and what to do."""

    type: str
    code: str
    message: str
    param: str | None = None
    request_id: str | None = None
    retryable: bool = False
    retry_after: float | None = None
    details: dict[str, Any] = Field(default_factory=dict)
    remedies: list[str] = Field(default_factory=list)


class FailureAnswer(Output):
    """The envelope of every error."""

    error: Failure


def refusal(status: int, code: str, message: str, **more: Any) -> JsonResponse:
    """Return an error of the management API, for where no endpoint of it is reached."""
    failure = Failure(type=code, code=code, message=message, **more)
    return JsonResponse(FailureAnswer(error=failure).model_dump(), status=status)


REFUSALS = {401: FailureAnswer, 403: FailureAnswer, 404: FailureAnswer, 422: FailureAnswer}


class BadQuery(ValueError):
    """What the query string asks for makes no sense, such as a cursor that no list gave."""


def page(
    rows: QuerySet[M], shape: Callable[[M], T], *, by: str, cursor: str = "", limit: int = 50
) -> Page[T]:
    """Return one page of `rows` by the unique field `by`. Raises `BadQuery`."""
    try:
        screen = keyset(rows, by=by, after=cursor, limit=limit)
    except (ValueError, OverflowError, ValidationError, DataError) as exc:  # as the column says it
        raise BadQuery(f"cursor {cursor!r} is none of this list's: take next_cursor as it came") from exc
    return Page(data=[shape(row) for row in screen.rows], next_cursor=screen.next_cursor)
