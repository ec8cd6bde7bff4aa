"""Pages of the inbox: what changed at providers and waits for a decision, and the rules that decide."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from catalog import inbox
from catalog.discovery_models import CatalogEvent, InboxRule
from catalog.discovery_now import discovery_now, held_lists
from catalog.event_rows import chosen, event_rows
from catalog.event_words import HEADLINES
from catalog.forms import RuleForm
from catalog.rule_book import remove_rule, sentence, set_rule
from llmhub.lib.pages import render_page, screen_of
from llmhub.people.access import actor_of, needs
from providers.models import Provider

SHOWN = 25
_FILTERS = ("state", "kind", "provider", "about")


@require_GET
@needs("view")
def inbox_list(request: HttpRequest) -> HttpResponse:
    """What changed, the newest first; filtering swaps only the list."""
    asked = {name: request.GET.get(name, "") for name in _FILTERS}
    asked["state"] = asked["state"] or "open"
    screen = screen_of(request, chosen(**asked), by="-id", limit=SHOWN)
    rows = event_rows(list(screen.rows))
    context = {
        "rows": rows,
        "next_cursor": screen.next_cursor,
        "asked": asked,
        "is_filtered": any(asked[name] for name in _FILTERS[1:]) or asked["state"] != "open",
        "kinds": [(kind.value, headline) for kind, headline in HEADLINES.items()],
        "providers": Provider.objects.listed().exclude(discovery=None),
        "held": held_lists(),
        "unread": [] if rows else [row for row in discovery_now() if row.pool != "list"],
    }
    return render_page(
        request, page="catalog/inbox_list.html", partial="catalog/_inbox_events.html", context=context
    )


@require_POST
@needs("configure")
def inbox_decide(request: HttpRequest) -> HttpResponse:
    """Accept or ignore one event, or those that are ticked."""
    word, _, one = request.POST.get("do", "").partition(":")
    decide = {"accept": inbox.accept_all, "ignore": inbox.ignore_all}.get(word)
    ids = [int(each) for each in ([one] if one else request.POST.getlist("ids")) if each.isdecimal()]
    events = list(CatalogEvent.objects.filter(pk__in=[id_ for id_ in ids if id_ < 2**63]))
    back = redirect(f"{reverse('catalog:inbox_list')}?{request.GET.urlencode()}".rstrip("?"))
    if decide is None or not events:
        messages.warning(request, "Nothing was decided: tick the events first.")
        return back
    decided = decide(actor=actor_of(request), events=events)
    if decided.done:
        messages.success(request, _told(word, decided.done))
    for refusal in decided.refused[:5]:
        messages.error(request, f"{refusal}.")
    return back


def _told(word: str, done: tuple[CatalogEvent, ...]) -> str:
    names = ", ".join(event.entry.slug if event.entry else event.upstream_id for event in done[:5])
    more = f" and {len(done) - 5} more" if len(done) > 5 else ""
    what = {"accept": "Accepted", "ignore": "Ignored"}[word]
    return (
        f"{what}: {names}{more}. Calls see it within two seconds."
        if word == "accept"
        else f"{what}: {names}{more}."
    )


@require_GET
@needs("view")
def rule_list(request: HttpRequest) -> HttpResponse:
    """What is decided without asking."""
    return _rules(request, RuleForm())


@require_POST
@needs("configure")
def rule_add(request: HttpRequest) -> HttpResponse:
    """Save a rule; it takes the place of one for the same."""
    form = RuleForm(request.POST)
    if not form.is_valid():
        return _rules(request, form, 422)
    rule = set_rule(actor=actor_of(request), **form.cleaned_data)
    messages.success(request, f"From the next run on: {sentence(rule)}.")
    return redirect("catalog:rule_list")


def _rules(request: HttpRequest, form: RuleForm, status: int = 200) -> HttpResponse:
    rules = InboxRule.objects.select_related("provider").order_by("kind", "id")
    context = {"rules": [(rule, sentence(rule)) for rule in rules], "form": form}
    return render(request, "catalog/rule_list.html", context, status=status)


@require_POST
@needs("configure")
def rule_remove(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Take a rule away."""
    rule = get_object_or_404(InboxRule.objects.select_related("provider"), pk=rule_id)
    remove_rule(actor=actor_of(request), rule=rule)
    messages.success(request, f"Removed: {sentence(rule)}.")
    return redirect("catalog:rule_list")
