"""Pages of gateway keys: find them, make one (shown once), assign, pause and revoke."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing.key import assign_key, create_key, may_revoke, pause_key, revoke_key, set_rates
from billing.key_forms import KeyForm, PauseForm, PersonForm, RatesForm, people_for
from billing.key_state import State, state_of
from billing.models import ApiKey, UsageRecord
from catalog.availability import first_callable
from llmhub.lib import clock, forms, ids
from llmhub.lib.pages import render_page, screen_of
from llmhub.people.access import actor_of, needs
from llmhub.people.models import Team
from llmhub.people.roles import allowed, reach

STATES = ("active", "paused", "stopped", "expired", "revoked")


@dataclass(frozen=True)
class KeyRow:
    """A key as pages show it."""

    key: ApiKey
    state: State
    last_used_at: datetime | None  # None: never


def _with_last_use(keys: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
    calls = UsageRecord.objects.exclude(status=UsageRecord.Status.ADJUSTED)
    latest = calls.filter(key_id=OuterRef("pk")).order_by("-id").values("id")[:1]
    return keys.select_related("team", "person").annotate(last_usage_id=Subquery(latest))


def _row(key: ApiKey, now: datetime) -> KeyRow:
    last_usage_id: int | None = key.last_usage_id  # type: ignore[attr-defined]  # annotated
    return KeyRow(
        key=key,
        state=state_of(
            revoked_at=key.revoked_at,
            expires_at=key.expires_at,
            paused_reason=key.paused_reason,
            now=now,
            is_orphan=key.person is not None and not key.person.is_active,
        ),
        last_used_at=None if last_usage_id is None else ids.moment_of(last_usage_id),
    )


def _in_state(state: str, now: datetime) -> Q:
    """Return the condition for a state; anything that is none means every key that was not revoked."""
    ended = Q(expires_at__lte=now)
    alive = Q(revoked_at=None) & ~ended
    going = alive & (Q(person=None) | Q(person__is_active=True))
    conditions = {
        "active": going & Q(paused_reason=""),
        "paused": going & ~Q(paused_reason=""),
        "stopped": alive & Q(person__is_active=False),
        "expired": Q(revoked_at=None) & ended,
        "revoked": Q(revoked_at__isnull=False),
    }
    return conditions.get(state, Q(revoked_at=None))


def _found(request: HttpRequest, now: datetime) -> QuerySet[ApiKey]:
    query, team = request.GET.get("q", "").strip(), request.GET.get("team", "")
    keys = _seen(request).filter(_in_state(request.GET.get("state", ""), now))
    if team:
        keys = keys.filter(team__slug=team)
    if query:
        words = (
            Q(name__icontains=query) | Q(person__email__icontains=query) | Q(person__name__icontains=query)
        )
        keys = keys.filter(words | Q(prefix__startswith=query[:10]))
    return keys


def _seen(request: HttpRequest) -> QuerySet[ApiKey]:
    """Return the keys that whoever asks may see."""
    return _with_last_use(ApiKey.objects.seen_by(actor_of(request)))


@require_GET
@needs("read")
def key_list(request: HttpRequest) -> HttpResponse:
    """Every key that was not revoked, newest first; searching and filtering swap only the table."""
    now = clock.now()
    screen = screen_of(request, _found(request, now), by="-id")
    context = {
        "rows": [_row(key, now) for key in screen.rows],
        "next_cursor": screen.next_cursor,
        "query": request.GET.get("q", ""),
        "team": request.GET.get("team", ""),
        "state": request.GET.get("state", ""),
        "states": STATES,
        "teams": Team.objects.seen_by(actor_of(request)),
    }
    return render_page(
        request, page="billing/key_list.html", partial="billing/_key_table.html", context=context
    )


@never_cache
@require_http_methods(["GET", "POST"])
@needs("call")
def key_new(request: HttpRequest) -> HttpResponse:
    """The form of a new key; its answer is the only page that ever shows the key."""
    actor = actor_of(request)
    form = KeyForm(request.POST or None, initial={"team": request.GET.get("team", "")}, actor=actor)
    if form.is_valid():
        try:
            key, text = create_key(actor=actor, **form.cleaned_data)
        except ValidationError as error:
            forms.refuse(form, error)
        else:
            return render(request, "billing/key_made.html", {"key": key, "key_text": text, **first_call()})
    context = {"form": form, "teams": Team.objects.within(reach(actor, "call")).exists()}
    return render(request, "billing/key_new.html", context, status=422 if form.is_bound else 200)


def first_call() -> dict[str, object]:
    """Return what a page needs to show a call."""
    return {"base_url": f"{settings.PUBLIC_URL}/v1", "model": first_callable()}


@require_GET
@needs("read")
def key_detail(request: HttpRequest, key_id: int) -> HttpResponse:
    """One key: what it may do, when it was used, and the ways to stop it."""
    key = get_object_or_404(_seen(request), pk=key_id)
    return _detail(request, key, PauseForm())


def _detail(
    request: HttpRequest,
    key: ApiKey,
    form: PauseForm,
    rates: RatesForm | None = None,
    owner: PersonForm | None = None,
) -> HttpResponse:
    now = {name: getattr(key, name) for name in ("requests_per_minute", "tokens_per_minute")}
    rates = rates or RatesForm(initial=now)
    actor = actor_of(request)
    owner = owner or PersonForm(
        initial={"person": key.person.email if key.person else ""}, people=people_for(actor, key.team)
    )
    context = {
        "row": _row(key, clock.now()),
        "form": form,
        "rates": rates,
        "owner": owner,
        "may_manage": allowed(actor, "manage", team=key.team_id),
        "may_revoke": may_revoke(actor, key),
        **first_call(),
    }
    status = 422 if form.is_bound or rates.is_bound or owner.is_bound else 200
    return render(request, "billing/key_detail.html", context, status=status)


@require_POST
@needs("manage")
def key_limit(request: HttpRequest, key_id: int) -> HttpResponse:
    """Save how much a key may call in a minute."""
    key = get_object_or_404(_seen(request), pk=key_id)
    rates = RatesForm(request.POST)
    if not rates.is_valid():
        return _detail(request, key, PauseForm(), rates)
    set_rates(actor=actor_of(request), key=key, **rates.cleaned_data)
    messages.success(request, "Saved. The next call goes by it.")
    return redirect("billing:key_detail", key_id)


@require_POST
@needs("manage")
def key_assign(request: HttpRequest, key_id: int) -> HttpResponse:
    """Say whose key it is from now on."""
    key = get_object_or_404(_seen(request), pk=key_id)
    owner = PersonForm(request.POST, people=people_for(actor_of(request), key.team))
    if not owner.is_valid():
        return _detail(request, key, PauseForm(), owner=owner)
    assign_key(actor=actor_of(request), key=key, person=owner.cleaned_data["person"])
    messages.success(request, "Saved. The next call goes by it.")
    return redirect("billing:key_detail", key_id)


@require_POST
@needs("call")
def key_revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    """End a key for good."""
    key = get_object_or_404(_seen(request), pk=key_id)
    revoke_key(actor=actor_of(request), key=key)
    messages.success(request, f"Revoked {key.name}. Calls with it are refused within seconds.")
    return redirect("billing:key_detail", key_id)


@require_POST
@needs("manage")
def key_pause(request: HttpRequest, key_id: int) -> HttpResponse:
    """Refuse a key's calls with a reason."""
    key = get_object_or_404(_seen(request), pk=key_id)
    form = PauseForm(request.POST)
    if not form.is_valid():
        return _detail(request, key, form)
    pause_key(actor=actor_of(request), key=key, reason=form.cleaned_data["reason"])
    messages.success(request, f"Paused {key.name}. Callers get the reason you gave.")
    return redirect("billing:key_detail", key_id)


@require_POST
@needs("manage")
def key_resume(request: HttpRequest, key_id: int) -> HttpResponse:
    """Let a paused key's calls through again."""
    key = get_object_or_404(_seen(request), pk=key_id)
    pause_key(actor=actor_of(request), key=key, reason="")
    messages.success(request, f"{key.name} may call again.")
    return redirect("billing:key_detail", key_id)
