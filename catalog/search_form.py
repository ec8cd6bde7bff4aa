"""What a person looks for in the catalog."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from catalog.pricing import MAX_PRICE
from catalog.search import SORTS, Query
from catalog.search_index import families
from catalog.words import CAPABILITIES, MODALITIES
from llmhub.lib import clock, money
from providers.models import Provider

MOST_LETTERS = 200
_CONTEXTS = ((32_000, "32k"), (128_000, "128k"), (200_000, "200k"), (1_000_000, "1M"))
_AGES = ((30, "the last month"), (90, "3 months"), (365, "a year"))
_MAIN = ("provider", "context", "sort")
_MORE = ("family", "takes", "gives", "most", "age", "leaving")
_LABELS = {
    "relevance": "Best match",
    "id": "Id",
    "name": "Name",
    "input": "Cheapest input",
    "output": "Cheapest output",
    "context": "Largest context",
    "newest": "Newest",
}


def _choices(every: str, rows: Any) -> list[tuple[str, str]]:
    return [("", every), *((str(value), label) for value, label in rows)]


def _families() -> list[tuple[str, str]]:
    return _choices("Any family", ((family, family) for family in families()))


class FamilyField(forms.ChoiceField):
    """A family; one that no model has is asked for all the same, and finds none."""

    def valid_value(self, value: str) -> bool:
        """Take what is short enough to be a family."""
        return len(value) <= MOST_LETTERS


class SearchForm(forms.Form):
    """The box and the filters of the list of models; all of them may be empty."""

    q = forms.CharField(required=False, max_length=MOST_LETTERS, label="Words")
    source = forms.ChoiceField(
        required=False, choices=_choices("", (("curated", "In the catalog"), ("discovered", "Discovered")))
    )
    provider = forms.ChoiceField(required=False, label="Provider")
    can = forms.MultipleChoiceField(
        required=False,
        label="What it can do",
        choices=[(word, meaning[:1].upper() + meaning[1:]) for word, meaning in CAPABILITIES.items()],
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    takes = forms.ChoiceField(
        required=False, label="Takes", choices=_choices("Any input", ((word, word) for word in MODALITIES))
    )
    gives = forms.ChoiceField(
        required=False, label="Gives", choices=_choices("Any output", ((word, word) for word in MODALITIES))
    )
    context = forms.ChoiceField(
        required=False,
        label="Context",
        choices=_choices("Any context", ((tokens, f"{label} or more") for tokens, label in _CONTEXTS)),
    )
    most = forms.DecimalField(
        required=False, label="Input price at most", min_value=Decimal(0), max_value=MAX_PRICE
    )
    age = forms.ChoiceField(
        required=False,
        label="Released",
        choices=_choices("Any age", ((days, f"In {label}") for days, label in _AGES)),
    )
    leaving = forms.ChoiceField(
        required=False,
        label="Retirement",
        choices=_choices("Leaving or not", (("no", "Stays"), ("yes", "Is leaving"))),
    )
    family = FamilyField(required=False, label="Family", choices=_families)
    sort = forms.ChoiceField(required=False, label="Order", choices=[(word, _LABELS[word]) for word in SORTS])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Provider.objects.listed().values_list("slug", "name")
        self.fields["provider"].choices = _choices("Every provider", rows)  # type: ignore[attr-defined]

    @property
    def main(self) -> list[forms.BoundField]:
        """The filters that are always there."""
        return [self[name] for name in _MAIN]

    @property
    def more(self) -> list[forms.BoundField]:
        """The rarer ones; what a model can do comes apart."""
        return [self[name] for name in _MORE]

    @property
    def has_more(self) -> bool:
        """Whether one of the rarer filters is used."""
        return any(self.data.get(name) for name in (*_MORE, "can"))

    def query(self) -> Query:
        """Return what is looked for; a filter that makes no sense is left out, and its error is shown."""
        self.is_valid()
        given = self.cleaned_data
        most = given.get("most")
        days = int(given.get("age") or 0)
        return Query(
            text=given.get("q", ""),
            source=given.get("source", ""),
            provider=given.get("provider", ""),
            family=given.get("family", ""),
            capabilities=tuple(given.get("can", ())),
            takes=given.get("takes", ""),
            gives=given.get("gives", ""),
            context=int(given.get("context") or 0),
            max_input_nano=None if most is None else money.to_nano(most),
            released_since=clock.days_ago(days) if days else None,
            leaving={"yes": True, "no": False}.get(given.get("leaving", "")),
            sort=given.get("sort") or "relevance",
        )

    def is_filtered(self) -> bool:
        """Return whether anything but the order and the source is asked for."""
        return any(self.cleaned_data.get(name) for name in self.fields if name not in {"sort", "source"})
