"""The rules of a team's calls on its page: each as the organisation has it, or otherwise."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from billing.budget_forms import CallRulesForm
from billing.call_rules import own_rules, rule_book, set_rules
from billing.call_rules_models import CallRules
from billing.rules import Rules
from llmhub.lib import figures, money
from llmhub.lib.forms import refuse
from llmhub.lib.pages import render_page
from llmhub.people.access import actor_of, needs
from llmhub.people.models import Team
from llmhub.people.roles import allowed, require


class TeamRulesForm(CallRulesForm):
    """What a team has otherwise than the organisation; empty is as there."""

    def __init__(self, *args: Any, above: Rules, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        said = {
            "unpriced": CallRules.Unpriced.ALLOW if above.allows_unpriced else CallRules.Unpriced.BLOCK,
            "when_left": CallRules.WhenLeft.FINISH if above.finishes else CallRules.WhenLeft.CANCEL,
        }
        for name, choice in said.items():
            choices = type(choice).choices
            self.fields[name] = forms.ChoiceField(
                choices=[("", f"As the organisation: {choice.label[0].lower()}{choice.label[1:]}"), *choices],
                required=False,
                label=self.fields[name].label,
                help_text=self.fields[name].help_text,
            )
        tokens = figures.count(above.default_output_tokens)
        allowance = "none" if above.allowance_nano is None else f"${money.text(above.allowance_nano)}"
        self.fields["default_output_tokens"].help_text = f"Tokens. As the organisation if empty: {tokens}."
        self.fields[
            "allowance"
        ].help_text = (
            f"Dollars, for a call that tokens do not bound. As the organisation if empty: {allowance}."
        )


@require_http_methods(["GET", "POST"])
@needs("read")
def team_rules(request: HttpRequest, slug: str) -> HttpResponse:
    """What rules the calls of a team go by; admins change them."""
    actor = actor_of(request)
    team = get_object_or_404(Team.objects.seen_by(actor), slug=slug)
    own, book = own_rules(team), rule_book()
    typed = request.POST if request.method == "POST" else None  # nothing typed is all as above
    form = TeamRulesForm(typed, initial=_now(own), above=book.organisation)
    if typed is not None:
        require(actor, "configure")
        if form.is_valid():
            try:
                set_rules(actor=actor, team=team, **form.cleaned_data)
            except ValidationError as error:
                refuse(form, error)
            else:
                messages.success(request, "Saved. The next call goes by it.")
                return redirect("people:team_detail", team.slug)
    context = {
        "team": team,
        "form": form,
        "in_force": book.of(team.pk),
        "may_change": allowed(actor, "configure"),
    }
    return render_page(
        request,
        page="billing/team_rules.html",
        partial="billing/_team_rules.html",
        context=context,
        status=422 if form.is_bound and form.errors else 200,
    )


def _now(own: CallRules) -> dict[str, Any]:
    return {
        "default_output_tokens": own.default_output_tokens,
        "unpriced": own.unpriced,
        "when_left": own.when_left,
        "allowance": "" if own.allowance_nano is None else money.text(own.allowance_nano),
    }
