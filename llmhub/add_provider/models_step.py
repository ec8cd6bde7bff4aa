"""Which models are ticked: kept over searches and pages, with and without script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from catalog.proposal import Proposal, proposals
from llmhub.add_provider.draft import MOST_CHOSEN, Draft
from llmhub.add_provider.forms import MoreModelsForm
from llmhub.lib import clock

SHOWN = 25  # on one screen


@dataclass(frozen=True)
class Choice:
    """What a form or an address asks for."""

    query: str = ""
    page: int = 1
    goes_on: bool = False

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Choice:
        """Return what was asked for; a page that makes no sense is the first."""
        page = "1" if given.get("go") == "search" else str(given.get("page", "1"))
        number = int(page) if page.isdecimal() and len(page) < 6 else 1
        return cls(str(given.get("q", ""))[:200], max(1, number), given.get("go") == "on")


@dataclass(frozen=True)
class FoundRow:
    """A model that was found, and what the catalog knows of it."""

    upstream_id: str
    name: str
    context_tokens: int | None
    is_chosen: bool
    known: Proposal | None


def chosen_after(draft: Draft, given: QueryDict) -> tuple[tuple[str, ...], str]:
    """Return what is chosen after a form was sent, and what is wrong with it, "" for nothing.

    What the form did not show stays as it was; what it showed is chosen where it is ticked.
    """
    shown, ticked = set(given.getlist("shown")), set(given.getlist("model"))
    form = MoreModelsForm(given)
    if not form.is_valid():
        return draft.chosen, " ".join(map(str, form.errors["ids"]))
    known = {id_ for id_, _, _ in draft.found}
    kept = [id_ for id_ in draft.chosen if id_ not in shown or id_ in ticked]
    more = [id_ for id_, _, _ in draft.found if id_ in ticked & shown & known]
    after = tuple(dict.fromkeys([*kept, *more, *form.cleaned_data["ids"]]))
    if len(after) > MOST_CHOSEN:
        return draft.chosen, f"These are {len(after)} models: choose at most {MOST_CHOSEN}, add others later."
    return after, ""


def page_of(draft: Draft, choice: Choice) -> dict[str, Any]:
    """Return one screen of what was found, of those that hold every word."""
    words = choice.query.lower().split()
    fitting = [row for row in draft.found if all(word in f"{row[0]} {row[1]}".lower() for word in words)]
    pages = max(1, -(-len(fitting) // SHOWN))
    page = min(choice.page, pages)
    rows = fitting[(page - 1) * SHOWN : page * SHOWN]
    known = proposals(draft.kind, [id_ for id_, _, _ in rows], clock.now())
    listed = {id_ for id_, _, _ in draft.found}
    return {
        "rows": [
            FoundRow(id_, name, context, id_ in draft.chosen, known.get(id_)) for id_, name, context in rows
        ],
        "query": choice.query,
        "page": page,
        "pages": pages,
        "fitting": len(fitting),
        "typed": [id_ for id_ in draft.chosen if id_ not in listed],
        "more_form": MoreModelsForm(),
    }
