"""What a person types to make or change a budget, and to set the rules of calls under one."""

from __future__ import annotations

from typing import Any

from django import forms

from billing import amount, thresholds
from billing.budget import unit_of
from billing.call_rules_models import CallRules
from billing.models import Budget
from billing.rules import MAX_OUTPUT_TOKENS
from llmhub.audit.actor import Actor
from llmhub.lib import money
from llmhub.people import organisation
from llmhub.people.roles import allowed

UNLIMITED = "unlimited"
_OF_A_TEAM = [(scope.value, scope.label) for scope in (Budget.Scope.TEAM, Budget.Scope.KEY)]
_PLAIN = {"autocomplete": "off"}


class BudgetForm(forms.Form):
    """A new budget."""

    scope = forms.ChoiceField(choices=Budget.Scope, initial=Budget.Scope.TEAM, label="Of")
    name = forms.CharField(
        max_length=200,
        required=False,
        label="Which one",
        help_text="Short name of the team or provider, name or number of the key, e-mail address of the "
        "person, id of the model, name=value of the tag. Nothing for the organisation.",
        widget=forms.TextInput(attrs=_PLAIN | {"list": "budget-names"}),
    )
    per = forms.ChoiceField(choices=Budget.Per, initial=Budget.Per.MONTH, label="In each")
    unit = forms.ChoiceField(choices=Budget.Unit, initial=Budget.Unit.USD, label="Counted in")
    cap = forms.CharField(
        max_length=60,
        help_text="Dollars such as 250.00, or a whole number. 0 allows nothing; "
        f"the word {UNLIMITED} has no limit and only counts.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    hard = forms.BooleanField(
        required=False,
        initial=True,
        label="Hard: refuse a call that could go over it",
        help_text="A soft budget counts and never refuses.",
    )
    contact = forms.CharField(
        max_length=200,
        required=False,
        label="Whom to ask for more",
        help_text="An e-mail address or a channel; a refused caller reads it. Empty: who decides.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    alert_at = forms.CharField(
        max_length=60,
        required=False,
        initial=", ".join(map(str, thresholds.DEFAULT)),
        label="Tell at",
        help_text="Percents of the cap at which an alert fires, once in a period. Empty: nobody is told.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    time_zone = forms.CharField(max_length=64, required=False, widget=forms.TextInput(attrs=_PLAIN))

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not allowed(actor, "configure"):
            self.fields["scope"] = forms.ChoiceField(
                choices=_OF_A_TEAM, initial=Budget.Scope.TEAM, label="Of"
            )
            self.fields["name"].help_text = "Short name of a team you manage, or name or number of its key."
        zone = organisation.current().time_zone
        self.fields["time_zone"].help_text = f"By whose clock it begins anew: {zone} if left empty."

    def clean_cap(self) -> str | None:
        """Return what was typed, or None for no limit, which has to be said."""
        text: str = self.cleaned_data["cap"].strip()
        return None if text == UNLIMITED else text

    def clean_alert_at(self) -> tuple[int, ...]:
        """Return the percents that were typed."""
        try:
            return thresholds.typed(self.cleaned_data["alert_at"])
        except ValueError as wrong:
            raise forms.ValidationError(f"These are no percents: {wrong}.") from None


class BudgetChangeForm(forms.Form):
    """Another cap, hardness, contact or thresholds."""

    cap = BudgetForm.base_fields["cap"]
    hard = BudgetForm.base_fields["hard"]
    contact = BudgetForm.base_fields["contact"]
    alert_at = BudgetForm.base_fields["alert_at"]

    clean_cap = BudgetForm.clean_cap
    clean_alert_at = BudgetForm.clean_alert_at


def now_of(budget: Budget) -> dict[str, Any]:
    """Return a budget as its form shows it."""
    cap = UNLIMITED if budget.cap is None else amount.show(budget.cap, unit_of(budget))
    percents = thresholds.shown(budget.alert_at)
    return {"cap": cap, "hard": budget.hard, "contact": budget.contact, "alert_at": percents}


class CallRulesForm(forms.Form):
    """How calls are bounded, and what becomes of those whose caller leaves."""

    default_output_tokens = forms.IntegerField(
        min_value=1,
        max_value=MAX_OUTPUT_TOKENS,
        required=False,
        label="Default output limit",
        help_text="Tokens of an answer whose call sets no limit; sent to the provider. 4096 if left empty.",
    )
    unpriced = forms.ChoiceField(
        choices=[("", "Refuse (default)"), *CallRules.Unpriced.choices[1:]],
        required=False,
        label="Models without a price",
        help_text="What such a call costs is not known: a cap cannot hold it.",
    )
    allowance = forms.CharField(
        max_length=60,
        required=False,
        label="Allowance per call",
        help_text="Dollars held for a call that tokens do not bound: server tools, audio, files of unknown "
        "size. Such calls are refused if left empty.",
        widget=forms.TextInput(attrs={**_PLAIN, "inputmode": "decimal"}),
    )

    when_left = forms.ChoiceField(
        choices=[("", "End it at once (default)"), *CallRules.WhenLeft.choices[1:]],
        required=False,
        label="A call whose caller leaves",
        help_text="One that finishes is charged in full, by what its provider counts; one that ends, by an "
        "estimate of what it used so far.",
    )

    def clean_allowance(self) -> str | None:
        """Return what was typed, or None for none."""
        return self.cleaned_data["allowance"].strip() or None


def rules_now(row: CallRules) -> dict[str, Any]:
    """Return rules as their form shows them."""
    return {
        "default_output_tokens": row.default_output_tokens,
        "unpriced": row.unpriced if row.unpriced == CallRules.Unpriced.ALLOW else "",
        "when_left": row.when_left if row.when_left == CallRules.WhenLeft.FINISH else "",
        "allowance": "" if row.allowance_nano is None else money.text(row.allowance_nano),
    }
