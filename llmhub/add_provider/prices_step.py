"""What each chosen model costs: proposed where the catalog knows it, typed where it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.proposal import Proposal, proposals, proposed_slug
from llmhub.add_provider.draft import Draft, Terms
from llmhub.add_provider.forms import TermsForm
from llmhub.lib import clock
from providers.rates import AMOUNTS


@dataclass(frozen=True)
class PriceRow:
    """A chosen model with its form."""

    upstream_id: str
    form: TermsForm
    known: Proposal | None


def rows_of(draft: Draft, given: Mapping[str, Any] | None) -> list[PriceRow]:
    """Return a form for each chosen model: what was sent, what was entered before, or a proposal."""
    known = proposals(draft.kind, draft.chosen, clock.now())
    return [
        PriceRow(
            id_,
            TermsForm(
                given,
                prefix=f"m{number}",
                initial=_initial(draft.slug, id_, draft.terms.get(id_), known.get(id_)),
            ),
            known.get(id_),
        )
        for number, id_ in enumerate(draft.chosen)
    ]


def _initial(
    provider_slug: str, upstream_id: str, terms: Terms | None, known: Proposal | None
) -> dict[str, Any]:
    if terms is not None:
        return vars(terms)
    rates = known.rates if known else None
    slug = known.slug if known else proposed_slug(provider_slug, upstream_id)
    amounts = {
        name: format(value, "f") for name in AMOUNTS if (value := getattr(rates, name, None)) is not None
    }
    return {"how": "priced", **amounts, "slug": slug}
