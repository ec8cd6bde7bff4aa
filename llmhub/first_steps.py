"""What a fresh installation needs before its first call, and which of it is done."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse

from billing.models import ApiKey, UsageRecord
from providers.models import Credential, Provider


@dataclass(frozen=True)
class Step:
    """One thing to do, the page on which it is done, and whether it is."""

    title: str
    text: str
    url: str
    action: str
    done: bool


def first_steps() -> list[Step]:
    """Return the steps to the first call, in their order; [] when a call was made, not merely refused."""
    if UsageRecord.objects.exclude(key_id=None).exclude(status=UsageRecord.Status.REFUSED).exists():
        return []
    usable = Q(needs_credential=False) | Q(pk__in=Credential.objects.values("provider_id"))
    return [
        Step(
            title="Connect a provider",
            text="Enter a credential of one of the built-in providers, or add a server of your own.",
            url=reverse("providers:provider_list"),
            action="Providers",
            done=Provider.objects.listed().filter(usable).exists(),
        ),
        Step(
            title="Make a key",
            text="Keys belong to teams. A service sends its key with every call; you see it once.",
            url=reverse("billing:key_new"),
            action="New key",
            done=ApiKey.objects.active().exists(),
        ),
        Step(
            title="Make the first call",
            text="Point an SDK at this hub with the key. Its cost is on this page a moment later.",
            url=reverse("billing:key_list"),
            action="How to call",
            done=False,
        ),
    ]
