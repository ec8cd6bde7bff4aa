"""What the page of a provider does with its credentials: keep, weigh, use again, remove."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from llmhub.lib.forms import refuse
from llmhub.people.access import actor_of, needs
from providers.credential import remove_credential, set_credential
from providers.credential_state import set_weight, use_again
from providers.forms import CredentialForm, WeightForm
from providers.models import Credential
from providers.provider_page import detail, found, show


@sensitive_post_parameters("secret")
@require_POST
@needs("configure")
def credential_set(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep a credential; it is never shown again. One of the same label is replaced."""
    provider, form = found(slug), CredentialForm(request.POST)
    if form.is_valid():
        try:
            kept = set_credential(actor=actor_of(request), provider=provider, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, f"The credential “{kept.label}” is kept, encrypted.")
            return show(slug, "credentials")
    return detail(request, provider, 422, credential_form=form)


@require_POST
@needs("configure")
def credential_weight(request: HttpRequest, slug: str) -> HttpResponse:
    """Set the share of the calls that a credential gets."""
    provider, label, form = found(slug), _label(request), WeightForm(request.POST)
    if not form.is_valid():
        return detail(request, provider, 422, weight_form=form)
    weight = form.cleaned_data["weight"]
    _change(lambda: set_weight(actor=actor_of(request), provider=provider, label=label, weight=weight))
    messages.success(request, f"The credential “{label}” has the weight {weight}.")
    return show(slug, "credentials")


@require_POST
@needs("configure")
def credential_use_again(request: HttpRequest, slug: str) -> HttpResponse:
    """Use a credential again that was taken out."""
    provider, label = found(slug), _label(request)
    _change(lambda: use_again(actor=actor_of(request), provider=provider, label=label))
    messages.success(request, f"The credential “{label}” is used again, within seconds.")
    return show(slug, "credentials")


@require_POST
@needs("configure")
def credential_remove(request: HttpRequest, slug: str) -> HttpResponse:
    """Forget a credential."""
    provider, label = found(slug), _label(request)
    _change(lambda: remove_credential(actor=actor_of(request), provider=provider, label=label))
    messages.success(request, f"The credential “{label}” was removed.")
    return redirect("providers:provider_detail", slug)


def _label(request: HttpRequest) -> str:
    return request.POST.get("label", "")


def _change(action: Callable[[], None]) -> None:
    """Do `action`; what it names may have gone meanwhile."""
    try:
        action()
    except Credential.DoesNotExist:
        raise Http404("There is no credential of this label: somebody removed it meanwhile.") from None
