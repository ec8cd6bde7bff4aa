"""What a person types to make or change a channel, and to put an alert off."""

from __future__ import annotations

from typing import Any

from django import forms

from llmhub.alerts.finding import RULES
from llmhub.alerts.models import Channel
from llmhub.people.models import Team

_PLAIN = {"autocomplete": "off"}
SNOOZES = [("60", "1 hour"), ("480", "8 hours"), ("1440", "1 day"), ("10080", "1 week")]  # minutes


class SnoozeForm(forms.Form):
    """For how long."""

    minutes = forms.TypedChoiceField(choices=SNOOZES, coerce=int)


class ChannelForm(forms.Form):
    """A new channel."""

    name = forms.CharField(
        max_length=60,
        help_text="How lists and the log call it.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    kind = forms.ChoiceField(choices=Channel.Kind, label="By")
    address = forms.CharField(
        max_length=2000,
        required=False,
        label="Where to",
        help_text="E-mail: addresses, or nothing for all owners. Webhook: the URL that is posted to. "
        "Slack, Teams, Discord, Google Chat, Webex, Telegram, PagerDuty, Opsgenie, Pushover: "
        "the address as the service shows it.",
        widget=forms.TextInput(attrs={**_PLAIN, "spellcheck": "false"}),
    )
    rules = forms.MultipleChoiceField(
        choices=list(RULES.items()),
        required=False,
        label="Only of",
        help_text="Nothing ticked: every alert.",
        widget=forms.CheckboxSelectMultiple,
    )
    team = forms.ChoiceField(
        required=False,
        label="Only of the team",
        help_text="A team's alerts are those of its own budgets and of its keys' budgets.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = Team.objects.values_list("slug", "name")
        self.fields["team"].choices = [("", "Every alert"), *teams]  # type: ignore[attr-defined]

    def clean_team(self) -> Team | None:
        """Return the team that was chosen."""
        slug = self.cleaned_data["team"]
        return Team.objects.get(slug=slug) if slug else None


class ChannelChangeForm(ChannelForm):
    """Changes of a channel; what kind it is stays."""

    def __init__(self, *args: Any, channel: Channel, **kwargs: Any) -> None:
        is_chat = channel.kind == Channel.Kind.CHAT
        now = {
            "name": channel.name,
            "address": "" if is_chat else channel.address,
            "rules": channel.rules,
            "team": channel.team.slug if channel.team else "",
        }
        super().__init__(*args, initial=now, **kwargs)
        del self.fields["kind"]
        self.is_kept = is_chat
        self.fields["address"].help_text = {
            Channel.Kind.EMAIL: "Addresses, separated by commas; nothing for all owners.",
            Channel.Kind.WEBHOOK: "The URL that is posted to.",
            Channel.Kind.CHAT: "It is a secret and not shown. Empty: it stays as it is.",
        }[Channel.Kind(channel.kind)]

    def changed(self) -> dict[str, Any]:
        """Return what to save; the address of a chat only where one was typed."""
        values = dict(self.cleaned_data)
        if self.is_kept and not values["address"]:
            del values["address"]
        return values
