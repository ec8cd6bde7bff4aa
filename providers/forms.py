"""What a person types to add or change a provider."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import slugify

from providers.adapters import DialectNotServed, Kind, adapter_for
from providers.models import Provider

_TYPED = {"autocomplete": "off", "spellcheck": "false"}


def served_dialects(kind: Kind) -> list[str]:
    """Return the dialects in which providers of this kind can be called; the first is the default."""
    return [dialect for dialect in kind.dialects if _is_served(kind.name, dialect)]


def _is_served(kind: str, dialect: str) -> bool:
    try:
        adapter_for(kind, dialect)
    except DialectNotServed:
        return False
    return True


class SecretField(forms.CharField):
    """A provider's secret: typed, never shown again, never filled in by the browser."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 4000)
        super().__init__(widget=forms.PasswordInput(attrs=dict(_TYPED)), **kwargs)


class ProviderForm(forms.Form):
    """A new provider of one kind; fields that its kind decides are left out."""

    name = forms.CharField(max_length=100, widget=forms.TextInput(attrs=_TYPED))
    slug = forms.SlugField(
        label="Short name",
        max_length=64,
        required=False,
        help_text="Made from the name if left empty. Files, commands and the API use it.",
        widget=forms.TextInput(attrs=_TYPED),
    )
    base_url = forms.CharField(
        label="Base URL",
        max_length=300,
        widget=forms.URLInput(attrs={**_TYPED, "placeholder": "http://10.0.0.5:8000/v1"}),
        help_text="Where its API begins; it often ends in /v1.",
    )
    dialect = forms.ChoiceField(required=False, help_text="The wire format that the server speaks.")
    secret = SecretField(label="Credential")

    def __init__(self, *args: Any, kind: Kind, **kwargs: Any) -> None:
        kwargs["initial"] = self._suggested(kind) | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        self.kind = kind
        dialects = served_dialects(kind)
        if len(dialects) < 2:
            del self.fields["dialect"]
        else:
            self.fields["dialect"].choices = [(each, each) for each in dialects]  # type: ignore[attr-defined]
        if kind.base_url:
            del self.fields["base_url"]
        secret = self.fields["secret"]
        secret.required = False  # one without it is saved, and says that it needs one
        secret.help_text = (
            "Kept encrypted and never shown again."
            if kind.needs_credential
            else "Some servers ask for none. Kept encrypted and never shown again."
        )

    @staticmethod
    def _suggested(kind: Kind) -> dict[str, str]:
        """Return the names of the first provider of a kind that has one address of its own."""
        if not kind.base_url or Provider.objects.listed().filter(slug=kind.name).exists():
            return {}
        return {"name": kind.label, "slug": kind.name}

    def clean(self) -> dict[str, Any]:
        """Fill in what the kind says and what is made from the name."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        values["slug"] = values.get("slug") or slugify(values.get("name", ""))[:64]
        values.setdefault("base_url", self.kind.base_url)
        default = (*served_dialects(self.kind), *self.kind.dialects)[0]
        values["dialect"] = values.get("dialect") or default
        if values.get("name") and not values["slug"]:
            self.add_error("slug", "The name gives no short name: write one of letters and digits.")
        return values


class ProviderChangeForm(forms.Form):
    """What can be changed of a provider."""

    name = ProviderForm.base_fields["name"]
    base_url = forms.CharField(
        label="Base URL",
        max_length=300,
        widget=forms.URLInput(attrs=_TYPED),
        help_text="A new address clears the credentials: they were given for the old one.",
    )


class CredentialForm(forms.Form):
    """A credential to keep; one of the same label is replaced."""

    label = forms.CharField(
        max_length=60,
        initial="default",
        widget=forms.TextInput(attrs=_TYPED),
        help_text="To tell two apart; the same label replaces.",
    )
    secret = SecretField(label="Credential", help_text="Kept encrypted and never shown again.")


class PauseForm(forms.Form):
    """Why no call is sent for a while."""

    reason = forms.CharField(
        max_length=200,
        widget=forms.TextInput(attrs={**_TYPED, "placeholder": "Wrong bills, asked their support"}),
        help_text="Callers read it when no other provider can take their call.",
    )
