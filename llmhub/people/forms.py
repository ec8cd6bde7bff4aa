"""The forms about people."""

from __future__ import annotations

from functools import cache
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from llmhub.lib.zones import names
from llmhub.people.guesses import TooManyTries
from llmhub.people.models import User
from llmhub.people.password import is_current


class SignInForm(forms.Form):
    """E-mail address and password."""

    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label="Password",
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class NameForm(forms.Form):
    """How a person is called."""

    name = forms.CharField(
        label="Name",
        max_length=100,
        required=False,
        help_text="Shown in place of your e-mail address.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


@cache
def zones() -> list[tuple[str, str]]:
    """Return the time zones people choose from: UTC first, then every place by name."""
    places = sorted(zone for zone in names() if "/" in zone and not zone.startswith("Etc/"))
    return [("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in places)]


_SELECTED = mark_safe(" selected")


class ZoneSelect(forms.Select):
    """A choice among all zones: Django would render a template for each of six hundred options, 20 ms."""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """Return the element with its options, without a template."""
        chosen = set(self.format_value(value))
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((zone, _SELECTED if zone in chosen else "", shown) for zone, shown in self.choices),
        )
        of_select = flatatt({"name": name, **self.build_attrs(self.attrs, attrs)})
        return format_html("<select{}>{}</select>", of_select, options)


class ZoneForm(forms.Form):
    """By which clock somebody sees times."""

    time_zone = forms.ChoiceField(
        label="Time zone",
        required=False,
        choices=lambda: [("", "The organisation's"), *zones()],
        widget=ZoneSelect,
        help_text="Times on every page, and where your days and months begin. Budgets keep their own.",
    )


class ForgottenForm(forms.Form):
    """Whose link is asked for."""

    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )


class CodeForm(forms.Form):
    """A code of the authenticator app, or a recovery code."""

    code = forms.CharField(
        label="Code",
        max_length=40,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "autocapitalize": "off",
                "spellcheck": "false",
                "class": "code-field",
            }
        ),
    )


class _KnowsPerson(forms.Form):
    """A form that asks for the current password unless there is none or it was given just now."""

    current = forms.CharField(
        label="Current password",
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, user: User, ask_current: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if not ask_current:
            del self.fields["current"]

    def clean_current(self) -> str:
        """Compare the current password."""
        password: str = self.cleaned_data["current"]
        try:
            if is_current(self.user, password):
                return password
        except TooManyTries as error:
            raise forms.ValidationError(str(error)) from error
        raise forms.ValidationError("This is not your current password.")


class ConfirmForm(_KnowsPerson, CodeForm):
    """The first code of a new authenticator app."""

    field_order = ("code", "current")


class PasswordForm(_KnowsPerson):
    """A new password; the current one is asked for unless a link just signed the person in."""

    new = forms.CharField(
        label="New password",
        max_length=1000,
        strip=False,
        help_text="At least 12 letters. Three or four unrelated words are easy to remember.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_new(self) -> str:
        """Refuse a password that is easy to guess."""
        password: str = self.cleaned_data["new"]
        validate_password(password, self.user)
        return password
