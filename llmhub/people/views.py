"""Pages on which people sign in and out, and change what is theirs."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from llmhub.people import person, profile
from llmhub.people.access import actor_of, needs
from llmhub.people.forms import NameForm, PasswordForm, SignInForm
from llmhub.people.models import User
from llmhub.people.sign_in import TooManyTries, by_password

BACKEND = "django.contrib.auth.backends.ModelBackend"
BY_LINK = "signed_in_by_link"  # in the session: a new password may be set without the old one


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with e-mail address and password."""
    target = _after_sign_in(request)
    if request.user.is_authenticated:
        return redirect(target)
    form = SignInForm(request.POST or None)
    if not form.is_valid():
        return _sign_in_page(request, form, target, status=422 if form.is_bound else 200)
    try:
        user = by_password(request, **form.cleaned_data)
    except TooManyTries as error:
        form.add_error(None, str(error))
        response = _sign_in_page(request, form, target, status=429)
        response.headers["Retry-After"] = str(error.wait)
        return response
    if user is None:
        form.add_error(None, "E-mail address and password do not fit together.")
        return _sign_in_page(request, form, target, status=422)
    login(request, user, backend=BACKEND)
    return redirect(target)


def _sign_in_page(request: HttpRequest, form: SignInForm, target: str, *, status: int) -> HttpResponse:
    return render(request, "people/sign_in.html", {"form": form, "next": target}, status=status)


def _after_sign_in(request: HttpRequest) -> str:
    """Return where to go: the page that was asked for, if it is one of ours."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if ours else settings.LOGIN_REDIRECT_URL


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
    login(request, user, backend=BACKEND)
    request.session[BY_LINK] = True
    if user.has_usable_password():
        return redirect(settings.LOGIN_REDIRECT_URL)
    messages.info(request, "You are in. Set a password to sign in without a link next time.")
    return redirect("people:profile")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("people:sign_in")


@sensitive_post_parameters("current", "new")
@require_http_methods(["GET", "POST"])
@needs("view")
def profile_page(request: HttpRequest) -> HttpResponse:
    """Name and password of the person who is signed in; each is a form of its own."""
    user = _person(request)
    ask_current = user.has_usable_password() and not request.session.get(BY_LINK)
    name = NameForm(_posted(request, "name"), initial={"name": user.name})
    password = PasswordForm(_posted(request, "password"), user=user, ask_current=ask_current)
    if name.is_bound and name.is_valid():
        profile.rename(actor=actor_of(request), user=user, name=name.cleaned_data["name"])
        messages.success(request, "Name saved.")
        return redirect("people:profile")
    if password.is_bound and password.is_valid():
        profile.set_password(actor=actor_of(request), user=user, password=password.cleaned_data["new"])
        update_session_auth_hash(request, user)
        request.session.pop(BY_LINK, None)
        messages.success(request, "Password saved. Other sessions of yours have ended.")
        return redirect("people:profile")
    context = {"name_form": name, "password_form": password, "has_password": user.has_usable_password()}
    status = 422 if name.is_bound or password.is_bound else 200
    return render(request, "people/profile.html", context, status=status)


def _posted(request: HttpRequest, part: str) -> QueryDict | None:
    """Return what was sent if it is this form's, told by its button."""
    return request.POST if request.POST.get("part") == part else None


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # `needs` let nobody else through
    return request.user
