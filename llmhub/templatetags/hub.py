"""What templates say in one word: icons, form controls, figures. Use with `{% load hub %}`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django import template
from django.forms import BoundField, CheckboxInput, Select, SelectMultiple
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil

from billing.spend import Figures
from catalog.parameters import in_words
from catalog.words import CAPABILITIES
from llmhub.lib import clock, figures
from llmhub.people.access import actor_of_person, may_open
from llmhub.people.models import User
from llmhub.people.roles import Action, allowed

register = template.Library()
for figure in (
    figures.usd,
    figures.usd_exact,
    figures.usd_signed,
    figures.price,
    figures.count,
    figures.compact,
    figures.duration,
    figures.share,
    figures.speed,
):
    register.filter(figure.__name__, figure)
register.filter("as_words", figures.words)

_ALERTS = {
    "success": ("success", "circle-check"),
    "warning": ("warning", "alert-triangle"),
    "error": ("danger", "alert-circle"),
}


@register.simple_tag(name="icon")
def icon(name: str, **attributes: str) -> SafeString:
    """Return the drawing `name` of static/icons.svg; `class` adds classes, `label` makes it speak."""
    classes = " ".join(["icon", attributes.get("class", "")]).strip()
    url = static("icons.svg")
    if label := attributes.get("label"):
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}#{}"/></svg>', classes, label, url, name
        )
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', classes, url, name)


@register.filter
def control(field: BoundField) -> SafeString:
    """Render the widget of a form field as a control of this console."""
    classes = {CheckboxInput: "form-check-input", Select: "form-select", SelectMultiple: "form-select"}
    name = next(
        (css for kind, css in classes.items() if isinstance(field.field.widget, kind)), "form-control"
    )
    extra = field.field.widget.attrs.get("class", "")
    attrs: dict[str, str | bool] = {
        "class": " ".join(filter(None, [name, extra, "is-invalid" if field.errors else ""]))
    }
    described = [f"{field.auto_id}_{part}" for part, there in _descriptions(field) if there]
    if described:
        attrs["aria-describedby"] = " ".join(described)
    return field.as_widget(attrs=attrs)


def _descriptions(field: BoundField) -> list[tuple[str, bool]]:
    return [("error", bool(field.errors)), ("helptext", bool(field.help_text))]


@register.filter
def alert_kind(level: str) -> str:
    """Return the colour of a message of this level."""
    return _ALERTS.get(level, ("info", "info-circle"))[0]


@register.filter
def alert_icon(level: str) -> str:
    """Return the drawing of a message of this level."""
    return _ALERTS.get(level, ("info", "info-circle"))[1]


@register.simple_tag
def moment(at: datetime | None) -> SafeString:
    """Return a time in the organisation's zone, to the second; the year and zone are its title."""
    if at is None:
        return format_html('<span class="unknown">{}</span>', "never")
    local = timezone.localtime(at)
    text = date_format(local, "j M H:i:s")
    title = date_format(local, "j F Y, H:i:s T")
    return format_html(
        '<time class="tabular" datetime="{}" title="{}">{}</time>', local.isoformat(), title, text
    )


@register.simple_tag
def cost(nano: int | None, reason: str = "", exact: bool = False) -> SafeString:
    """Return an amount in US dollars; one that is not known says so, with the reason as its title."""
    if nano is None:
        return format_html('<span class="unknown" title="{}">unknown</span>', reason or "no price is known")
    sign = figures.MINUS if nano < 0 else ""
    text = figures.usd_exact(abs(nano)) if exact else figures.usd(abs(nano))
    return format_html('<span class="tabular">{}${}</span>', sign, text)


@register.simple_tag
def amount(value: int, measure: str) -> SafeString:
    """Return an amount of a measure: `$12.50` of spend, a whole number of the others."""
    if measure != "spend":
        return format_html('<span class="tabular">{}</span>', figures.count(value))
    sign = figures.MINUS if value < 0 else ""
    return format_html('<span class="tabular">{}${}</span>', sign, figures.usd(abs(value)))


