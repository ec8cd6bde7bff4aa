"""What a person types to make or change a route, and to try it before it is saved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.http import QueryDict

from billing.rules import MAX_OUTPUT_TOKENS
from catalog.words import CAPABILITIES
from llmhub.people.models import Team
from routing.models import Route
from routing.needs import needed
from routing.policy_words import POLICIES, SAYS
from routing.route_find import Said
from routing.route_limits import EXPLORE_PERCENT, MAX_COST_MULTIPLE, MOST_EXPLORED, MOST_WEIGHT
from routing.route_trial import Sample

_AT = " at "  # between a model and its provider: no id has a space
_PLAIN = {"autocomplete": "off"}
LISTS = ("to", "over")  # names of the fields that list targets, those for want of budget second
_MOST_MULTIPLE = 9999  # that can be saved


class RouteForm(forms.Form):
    """A route without its targets."""

    name = forms.CharField(
        max_length=200,
        help_text="What callers ask for, such as support. No model or alias may have it.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    description = forms.CharField(
        max_length=500, required=False, label="What it is for", widget=forms.TextInput(attrs=_PLAIN)
    )
    policy = forms.ChoiceField(
        choices=[(policy, SAYS[policy]) for policy in POLICIES], initial="priority", label="In which order"
    )
    require = forms.MultipleChoiceField(
        choices=list(CAPABILITIES.items()),
        required=False,
        label="What every target must be able to do",
        help_text="What a call needs is seen in the call itself; this is on top of it.",
    )
    max_cost_multiple = forms.DecimalField(
        min_value=1,
        max_digits=6,
        decimal_places=2,
        required=False,
        initial=MAX_COST_MULTIPLE,
        label="A fallback costs at most so many times the first choice",
        help_text="Empty: fallbacks may cost anything.",
    )
    explore_percent = forms.IntegerField(
        min_value=0,
        max_value=MOST_EXPLORED,
        initial=EXPLORE_PERCENT,
        label="Percent of calls that explore",
        help_text="They go first where little is known, with a policy that ranks by evidence.",
    )
    default_output_tokens = forms.IntegerField(
        min_value=1,
        max_value=MAX_OUTPUT_TOKENS,
        required=False,
        label="Default output limit, in tokens",
        help_text="Under a hard budget, of a call that sets none. Empty: as the team's rules say.",
    )
    keeps_sessions = forms.BooleanField(
        required=False,
        initial=True,
        label="Calls of one session stay where the last one was answered",
        help_text="So the provider's cache is warm.",
    )
    escalates = forms.BooleanField(
        required=False,
        label="Escalate: ask the next target where an answer is of no use",
        help_text="Cut off, refused, empty, or not of the form asked for. Targets are asked in their order.",
    )

    def typed(self) -> dict[str, Any]:
        """Return what a trial needs of it, whatever was typed: what cannot be is as if it was not."""
        policy = self["policy"].value()
        return {
            "name": self["name"].value() or "this route",
            "policy": policy if policy in POLICIES else "priority",
            "require": self["require"].value() or (),
            "max_cost_multiple": _multiple(self["max_cost_multiple"].value()),
            "escalates": bool(self["escalates"].value()),
        }

    @classmethod
    def facts_of(cls, route: Route) -> dict[str, Any]:
        """Return what the form begins with for a route that is there."""
        return {"name": route.pk} | {name: getattr(route, name) for name in cls.base_fields if name != "name"}


class SampleForm(forms.Form):
    """A call that a route is tried with."""

    prefix = "try"
    tokens = forms.IntegerField(min_value=1, max_value=2_000_000, initial=1000, label="Tokens of input")
    limit = forms.IntegerField(min_value=1, max_value=2_000_000, required=False, label="Output limit")
    streams = forms.BooleanField(required=False, label="streams")
    tools = forms.BooleanField(required=False, label="calls tools")
    images = forms.BooleanField(required=False, label="has images")
    schema = forms.BooleanField(required=False, label="wants JSON of a schema")
    team = forms.ChoiceField(required=False, label="As the calls of")

    def __init__(self, *args: Any, teams: Iterable[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["team"]
        field.choices = [("", "nobody: 500 tokens of answer"), *((str(team.pk), team.name) for team in teams)]

    def sample(self) -> Sample:
        """Return the call; what cannot be read is as the form begins."""
        self.is_valid()
        values = getattr(self, "cleaned_data", {})
        kinds = ["image"] if values.get("images") else []
        form = "json_schema" if values.get("schema") else ""
        return Sample(
            input_tokens=values.get("tokens") or 1000,
            output_limit=values.get("limit"),
            streams=bool(values.get("streams")),
            needs=needed(kinds, tools=bool(values.get("tools")), form=form),
        )

    def team_id(self) -> int | None:
        """Return whose calls it is like, None where nobody is chosen."""
        self.is_valid()
        chosen = getattr(self, "cleaned_data", {}).get("team")
        return int(chosen) if chosen else None


def _multiple(typed: Any) -> Decimal | None:
    try:
        number = Decimal(str(typed))
        return number if 1 <= number <= _MOST_MULTIPLE else None
    except InvalidOperation:  # no number, or NaN
        return None


@dataclass(frozen=True)
class Line:
    """A target in the form: `acme/small at lab`, and its weight as typed."""

    text: str
    weight: str = "1"

    @property
    def said(self) -> Said:
        """It as it is looked up. Raises `ValueError` on a weight that is none."""
        model, _, provider = self.text.partition(_AT)
        if not (self.weight.isascii() and self.weight.isdecimal() and int(self.weight) <= MOST_WEIGHT):
            raise ValueError(f"{self.text}: {self.weight[:20]!r} is no weight: 0 to {MOST_WEIGHT}")
        return Said(model.strip(), provider.strip(), int(self.weight))


def lines_of(route: Route, *, is_for_want: bool) -> list[Line]:
    """Return the targets of a route, read with them, as the form has them."""
    return [
        Line(row.entry.slug + (f"{_AT}{row.provider.slug}" if row.provider else ""), str(row.weight))
        for row in route.targets.all()
        if row.is_for_want == is_for_want
    ]


def posted_lines(given: QueryDict, field: str) -> list[Line]:
    """Return the targets that were posted, in their order."""
    texts, weights = given.getlist(field), given.getlist(f"{field}_weight")
    return [Line(text[:300], weight) for text, weight in zip(texts, weights, strict=False)]


def after(do: str, field: str, lines: Sequence[Line], adding: str) -> list[Line]:
    """Return the targets once a button was pressed: `to-up-2`, `to-down-0`, `to-remove-1`, `to-add`."""
    found = list(lines)
    name, _, rest = do.partition("-")
    if name != field:
        return found
    verb, _, number = rest.partition("-")
    place = int(number) if number.isascii() and number.isdecimal() else -1
    if verb == "add" and adding.strip():
        found.append(Line(adding.strip()[:300]))
    elif 0 <= place < len(found):
        line = found.pop(place)
        if verb != "remove":
            found.insert(max(0, place + {"up": -1, "down": 1}.get(verb, 0)), line)
    return found
