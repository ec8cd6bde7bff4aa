"""The guided way to a new provider: kind, connection, models, prices, a first call; then it is saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from llmhub.add_provider import draft as drafts
from llmhub.add_provider.draft import Draft
from llmhub.add_provider.first_call import MAX_OUTPUT_TOKENS, PROMPT, NotNow, bounds, make_call
from llmhub.add_provider.models_step import Choice, chosen_after, page_of
from llmhub.add_provider.prices_step import rows_of
from llmhub.add_provider.save import BadModel, save_draft
from llmhub.lib.forms import refuse
from llmhub.lib.pages import render_page
from llmhub.lib.slugs import refuse_reserved
from llmhub.people.access import actor_of, needs
from providers.adapters import KINDS, Kind
from providers.check import Outcome
from providers.credential import checked_secret
from providers.forms import ProviderForm, served_dialects
from providers.models import Provider
from providers.provider import checked_url
from providers.status import Status, outcome_kind
from providers.trial import try_connection

STEPS = ("Kind", "Connection", "Models", "Prices", "Try and save")
Step = Callable[[HttpRequest, Draft], HttpResponse]


def _step(view: Step) -> Callable[..., HttpResponse]:
    """Give a view the draft of the session; without one, begin at the beginning."""

    @wraps(view)
    def with_draft(request: HttpRequest) -> HttpResponse:
        found = drafts.load(request)
        if found is None:
            minutes = drafts.LIFETIME.seconds // 60
            messages.warning(request, f"What you enter here is kept for {minutes} minutes: begin again.")
            return redirect("adding:kinds")
        return view(request, found)

    return with_draft


def _render(request: HttpRequest, name: str, at: int, status: int = 200, **context: Any) -> HttpResponse:
    shown = {"steps": STEPS, "at": at, **context}
    return render(request, f"adding/{name}.html", shown, status=status)


@require_GET
@needs("configure")
def kinds(request: HttpRequest) -> HttpResponse:
    """Choose a kind; one that is there and only needs its credential is pointed out."""
    waiting = {
        row.kind: row for row in Provider.objects.listed().filter(credentials=None, needs_credential=True)
    }
    rows = [(kind, bool(served_dialects(kind)), waiting.get(kind.name)) for kind in KINDS.values()]
    return _render(request, "kinds", 1, kinds=rows, draft=drafts.load(request))


@never_cache
@sensitive_post_parameters("secret")
@sensitive_variables("form", "entered", "secret", "found")
@require_http_methods(["GET", "POST"])
@needs("configure")
def connection(request: HttpRequest) -> HttpResponse:
    """Say where it is and by which credential, and test that by a free call."""
    kept = drafts.load(request)
    kind = KINDS.get(request.GET.get("kind", kept.kind if kept else ""))
    if kind is None:
        return redirect("adding:kinds")
    before = kept if kept and kept.kind == kind.name else None
    form = ProviderForm(request.POST or None, kind=kind, initial=_typed_before(before))
    if not form.is_valid() or not _may_be_saved(form):
        return _connection(request, kind, form, before, 422 if form.is_bound else 200)
    entered = _entered(form, before)
    found = try_connection(kind, base_url=entered.base_url, dialect=entered.dialect, secret=entered.secret)
    entered = entered.checked(found)
    drafts.save(request, entered)
    if entered.answered:
        messages.success(request, f"{found.outcome.label}: {found.message}")
        return redirect("adding:models")
    return _connection(request, kind, form, entered)


def _typed_before(before: Draft | None) -> dict[str, str]:
    if before is None:
        return {}
    return {name: getattr(before, name) for name in ("name", "slug", "base_url", "dialect")}


def _may_be_saved(form: ProviderForm) -> bool:
    """Whether saving would take what was entered; what it would refuse is said at its field."""
    values = form.cleaned_data
    try:
        refuse_reserved(values["slug"])
        if Provider.objects.listed().filter(slug=values["slug"]).exists():
            raise ValidationError({"slug": f"{values['slug']!r} is there already: choose another short name"})
        values["base_url"] = checked_url(values["base_url"])
        if values["secret"]:
            values["secret"] = checked_secret(values["secret"])
    except ValidationError as error:
        refuse(form, error)
    return not form.errors


def _entered(form: ProviderForm, before: Draft | None) -> Draft:
    """Return the draft of what was entered; a credential goes on only to the address it was given for."""
    values = form.cleaned_data
    same = before is not None and before.base_url == values["base_url"]
    secret = values["secret"] or (before.secret if before and same else "")
    entered = Draft(kind=form.kind.name, **{**values, "secret": secret})
    return _with_choices(entered, before) if before and same else entered


def _with_choices(entered: Draft, before: Draft) -> Draft:
    return replace(entered, chosen=before.chosen, terms=before.terms, calls=before.calls)


def _connection(
    request: HttpRequest, kind: Kind, form: ProviderForm, draft: Draft | None, status: int = 200
) -> HttpResponse:
    verdict = None
    if draft and draft.outcome and status == 200:
        outcome = Outcome(draft.outcome)
        verdict = Status(outcome_kind(outcome), str(outcome.label), draft.message)
    kept = bool(draft and draft.secret)
    return _render(
        request, "connection", 2, status, form=form, kind=kind, verdict=verdict, secret_is_kept=kept
    )


@never_cache
@require_http_methods(["GET", "POST"])
@needs("configure")
@_step
def models(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Choose models of those that were found, or by their ids; searching keeps what is ticked."""
    choice = Choice.of(request.POST if request.method == "POST" else request.GET)
    if request.method == "POST":
        after, problem = chosen_after(draft, request.POST)
        if not problem:
            drafts.save(request, draft := replace(draft, chosen=after))
            if choice.goes_on:
                return redirect("adding:prices" if after else "adding:finish")
        if not getattr(request, "htmx", False):
            if problem:
                messages.error(request, problem)
            here = urlencode({"q": choice.query, "page": str(choice.page)})
            return HttpResponseRedirect(f"{reverse('adding:models')}?{here}")
    context = {"steps": STEPS, "at": 3, "draft": draft, **page_of(draft, choice)}
    return render_page(
        request, page="adding/models.html", partial="adding/_found_models.html", context=context
    )


