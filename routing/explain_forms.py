"""The call that somebody asks about on the page Explain."""

from __future__ import annotations

from typing import Any

from django import forms

from billing.models import ApiKey
from catalog.words import CAPABILITIES
from llmhub.audit.actor import Actor
from llmhub.people.models import Team
from llmhub.people.roles import reach
from routing.explain_ahead import Question
from routing.gateway.readers import READERS
from routing.policy_words import POLICIES, SAYS

_ASKED = ("tools", "json_mode", "json_schema", "vision", "documents", "audio_in", "reasoning")
_BODY = {"rows": 6, "spellcheck": "false", "class": "font-monospace"}
_MOST = 10_000_000  # tokens


class ExplainForm(forms.Form):
    """A call: its body, or its size and what it needs; whose it is."""

    model = forms.CharField(
        label="Model or route",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "model-names"}),
    )
    policy = forms.ChoiceField(
        choices=[("", "As the route says"), *((policy, f"{policy}: {SAYS[policy]}") for policy in POLICIES)],
        required=False,
    )
    team = forms.ModelChoiceField(Team.objects.none(), to_field_name="slug", required=False)
    key = forms.ModelChoiceField(ApiKey.objects.none(), required=False, empty_label="Any key")
    input_tokens = forms.IntegerField(
        label="Input, tokens",
        min_value=1,
        max_value=_MOST,
        required=False,
        widget=forms.NumberInput(attrs={"placeholder": Question.input_tokens}),
    )
    output_tokens = forms.IntegerField(label="Answer, tokens", min_value=1, max_value=_MOST, required=False)
    max_cost = forms.CharField(label="May cost, USD", max_length=40, required=False)
    session = forms.CharField(max_length=100, required=False)
    needs = forms.MultipleChoiceField(
        choices=[(word, CAPABILITIES[word]) for word in _ASKED],
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    dialect = forms.ChoiceField(choices=[(word, word) for word in READERS], required=False)
    body = forms.CharField(
        max_length=100_000,
        required=False,
        widget=forms.Textarea(attrs=_BODY),
        help_text="JSON as it would be sent. It counts instead of size and needs, and is not kept.",
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams: Any = self.fields["team"]
        teams.queryset = Team.objects.seen_by(actor)
        if reach(actor) is None:
            teams.empty_label = "Nobody's: without budgets of teams"
        else:
            teams.empty_label = "My first team"
        keys: Any = self.fields["key"]
        keys.queryset = ApiKey.objects.seen_by(actor).active().select_related("team")

    def question(self) -> Question:
        """Return what is asked."""
        said = self.cleaned_data
        return Question(
            model=said["model"].strip(),
            policy=said["policy"],
            body=said["body"],
            dialect=said["dialect"] or "chat",
            needs=tuple(said["needs"]),
            input_tokens=said["input_tokens"] or Question.input_tokens,
            output_tokens=said["output_tokens"],
            max_cost=said["max_cost"].strip(),
            session=said["session"].strip(),
        )
