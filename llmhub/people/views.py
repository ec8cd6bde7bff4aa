"""Pages on which people sign in and out, and change what is theirs."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from llmhub.people import forgotten, oidc, person, profile, second_factor, sessions, sign_in_log
from llmhub.people.access import actor_of, needs
from llmhub.people.arrival import BY_LINK, after, arrive
from llmhub.people.forms import ForgottenForm, NameForm, PasswordForm, SignInForm, ZoneForm
from llmhub.people.guesses import TooManyTries
from llmhub.people.models import User
from llmhub.people.sign_in import by_password


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with e-mail address and password."""
    target = after(request)
    if request.user.is_authenticated:
        return redirect(target)
    form = SignInForm(request.POST or None)
    if not form.is_valid():
        return _sign_in_page(request, form, target, status=422 if form.is_bound else 200)
    try:
        user = by_password(request, **form.cleaned_data)
    except TooManyTries as error:
        form.add_error(None, str(error))
        return wait(_sign_in_page(request, form, target, status=429), error)
    if user is None:
        form.add_error(None, "E-mail address and password do not fit together.")
        return _sign_in_page(request, form, target, status=422)
    return redirect(arrive(request, user, by="password", target=target))


def _sign_in_page(request: HttpRequest, form: Form, target: str, *, status: int) -> HttpResponse:
    context = {"form": form, "next": target, "provider": oidc.name()}
    return render(request, "people/sign_in.html", context, status=status)


def wait(response: HttpResponse, error: TooManyTries) -> HttpResponse:
    """Say in the head of an answer, too, when the next try is."""
    response.headers["Retry-After"] = str(error.wait)
    return response


@never_cache
@require_http_methods(["GET", "POST"])
def forgotten_page(request: HttpRequest) -> HttpResponse:
    """Send a sign-in link to who asks for it, where mail is set up; else say whom to ask.

    The answer is the same whether somebody has this address or not.
    """
    form, context = ForgottenForm(request.POST or None), {"mail": forgotten.can_send()}
    if not context["mail"] or not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "people/forgotten.html", {**context, "form": form}, status=status)
    try:
        forgotten.ask(request, form.cleaned_data["email"])
    except (TooManyTries, forgotten.NotNow) as error:
        form.add_error(None, str(error))
        status = 429 if isinstance(error, TooManyTries) else 503
        response = render(request, "people/forgotten.html", {**context, "form": form}, status=status)
        return wait(response, error) if isinstance(error, TooManyTries) else response
    return render(request, "people/forgotten.html", {**context, "sent_to": form.cleaned_data["email"]})


@never_cache
@require_http_methods(["GET", "POST"])
def use_link(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in by a one-time link; only the button uses it up, a preview of the link does not."""
    if request.method == "GET":
        return render(request, "people/use_link.html")
    try:
        user = person.use_link(token)
    except person.LinkNotUsable as error:
        return render(request, "people/use_link.html", {"error": str(error)}, status=410)
    if user.has_usable_password():
        return redirect(arrive(request, user, by="link", target=settings.LOGIN_REDIRECT_URL))
    where = arrive(request, user, by="link", target=reverse("people:profile"))
    messages.info(request, "You are in. Set a password to sign in without a link next time.")
    return redirect(where)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    if isinstance(request.user, User):
        sign_in_log.signed_out(request.user)
    logout(request)
    return redirect("people:sign_in")


@sensitive_post_parameters("current", "new")
@never_cache
@require_http_methods(["GET", "POST"])
@needs("read")
def profile_page(request: HttpRequest) -> HttpResponse:
    """Name, time zone, password, second factor and sessions of the person who is signed in."""
    user = signed_in_person(request)
    ask_current = user.has_usable_password() and not request.session.get(BY_LINK)
    name = NameForm(_posted(request, "name"), initial={"name": user.name})
    zone = ZoneForm(_posted(request, "zone"), initial={"time_zone": user.time_zone})
    password = PasswordForm(_posted(request, "password"), user=user, ask_current=ask_current)
    if name.is_bound and name.is_valid():
        profile.rename(actor=actor_of(request), user=user, name=name.cleaned_data["name"])
        messages.success(request, "Name saved.")
        return redirect("people:profile")
    if zone.is_bound and zone.is_valid():
        profile.set_time_zone(actor=actor_of(request), user=user, **zone.cleaned_data)
        messages.success(request, "Time zone saved.")
        return redirect("people:profile")
    if password.is_bound and password.is_valid():
        with transaction.atomic():
            profile.set_password(actor=actor_of(request), user=user, password=password.cleaned_data["new"])
            update_session_auth_hash(request, user)
        request.session.pop(BY_LINK, None)
        messages.success(request, "Password saved. Other sessions of yours have ended.")
        return redirect("people:profile")
    context = {
        "name_form": name,
        "zone_form": zone,
        "password_form": password,
        "has_password": user.has_usable_password(),
        "has_second_factor": second_factor.has_one(user),
        "codes_left": second_factor.codes_left(user),
        "sessions": sessions.sessions_of(user, here=request.session.session_key),
    }
    status = 422 if name.is_bound or zone.is_bound or password.is_bound else 200
    return render(request, "people/profile.html", context, status=status)


@require_POST
@needs("read")
def sessions_end(request: HttpRequest) -> HttpResponse:
    """End one session of one's own, or all but this one."""
    user, actor = signed_in_person(request), actor_of(request)
    if handle := request.POST.get("session", ""):
        if sessions.end_one(actor=actor, user=user, handle=handle):
            messages.success(request, "That session has ended.")
    else:
        count = sessions.end_others(actor=actor, user=user, here=request.session.session_key)
        messages.success(request, f"Signed out of {count} other session{'s' * (count != 1)}.")
    return redirect("people:profile")


def _posted(request: HttpRequest, part: str) -> QueryDict | None:
    """Return what was sent if it is this form's, told by its button."""
    return request.POST if request.POST.get("part") == part else None


def signed_in_person(request: HttpRequest) -> User:
    """Return who is signed in, behind a gate that let nobody else through."""
    assert isinstance(request.user, User)
    return request.user