@never_cache
@require_http_methods(["GET", "POST"])
@needs("configure")
@_step
def prices(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Say what each chosen model costs; what the catalog knows is proposed."""
    if not draft.chosen:
        return redirect("adding:finish")
    rows = rows_of(draft, request.POST if request.method == "POST" else None)
    if request.method == "POST" and not [row for row in rows if not row.form.is_valid()]:
        terms = {row.upstream_id: row.form.terms() for row in rows}
        drafts.save(request, replace(draft, terms=terms, call=None))
        return redirect("adding:finish")
    status = 422 if request.method == "POST" else 200
    return _render(request, "prices", 4, status, draft=draft, rows=rows)


@never_cache
@require_GET
@needs("configure")
@_step
def finish(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Everything that will be saved, and a first call if one wants it."""
    if any(id_ not in draft.terms for id_ in draft.chosen):
        return redirect("adding:prices")
    context: dict[str, Any] = {
        "draft": draft,
        "kind": draft.known_kind,
        "outcome": Outcome(draft.outcome).label if draft.outcome else "",
        "rows": [(id_, draft.terms[id_]) for id_ in draft.chosen],
        "bounds": bounds(draft) if served_dialects(draft.known_kind) else [],
        "prompt": PROMPT,
        "most_tokens": MAX_OUTPUT_TOKENS,
    }
    return _render(request, "finish", 5, **context)


@never_cache
@require_POST
@needs("configure")
@_step
def call(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Make the first call; it may cost a fraction of a cent, as the page said."""
    upstream_id = request.POST.get("model", "")
    if upstream_id not in draft.chosen or upstream_id not in draft.terms:
        raise Http404("This model is not among those that you chose.")
    try:
        made = make_call(actor=actor_of(request), draft=draft, upstream_id=upstream_id)
    except NotNow as refusal:
        messages.warning(request, str(refusal))
    else:
        paid = (made,) if made.usage_id else ()
        drafts.save(request, replace(draft, call=made, calls=(*draft.calls, *paid)))
    return redirect("adding:finish")


@never_cache
@require_POST
@needs("configure")
@_step
def save(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Save everything at once."""
    if any(id_ not in draft.terms for id_ in draft.chosen):
        return redirect("adding:prices")
    try:
        provider = save_draft(actor=actor_of(request), draft=draft)
    except BadModel as refusal:
        messages.error(request, " ".join(refusal.messages))
        return redirect("adding:prices")
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        return redirect("adding:connection")
    drafts.discard(request)
    count = len(draft.chosen)
    added = f" with {count} model{'s' if count != 1 else ''}" if count else ""
    messages.success(request, f"{provider.name} was added{added}.")
    return redirect("providers:provider_detail", provider.slug)


@require_POST
@needs("configure")
def discard(request: HttpRequest) -> HttpResponse:
    """Forget what was entered, its credential included; calls that were made are in the ledger."""
    drafts.discard(request)
    messages.success(request, "What you entered is forgotten.")
    return redirect("adding:kinds")
