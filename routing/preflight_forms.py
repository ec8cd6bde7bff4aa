"""What a person says to see what a switch of models would meet."""

from __future__ import annotations

from typing import Any

from django import forms

from llmhub.audit.actor import Actor
from llmhub.people.roles import allowed

_SCOPES = [
    ("organisation", "The whole organisation"),
    ("alias", "An alias: all calls by this name"),
    ("route", "A route: all calls by this name"),
    ("team", "A team"),
    ("key", "A key"),
]
_NAMES = {"autocomplete": "off", "list": "model-names"}


class PreflightForm(forms.Form):
    """Which switch is meant."""

    source = forms.CharField(
        max_length=200, required=False, label="From", widget=forms.TextInput(attrs=_NAMES),
        help_text="The model that is called now. It may stay empty where an alias or a route does.",
    )  # fmt: skip
    target = forms.CharField(max_length=200, label="To", widget=forms.TextInput(attrs=_NAMES))
    scope = forms.ChoiceField(choices=_SCOPES, label="Who moves")
    name = forms.CharField(
        max_length=200, required=False, label="Which one",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="The alias, the route, the short name of the team, or the number of the key.",
    )  # fmt: skip

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not allowed(actor, "view"):
            scope = self.fields["scope"]
            scope.choices = [(word, label) for word, label in _SCOPES if word != "organisation"]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse a scope without a name."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("scope") not in (None, "organisation") and not cleaned.get("name"):
            self.add_error("name", "say which one")
        return cleaned
