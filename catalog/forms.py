"""What a person types about models and prices."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from catalog.discovery_models import InboxRule
from catalog.event_words import HEADLINES
from catalog.models import CatalogEntry
from catalog.names import nearest
from catalog.parameter_check import read
from catalog.pricing import MAX_PRICE
from catalog.words import CAPABILITIES
from llmhub.lib import money
from providers.models import Provider
from providers.rates import AMOUNTS, Rates

_TYPED = {"autocomplete": "off", "spellcheck": "false"}
_LABELS = {
    "input": "Input",
    "output": "Output",
    "cache_read": "Cache read",
    "cache_write": "Cache write",
    "cache_write_1h": "Cache write, 1 hour",
    "per_request": "Per request",
    "web_search": "Web search",
}


class RateField(forms.CharField):
    """One amount of a price, kept digit for digit."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {**_TYPED, "inputmode": "decimal", "class": "num"}
        super().__init__(max_length=40, required=False, widget=forms.TextInput(attrs=attrs), **kwargs)

    def clean(self, value: Any) -> Decimal | None:
        """Return the amount, or None when nothing was typed."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return money.parse(text.replace(",", "."), maximum=MAX_PRICE)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class RatesForm(forms.Form):
    """The base price of an offer. Nothing typed is unknown, never 0."""

    input, output, cache_read, cache_write, cache_write_1h, per_request, web_search = (
        RateField(label=_LABELS[name]) for name in AMOUNTS
    )

    def clean(self) -> dict[str, Any]:
        """Refuse half a price."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        given = [name for name in AMOUNTS if values.get(name) is not None]
        for name in ("input", "output"):
            if given and name not in given and name not in self.errors:
                self.add_error(name, "A price has both; write 0 for what is free.")
        return values

    def rates(self) -> Rates | None:
        """Return what was typed as one price, or None when it is unknown."""
        amounts = {name: self.cleaned_data[name] for name in AMOUNTS}
        return None if amounts["input"] is None else Rates(**amounts)

    @property
    def rate_fields(self) -> Sequence[forms.BoundField]:
        """The amounts, for the row they stand in."""
        return [self[name] for name in AMOUNTS]


class PriceForm(RatesForm):
    """A new price of an offer."""

    def clean(self) -> dict[str, Any]:
        """Refuse no price at all."""
        values = super().clean()
        if not self.errors and values.get("input") is None:
            self.add_error("input", "Write the price, or 0 for what is free.")
        return values


class ModelForm(RatesForm):
    """A model at a provider."""

    upstream_id = forms.CharField(
        label="Id at the provider",
        max_length=200,
        widget=forms.TextInput(attrs=_TYPED),
        help_text="What the provider calls it, letter for letter.",
    )
    slug = forms.CharField(
        label="Id for callers",
        max_length=200,
        widget=forms.TextInput(attrs=_TYPED),
        help_text="What services ask for. A model that llmhub has gets one more provider.",
    )
    context_tokens = forms.IntegerField(
        label="Context",
        required=False,
        min_value=1,
        max_value=2_000_000_000,
        help_text="Tokens.",
        widget=forms.TextInput(attrs={**_TYPED, "inputmode": "numeric"}),
    )
    capabilities = forms.MultipleChoiceField(
        label="What it can do",
        required=False,
        choices=list(CAPABILITIES.items()),
        widget=forms.CheckboxSelectMultiple,
    )


class RetirementForm(forms.Form):
    """When a model ends, and what to use instead; an empty field takes the fact back."""

    FACTS = ("deprecated_on", "sunset_on", "replacement")

    model = forms.CharField(
        label="Model", max_length=200, widget=forms.TextInput(attrs={**_TYPED, "placeholder": "acme/small-1"})
    )
    deprecated_on = forms.DateField(
        label="Deprecated on", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    sunset_on = forms.DateField(
        label="Ends on",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="From this day on a call is refused with 410, which names what to use instead.",
    )
    replacement = forms.CharField(
        label="Use instead", required=False, max_length=200, widget=forms.TextInput(attrs=_TYPED)
    )

    def facts(self) -> dict[str, Any]:
        """Return what is said about the model."""
        return {name: self.cleaned_data[name] for name in self.FACTS}


class BodyField(forms.CharField):
    """The JSON body of a call."""

    def clean(self, value: Any) -> dict[str, Any]:
        """Return the object that was typed."""
        try:
            body = read(super().clean(value))
        except ValueError as error:
            raise ValidationError(f"This is {error}.") from None
        if not isinstance(body, dict):
            raise ValidationError("This is no object: write { … } with the parameters.")
        return body


class ParametersForm(forms.Form):
    """The parameters of a call, to be checked."""

    body = BodyField(
        label="Try the parameters of a call",
        max_length=200_000,
        initial='{"temperature": 0.7, "max_tokens": 1000}',
        widget=forms.Textarea(attrs={**_TYPED, "rows": 3, "class": "font-monospace"}),
        help_text="The JSON body of a call, or its parameters alone. No call is made.",
        error_messages={"required": "Write the parameters first: {} has none."},
    )


class AliasForm(forms.Form):
    """Another name for a model."""

    name = forms.CharField(
        label="New alias",
        max_length=200,
        widget=forms.TextInput(attrs={**_TYPED, "placeholder": "fast"}),
    )


class NewAliasForm(AliasForm):
    """Another name, and the model that it is to stand for."""

    model = forms.CharField(
        label="Stands for",
        max_length=200,
        widget=forms.TextInput(attrs={**_TYPED, "list": "model-names", "placeholder": "author/model"}),
    )

    def clean_model(self) -> CatalogEntry:
        """Return the model that can be called by what was typed; else say the nearest."""
        there = CatalogEntry.objects.listed().filter(source=CatalogEntry.Source.CURATED)
        wanted = self.cleaned_data["model"].strip()
        entry = there.filter(slug=wanted).first()
        if entry is None:
            near = nearest(wanted, there.values_list("slug", flat=True))
            hint = f"did you mean {', '.join(near)}?" if near else "choose one of the list"
            raise ValidationError(f"there is no model {wanted!r} to call: {hint}")
        return entry


class RuleForm(forms.Form):
    """What is decided on events of a kind without asking."""

    action = forms.ChoiceField(label="Do", choices=InboxRule.Action.choices)
    kind = forms.ChoiceField(label="With", choices=[(kind.value, word) for kind, word in HEADLINES.items()])
    provider = forms.ModelChoiceField(
        label="At", queryset=Provider.objects.listed(), required=False, empty_label="Any provider"
    )


class PromoteForm(forms.Form):
    """How a discovered model is to be called."""

    name = forms.CharField(
        label="Alias",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs=_TYPED),
        help_text="One more name for callers; its id stays.",
    )