@register.simple_tag
def spend(of: Figures) -> SafeString:
    """Return what some calls cost together; where none of them has a known cost, that is unknown."""
    if of.unpriced and of.unpriced == of.requests:
        return cost(None)
    if not of.unpriced:
        return cost(of.spend_nano)
    missing = f"without {figures.count(of.unpriced)} of unknown cost"
    return format_html('<span title="{}">{}</span>', missing, cost(of.spend_nano))


@register.simple_tag(takes_context=True)
def page(context: dict[str, Any], url_name: str, key: str, text: str, css: str = "") -> SafeString:
    """Return `text` as a link to a page, or plain where there is none that the reader may see."""
    request = context.get("request")
    try:
        url = reverse(url_name, args=[key])
    except NoReverseMatch:
        url = ""
    if not url or (request is not None and not may_open(request, url_name, url)):
        return format_html('<span class="{}">{}</span>', css, text) if css else format_html("{}", text)
    if css:
        return format_html('<a class="{}" href="{}" title="{}">{}</a>', css, url, text, text)
    return format_html('<a href="{}">{}</a>', url, text)


@register.simple_tag
def change(before: dict[str, Any] | None, after: dict[str, Any] | None) -> SafeString:
    """Return what an audit event changed: each field with its old and new value."""
    old, new = before or {}, after or {}
    fields = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return format_html_join(", ", "{} {}", ((name, _step(old.get(name), new.get(name))) for name in fields))


def _step(old: Any, new: Any) -> SafeString:
    if old in (None, ""):
        return format_html("<ins>{}</ins>", _brief(new))
    if new in (None, ""):
        return format_html("<del>{}</del>", _brief(old))
    return format_html("<del>{}</del> <ins>{}</ins>", _brief(old), _brief(new))


def _brief(value: Any) -> str:
    """Return a value of an audit event in one line: long lists and texts are cut."""
    text = figures.words(value[:3] if isinstance(value, list) else value)
    if isinstance(value, list) and len(value) > 3:
        text += f" and {len(value) - 3} more"
    return text if len(text) <= 80 else f"{text[:79]}…"


@register.filter
def ago(moment: datetime) -> str:
    """Return how long ago a moment was, in its largest unit: `3 hours ago`."""
    passed = timesince(moment, clock.now(), depth=1)
    return "just now" if passed.startswith("0") else f"{passed} ago"


@register.filter
def health(word: str) -> str:
    """Return what a page calls the health of a provider."""
    return {"up": "well", "refused": "credential refused"}.get(word, word or "not known")


@register.filter
def until(moment: datetime) -> str:
    """Return how long it is to a moment, in its largest unit: `in 3 minutes`."""
    left = timeuntil(moment, clock.now(), depth=1)
    return "in a moment" if left.startswith("0") else f"in {left}"


@register.filter
def change_share(of: Decimal) -> str:
    """Return by how much something moved, in percent: `+12.5 %`."""
    percent = (of * 100).quantize(Decimal("0.1"))
    sign = "+" if percent > 0 else figures.MINUS
    return f"{sign}{abs(percent):f}".removesuffix(".0") + " %"


@register.filter
def fact(value: Any) -> str:
    """Return a fact of a model in one line; what is not known says so."""
    if value in (None, "", (), []):
        return "unknown"
    if isinstance(value, Decimal):
        return figures.price(value)
    if isinstance(value, int):
        return figures.count(value)
    return ", ".join(value) if isinstance(value, tuple | list) else str(value)


@register.filter
def site(url: str) -> str:
    """Return the host of a link, which says where a fact is from in one word."""
    return (urlsplit(url).hostname or url).removeprefix("www.")


@register.filter
def may(person: User, action: Action) -> bool:
    """Return whether this person may do `action`: a button they may not press is not shown.

    Of an action in a team that is in any team; a view says what its own team allows.
    """
    return allowed(actor_of_person(person), action)


@register.filter
def abilities(words: Collection[str]) -> list[str]:
    """Return what words of the catalog mean, in the catalog's order."""
    return [meaning for word, meaning in CAPABILITIES.items() if word in words]


@register.filter
def descriptor(of: dict[str, Any]) -> str:
    """Return what a parameter takes, in words: `number from 0 to 2, 1 if not given`."""
    return in_words(of)
