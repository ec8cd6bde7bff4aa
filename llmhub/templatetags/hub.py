"""What templates say in one word: icons, form controls, figures. Use with `{% load hub %}`."""

from __future__ import annotations

from django import template
from django.forms import BoundField, CheckboxInput, Select, SelectMultiple
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

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
