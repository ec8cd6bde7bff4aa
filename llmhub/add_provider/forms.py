"""What a person types on the way to a new provider, beside its address."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from catalog.forms import RateField
from catalog.models import name_letters
from llmhub.add_provider.draft import MOST_CHOSEN, Terms
from providers.rates import Rates

_TYPED = {"autocomplete": "off", "spellcheck": "false"}
_AMOUNTS = ("input", "output", "cache_read", "cache_write")
HOW = (("priced", "This price"), ("free", "Free"), ("unknown", "Not known"))


class MoreModelsForm(forms.Form):
    """Ids of models that no list has."""

    ids = forms.CharField(
        label="Add by id",
        required=False,
        max_length=10_000,
        help_text="What the provider calls them, letter for letter; several with spaces between.",
        widget=forms.TextInput(attrs=_TYPED),
    )

    def clean_ids(self) -> list[str]:
        """Return the ids."""
        ids: list[str] = self.cleaned_data["ids"].replace(",", " ").split()
        if too_long := [id_ for id_ in ids if len(id_) > 200]:
            raise ValidationError(f"{too_long[0][:40]!r}… is longer than 200 letters: is it an id?")
        if len(ids) > MOST_CHOSEN:
            raise ValidationError(f"These are {len(ids)} ids: add at most {MOST_CHOSEN} at once.")
        return ids


class TermsForm(forms.Form):
    """Id for callers and price of one chosen model."""

    slug = forms.CharField(
        label="Id for callers",
        max_length=200,
        validators=[name_letters],
        widget=forms.TextInput(attrs=_TYPED),
    )
    how = forms.ChoiceField(label="What it costs", choices=HOW, widget=forms.RadioSelect)
    input = RateField(label="Input")
    output = RateField(label="Output")
    cache_read = RateField(label="Cache read")
    cache_write = RateField(label="Cache write")

    def clean(self) -> dict[str, Any]:
        """Refuse a price that is none, and one beside “free” or “not known”."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        given = [name for name in _AMOUNTS if values.get(name) is not None]
        if values.get("how") == "priced":
            for name in ("input", "output"):
                if name not in given and name not in self.errors:
                    self.add_error(name, "Write the price, or say that it is free or not known.")
        elif any(name in self.changed_data for name in given):  # typed, not only proposed
            self.add_error("how", "There is a price beside it: choose it, or take the amounts away.")
        return values

    def terms(self) -> Terms:
        """Return what was typed, to be kept."""
        values = self.cleaned_data
        amounts = {name: "" if values[name] is None else format(values[name], "f") for name in _AMOUNTS}
        kept = amounts if values["how"] == "priced" else {}
        return Terms(slug=values["slug"], how=values["how"], **kept)

    @property
    def rate_fields(self) -> list[forms.BoundField]:
        """The amounts, for the row they stand in."""
        return [self[name] for name in _AMOUNTS]


def rates_of(terms: Terms) -> Rates | None:
    """Return the price that was typed; None when it is unknown."""
    if terms.how == "free":
        return Rates(Decimal(0), Decimal(0))
    if terms.how != "priced":
        return None
    read, write = (Decimal(text) if text else None for text in (terms.cache_read, terms.cache_write))
    return Rates(Decimal(terms.input), Decimal(terms.output), cache_read=read, cache_write=write)


def is_proposed(rates: Rates, proposed: Rates | None) -> bool:
    """Return whether the amounts that can be typed here are those that were proposed."""
    return proposed is not None and all(getattr(rates, name) == getattr(proposed, name) for name in _AMOUNTS)
