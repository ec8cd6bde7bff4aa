"""What programs may look for in the catalog."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from catalog.search import Query, Sort
from catalog.shapes import ModelOut
from catalog.words import CAPABILITIES, MODALITIES
from llmhub.lib import money
from llmhub.lib.rest import Cursor, Limit, Page

MAX_LETTERS = 200


def _price(text: str) -> str:
    money.parse(text)
    return text


def _known(known: tuple[str, ...]) -> AfterValidator:
    def check(word: str) -> str:
        if word and word not in known:
            raise ValueError(f"{word!r} is none of {', '.join(known)}")
        return word

    return AfterValidator(check)


Capability = Annotated[str, _known(tuple(CAPABILITIES))]
Modality = Annotated[str, _known(MODALITIES)]
Price = Annotated[str, Field(max_length=40), AfterValidator(_price)]


class ModelQuery(BaseModel):
    """The query string of a search for models: every filter that is given holds."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, Field(max_length=MAX_LETTERS, description="words; typos are forgiven")] = ""
    source: Literal["", "curated", "discovered"] = ""
    provider: Annotated[str, Field(max_length=64)] = ""
    family: Annotated[str, Field(max_length=100)] = ""
    capability: Annotated[list[Capability], Field(max_length=20, description="all of them")] = []
    takes: Modality = ""
    gives: Modality = ""
    context: Annotated[int, Field(ge=0, le=10**9, description="tokens, at least")] = 0
    max_input: Annotated[Price | None, Field(description="USD per million tokens")] = None
    max_output: Annotated[Price | None, Field(description="USD per million tokens")] = None
    released_since: date | None = None
    leaving: Annotated[bool | None, Field(description="deprecated, or its end is set")] = None
    sort: Sort | None = None
    cursor: Cursor = ""
    limit: Limit = 50

    def query(self) -> Query:
        """Return what is looked for."""
        return Query(
            text=self.q,
            source=self.source,
            provider=self.provider,
            family=self.family,
            capabilities=tuple(self.capability),
            takes=self.takes,
            gives=self.gives,
            context=self.context,
            max_input_nano=_nano(self.max_input),
            max_output_nano=_nano(self.max_output),
            released_since=self.released_since,
            leaving=self.leaving,
            sort=self.sort or ("relevance" if self.q else "id"),
        )


def _nano(price: str | None) -> int | None:
    return None if price is None else money.to_nano(money.parse(price))


class FoundModels(Page[ModelOut]):
    """One screen of what was found, and how much there is."""

    total: int
    by_source: dict[str, int]  # whatever source is looked for
