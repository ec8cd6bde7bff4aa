"""Pages of adjustments: those there are, one more, and a span of calls priced anew."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from billing import adjustment, reprice
from billing.adjustment_forms import AdjustmentForm, RepricingForm, SpanForm
from billing.adjustment_read import rows_of, seen_by
from billing.visible import teams_of
from llmhub.lib import forms
from llmhub.lib.pages import render_page, screen_of
from llmhub.people.access import actor_of, needs
from llmhub.people.roles import allowed


@require_GET
@needs("read")
def adjustment_list(request: HttpRequest) -> HttpResponse:
    """Corrections of what was charged, the last posted first."""
    actor = actor_of(request)
    screen = screen_of(request, seen_by(teams_of(actor)), by="-id")
    return render_page(
        request,
        page="billing/adjustment_list.html",
        partial="billing/_adjustment_table.html",
        context={
            "rows": rows_of(screen.rows),
            "next_cursor": screen.next_cursor,
            "may_post": allowed(actor, "configure"),
        },
    )


@require_http_methods(["GET", "POST"])
@needs("configure")
def adjustment_new(request: HttpRequest) -> HttpResponse:
    """The form of a correction; sent twice, it counts once."""
    initial = {name: request.GET[name] for name in ("request", "team", "provider") if name in request.GET}
    form = AdjustmentForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            made, _ = adjustment.post(actor=actor_of(request), **form.values())
        except ValidationError as error:
            forms.refuse(form, error)
        else:
            messages.success(request, "Posted: every sum has it.")
            if made.corrects is None:
                return redirect("billing:adjustment_list")
            return redirect("billing:request_detail", made.corrects)
    status = 422 if form.is_bound else 200
    return render(request, "billing/adjustment_new.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@needs("configure")
def adjustment_reprice(request: HttpRequest) -> HttpResponse:
    """Calls priced anew: the address says which, the page what differs, its form posts that."""
    asked = SpanForm(request.GET or None)
    form = RepricingForm(request.POST or None)
    found = None
    if asked.is_valid():
        try:
            span = asked.span()
            if form.is_valid():
                posted = reprice.post(span, actor=actor_of(request), **form.cleaned_data)
                messages.success(request, f"Posted for {posted.total.calls} calls: every sum has it.")
                return redirect("billing:adjustment_list")
            found = reprice.preview(span)
        except ValidationError as error:
            forms.refuse(asked, error)
    is_wrong = bool(asked.errors) or request.method == "POST"
    context = {"asked": asked, "form": form, "found": found, "days": _days(found)}
    return render(request, "billing/adjustment_reprice.html", context, status=422 if is_wrong else 200)


def _days(found: reprice.Repricing | None) -> list[tuple[object, reprice.Sums]]:
    return [] if found is None else sorted(found.days.items())
