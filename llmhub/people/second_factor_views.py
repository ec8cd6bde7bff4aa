"""Pages of the second factor: asked for at sign-in, set up on the profile, taken off for who lost it."""

from __future__ import annotations

from typing import Any

import segno
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from llmhub.lib.forms import refuse
from llmhub.people import arrival, guesses, organisation, second_factor, sessions, sign_in_log, totp
from llmhub.people.access import actor_of, needs
from llmhub.people.forms import CodeForm, ConfirmForm
from llmhub.people.models import User
from llmhub.people.views import signed_in_person, wait

_NOT_NOW = "This is not the code that the app shows now, and no recovery code that is left."


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "POST"])
def code_page(request: HttpRequest) -> HttpResponse:
    """Ask who has passed the first step for their second factor."""
    if (found := arrival.waiting(request)) is None:
        arrival.forget(request)
        return redirect("people:sign_in")
    user, told = found
    form = _code_form(request)
    if not form.is_valid():
        return _code_page(request, form, status=422 if form.is_bound else 200)
    try:
        proof = second_factor.check(user, form.cleaned_data["code"])
    except guesses.TooManyTries as error:
        form.add_error(None, str(error))
        return wait(_code_page(request, form, status=429), error)
    if not proof:
        sign_in_log.failed(request, by=told.by, email=user.email, reason="second factor")
        form.add_error("code", _NOT_NOW)
        return _code_page(request, form, status=422)
    where = arrival.go_on(request, user, told, second=proof)
    if proof == second_factor.RECOVERY_CODE:
        left = second_factor.codes_left(user)
        messages.warning(
            request, f"That recovery code is used up; {left} are left. New ones: on your profile."
        )
    return redirect(where)


def _code_form(request: HttpRequest) -> CodeForm:
    form, by_recovery = CodeForm(request.POST or None), "recovery" in request.GET
    form.fields["code"].label = "Recovery code" if by_recovery else "Code of your authenticator app"
    attrs = form.fields["code"].widget.attrs
    attrs["autofocus"] = True
    if by_recovery:
        attrs.update(inputmode="text", autocomplete="off", placeholder="xxxx-xxxx-xxxx-xxxx")
    return form


def _code_page(request: HttpRequest, form: CodeForm, *, status: int) -> HttpResponse:
    context = {"form": form, "by_recovery": "recovery" in request.GET}
    return render(request, "people/second_factor_code.html", context, status=status)


@sensitive_post_parameters("code", "current")
@never_cache
@require_http_methods(["GET", "POST"])
@needs("read", second_factor=False)
def second_factor_page(request: HttpRequest) -> HttpResponse:
    """Set one's own second factor up, draw new recovery codes, or take it off."""
    user, do = signed_in_person(request), request.POST.get("do", "")
    try:
        if do == "begin":
            second_factor.begin(user)
            return redirect("people:second_factor")
        if do == "confirm":
            return _confirm(request, user)
        if do in {"codes", "remove"}:
            return _change(request, user, do)
    except guesses.TooManyTries as error:
        messages.error(request, str(error))
        return wait(_page(request, user, status=429), error)
    return _page(request, user)


def _confirm(request: HttpRequest, user: User) -> HttpResponse:
    form = _confirm_form(request, user)
    if form.is_valid():
        try:
            codes = second_factor.confirm(actor=actor_of(request), user=user, code=form.cleaned_data["code"])
        except ValidationError as error:
            refuse(form, error)
        else:
            return _confirmed(request, user, codes)
    return _page(request, user, confirm_form=form, status=422)


def _confirmed(request: HttpRequest, user: User, codes: list[str]) -> HttpResponse:
    """End the sessions that did without, give this one a new key, and show the recovery codes."""
    sessions.end_others(actor=actor_of(request), user=user, here=request.session.session_key)
    request.session.cycle_key()
    request.session[sessions.SECOND_FACTOR] = second_factor.APP
    return render(request, "people/recovery_codes.html", {"codes": codes, "is_new": True})


def _change(request: HttpRequest, user: User, do: str) -> HttpResponse:
    """Do what needs a code first."""
    form, actor = CodeForm(request.POST, auto_id=f"{do}_%s"), actor_of(request)
    if form.is_valid() and not second_factor.check(user, form.cleaned_data["code"]):
        form.add_error("code", _NOT_NOW)
    if not form.is_valid():
        return _page(request, user, **{f"{do}_form": form}, status=422)
    if do == "codes":
        codes = second_factor.new_codes(actor=actor, user=user)
        return render(request, "people/recovery_codes.html", {"codes": codes})
    try:
        second_factor.remove(actor=actor, user=user)
    except ValidationError as error:
        refuse(form, error)
        return _page(request, user, remove_form=form, status=422)
    request.session[sessions.SECOND_FACTOR] = ""
    messages.success(request, "The second factor is off.")
    return redirect("people:profile")


def _confirm_form(request: HttpRequest, user: User) -> ConfirmForm:
    ask_current = user.has_usable_password() and not arrival.is_fresh(request)
    is_sent = request.POST.get("do") == "confirm"
    return ConfirmForm(request.POST if is_sent else None, user=user, ask_current=ask_current)


def _page(request: HttpRequest, user: User, *, status: int = 200, **forms: Any) -> HttpResponse:
    hub = organisation.of(request)
    context = {
        "is_on": second_factor.has_one(user),
        "codes_left": second_factor.codes_left(user),
        "is_required": hub.requires_second_factor,
        "codes_form": CodeForm(auto_id="codes_%s"),
        "remove_form": CodeForm(auto_id="remove_%s"),
        **forms,
    }
    if not context["is_on"] and (secret := second_factor.draft_of(user)):
        address = totp.address(secret, issuer=hub.name, account=user.email)
        context |= {"address": address, "drawing": _drawing(address), "secret": _in_groups(secret)}
        context.setdefault("confirm_form", _confirm_form(request, user))
    is_first = second_factor.is_missing(request)
    page = "people/second_factor_first.html" if is_first else "people/second_factor.html"
    return render(request, page, context, status=status)


def _drawing(address: str) -> SafeString:
    """Return a QR code as SVG: black on white in the dark, too, for cameras read nothing else well."""
    code = segno.make_qr(address, error="m")
    drawn = code.svg_inline(omitsize=True, svgclass="qr-code", lineclass=None, dark="#000", light="#fff")
    return mark_safe(drawn)  # noqa: S308 - made of numbers: the address is only in the pattern


def _in_groups(secret: bytes) -> str:
    text = totp.as_text(secret)
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


@require_POST
@needs("own")
def second_factor_off(request: HttpRequest, person_id: int) -> HttpResponse:
    """Take the second factor off that somebody lost."""
    person = get_object_or_404(User, pk=person_id)
    if second_factor.remove_for(actor=actor_of(request), user=person):
        messages.success(
            request, f"The second factor of {person} is off, and they are signed out everywhere."
        )
    else:
        messages.info(request, f"{person} has no second factor.")
    return redirect("people:person_list")
