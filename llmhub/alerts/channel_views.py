"""Pages of channels: who is told of alerts, and whether it works."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from llmhub.alerts import address, channel
from llmhub.alerts.finding import RULES
from llmhub.alerts.forms import ChannelChangeForm, ChannelForm
from llmhub.alerts.models import Channel, Delivery
from llmhub.alerts.reading import require_channels
from llmhub.audit.actor import Actor
from llmhub.lib.forms import refuse
from llmhub.lib.pages import render_page
from llmhub.people.access import actor_of, needs
from llmhub.people.models import Team


@dataclass(frozen=True)
class ChannelLine:
    """A channel as lists show it."""

    row: Channel
    where: str
    wants: str  # which alerts, in words
    last: Delivery | None
    may_change: bool

    @property
    def held(self) -> int:
        """How many messages wait for the end of its quiet hours."""
        return self.row.deliveries.filter(state=Delivery.State.HELD).count()


def lines(rows: Iterable[Channel], actor: Actor) -> list[ChannelLine]:
    """Return channels with what was sent last, in two queries."""
    rows = list(rows)
    newest = Delivery.objects.filter(channel__in=rows).values("channel").annotate(newest=Max("id"))
    last = {each.channel_id: each for each in Delivery.objects.filter(pk__in=newest.values("newest"))}
    return [
        ChannelLine(row, address.shown(row), _wants(row), last.get(row.pk), channel.may_change(actor, row))
        for row in rows
    ]


def _wants(row: Channel) -> str:
    what = ", ".join(RULES[word].lower() for word in row.rules if word in RULES) or "every alert"
    return f"{what} of {row.team.name}" if row.team else what


@require_GET
@needs("read")
def channel_list(request: HttpRequest) -> HttpResponse:
    """Every channel, or those of teams that one manages, with what was sent last; or of one team."""
    actor = actor_of(request)
    require_channels(actor)
    rows = Channel.objects.there().seen_by(actor).select_related("team")
    team = Team.objects.seen_by(actor).filter(slug=request.GET.get("team", "")).first()
    context = {
        "lines": lines(rows.filter(team=team) if team else rows, actor),
        "team": team,
        "has_mail": bool(settings.SMTP_URL),
    }
    return render_page(
        request, page="alerts/channel_list.html", partial="alerts/_channel_table.html", context=context
    )


@never_cache
@require_http_methods(["GET", "POST"])
@needs("manage")
def channel_new(request: HttpRequest) -> HttpResponse:
    """The form of a new channel; of a webhook its answer shows the signing secret, once."""
    first = Channel.Kind.EMAIL if settings.SMTP_URL else Channel.Kind.WEBHOOK
    initial = {"kind": first, "team": request.GET.get("team", "")}
    form = ChannelForm(request.POST or None, initial=initial, actor=actor_of(request))
    if form.is_valid():
        try:
            made, secret = channel.create_channel(actor=actor_of(request), **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            if secret:
                return _secret(request, made, secret)
            messages.success(request, f"{made.name} is there. Send a test to see whether it arrives.")
            return redirect("alerts:channel_detail", made.pk)
    context = {"form": form, "has_mail": bool(settings.SMTP_URL)}
    return render(request, "alerts/channel_new.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@needs("manage")
def channel_detail(request: HttpRequest, channel_id: int) -> HttpResponse:
    """One channel: change it, test it, pause it, remove it."""
    row, actor = _there(request, channel_id), actor_of(request)
    channel.require_change(actor, row)
    form = ChannelChangeForm(request.POST or None, channel=row, actor=actor)
    if form.is_valid():
        try:
            channel.change_channel(actor=actor, channel=row, **form.changed())
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect("alerts:channel_detail", channel_id)
    context = {"line": lines([row], actor)[0], "form": form}
    return render(request, "alerts/channel_detail.html", context, status=422 if form.is_bound else 200)


@require_POST
@needs("manage")
def channel_test(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Send a test message and say what became of it."""
    row = _there(request, channel_id)
    sent = channel.test_channel(actor=actor_of(request), channel=row)
    if sent.state == Delivery.State.SENT:
        messages.success(request, f"The test was sent by {row.name}. See whether it has arrived.")
    else:
        messages.error(request, f"The test was not sent: {sent.error}.")
    return redirect("alerts:channel_detail", channel_id)


@require_POST
@needs("manage")
def channel_pause(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Tell a channel nothing for now, or tell it again."""
    paused = request.POST.get("do") == "pause"
    row = channel.change_channel(actor=actor_of(request), channel=_there(request, channel_id), paused=paused)
    said = "is told of nothing until it is resumed" if paused else "is told of what fires from now on"
    messages.success(request, f"{row.name} {said}.")
    return redirect("alerts:channel_detail", channel_id)


@never_cache
@require_POST
@needs("manage")
def channel_secret(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Give a webhook another signing secret and show it, once."""
    row = _there(request, channel_id)
    try:
        return _secret(request, row, channel.new_secret(actor=actor_of(request), channel=row))
    except ValidationError as error:
        messages.error(request, "; ".join(error.messages).capitalize() + ".")
        return redirect("alerts:channel_detail", channel_id)


@require_POST
@needs("manage")
def channel_remove(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Remove a channel."""
    row = _there(request, channel_id)
    channel.remove_channel(actor=actor_of(request), channel=row)
    messages.success(request, f"{row.name} is gone. What was sent stays in the log.")
    return redirect("alerts:channel_list")


def _secret(request: HttpRequest, row: Channel, secret: str) -> HttpResponse:
    return render(request, "alerts/channel_secret.html", {"channel": row, "secret": secret})


def _there(request: HttpRequest, channel_id: int) -> Channel:
    rows = Channel.objects.there().seen_by(actor_of(request)).select_related("team")
    return get_object_or_404(rows, pk=channel_id)
