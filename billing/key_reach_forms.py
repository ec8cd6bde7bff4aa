"""What a person types to narrow a key, and to give it a new text."""

from __future__ import annotations

from typing import Any

from django import forms

from billing.key_rotation import LONGEST_HOURS
from billing.models import ApiKey
from providers.models import Provider


class ReachForm(forms.Form):
    """Which models and providers a key may use."""

    allowed_models = forms.CharField(
        required=False,
        max_length=20_000,
        label="Only these models",
        help_text="One in each line: an id, an alias, a route, or acme/* for all of a maker. Empty: all.",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
    )
    allowed_providers = forms.MultipleChoiceField(
        required=False,
        label="Only these providers",
        help_text="None chosen: every provider.",
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Provider.objects.listed().order_by("slug")
        self.fields["allowed_providers"].choices = [(row.slug, row.name) for row in rows]  # type: ignore[attr-defined]

    def clean_allowed_models(self) -> list[str]:
        """Return one name for each line."""
        return self.cleaned_data["allowed_models"].split()


class RotateForm(forms.Form):
    """How long the old text goes on."""

    overlap_hours = forms.IntegerField(
        min_value=0,
        max_value=LONGEST_HOURS,
        initial=24,
        label="The old text works for",
        help_text="Hours. 0 ends it at once: whatever uses it stops.",
    )


def reach_now(key: ApiKey) -> dict[str, Any]:
    """Return the reach of a key as its form shows it."""
    return {"allowed_models": "\n".join(key.allowed_models), "allowed_providers": key.allowed_providers}
