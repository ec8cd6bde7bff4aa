"""What a person types to make or change a channel, and to put an alert off."""

from __future__ import annotations

from typing import Any

from django import forms

from llmhub.alerts.finding import RULES
from llmhub.alerts.models import Channel
from llmhub.audit.actor import Actor
from llmhub.people import organisation
from llmhub.people.models import Team
from llmhub.people.roles import allowed, reach

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
        help_text="E-mail: addresses; nothing for the team's managers, without a team for all owners "
        "and, of a team's alerts, its managers. "
        "Webhook: the URL that is posted to. "
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
    quiet = forms.CharField(
        max_length=20,
        required=False,
        label="Quiet hours",
        help_text="Such as 22:00-07:00: only critical alerts are sent then, the others at the end as one "
        "digest. Empty: none.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    time_zone = forms.CharField(max_length=64, required=False, widget=forms.TextInput(attrs=_PLAIN))
    team = forms.ChoiceField(
        required=False,
        label="Of the team",
        help_text="It is told only of alerts of the team's own budgets and of its keys' budgets; "
        "who manages the team may change it, too.",
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = organisation.current().time_zone
        self.fields["time_zone"].help_text = f"By whose clock hours are quiet: {zone} if left empty."
        teams = list(Team.objects.within(reach(actor, "manage")).values_list("slug", "name"))
        every = [("", "No team's: every alert")] if allowed(actor, "configure") else []
        self.fields["team"].choices = [*every, *teams]  # type: ignore[attr-defined]
        self.fields["team"].required = not every

    def clean_team(self) -> Team | None:
        """Return the team that was chosen."""
        slug = self.cleaned_data["team"]
        return Team.objects.get(slug=slug) if slug else None


class ChannelChangeForm(ChannelForm):
    """Changes of a channel; what kind it is stays."""

    def __init__(self, *args: Any, channel: Channel, **kwargs: Any) -> None:
        is_chat = channel.kind == Channel.Kind.CHAT
        is_kept = is_chat or bool(channel.address_ref)
        now = {
            "name": channel.name,
            "address": "" if is_kept else channel.address,
            "rules": channel.rules,
            "quiet": channel.quiet,
            "time_zone": channel.time_zone,
            "team": channel.team.slug if channel.team else "",
        }
        super().__init__(*args, initial=now, **kwargs)
        del self.fields["kind"]
        self.is_kept = is_kept
        self.fields["address"].help_text = {
            Channel.Kind.EMAIL: "Addresses with commas between; nothing: the team's managers, or all owners "
            "and, of a team's alerts, its managers.",
            Channel.Kind.WEBHOOK: "The URL that is posted to.",
            Channel.Kind.CHAT: "It is a secret and not shown. Empty: it stays as it is.",
        }[Channel.Kind(channel.kind)]
        if channel.address_ref:
            self.fields["address"].help_text = f"It is read from {channel.address_ref}. Empty: it stays so."

    def changed(self) -> dict[str, Any]:
        """Return what to save; the address of a chat only where one was typed."""
        values = dict(self.cleaned_data)
        if self.is_kept and not values["address"]:
            del values["address"]
        return values
