"""Pages of the people of the organisation, for its owners."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from llmhub.lib.forms import refuse
from llmhub.lib.pages import screen_of
from llmhub.people.access import actor_of, needs
from llmhub.people.models import Role, User
from llmhub.people.person import (
    activate_user,
    change_role,
    create_user,
    deactivate_user,
    make_link,
    sign_in_address,
)
from llmhub.people.sign_in_models import SecondFactor

_DONE = {
    "deactivate": "{} was deactivated: signed out everywhere, and their keys stop within seconds.",
    "activate": "{} was activated. A sign-in link lets them in; their keys work again within seconds.",
}


class PersonForm(forms.Form):
    """A person to let in."""

    email = forms.EmailField(label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    name = forms.CharField(
        max_length=100, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    role = forms.ChoiceField(
        choices=Role.choices,
        initial=Role.VIEWER,
        help_text="A member has only what their teams give. A viewer reads everything, an admin also changes "
        "the hub, an owner also lets people in.",
    )


@require_GET
@needs("own")
def person_list(request: HttpRequest) -> HttpResponse:
    """Everybody of the organisation, by e-mail address."""
    factors = SecondFactor.objects.filter(user=OuterRef("pk"), confirmed_at__isnull=False)
    people = User.objects.annotate(
        own_keys=Count("keys", filter=Q(keys__revoked_at=None)), has_second_factor=Exists(factors)
    )
    screen = screen_of(request, people, by="email")
    context = {"people": screen.rows, "next_cursor": screen.next_cursor, "roles": Role.choices}
    return render(request, "people/person_list.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@needs("own")
def person_new(request: HttpRequest) -> HttpResponse:
    """The form of a new person; its answer shows the sign-in link, once."""
    form = PersonForm(request.POST or None)
    if form.is_valid():
        try:
            person = create_user(actor=actor_of(request), **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            return _show_link(request, person)
    return render(request, "people/person_new.html", {"form": form}, status=422 if form.is_bound else 200)


@never_cache
@require_POST
@needs("own")
def person_link(request: HttpRequest, person_id: int) -> HttpResponse:
    """Make a new sign-in link and show it, once; earlier ones end."""
    return _show_link(request, get_object_or_404(User, pk=person_id, is_active=True))


def _show_link(request: HttpRequest, person: User) -> HttpResponse:
    token = make_link(actor=actor_of(request), user=person)
    link = sign_in_address(token)
    return render(request, "people/person_link.html", {"person": person, "link": link})


@require_POST
@needs("own")
def person_change(request: HttpRequest, person_id: int) -> HttpResponse:
    """Change the role of a person, let nobody sign in as them any more, or let them in again."""
    person, actor = get_object_or_404(User, pk=person_id), actor_of(request)
    do = request.POST.get("do", "")
    done = _DONE.get(do, "{} was changed.")
    try:
        if do == "deactivate":
            deactivate_user(actor=actor, user=person)
        elif do == "activate":
            activate_user(actor=actor, user=person)
        else:
            change_role(actor=actor, user=person, role=request.POST.get("role", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, done.format(person))
    return redirect("people:person_list")
