"""The state of a credential in one glance, and the word of a provider with several."""

from __future__ import annotations

from datetime import timedelta

import pytest

from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from providers.credential import set_credential
from providers.credential_now import credentials_now, taken_out
from providers.credential_state import take_out, tell_rest
from providers.models import Credential, Provider
from providers.status import status_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return Provider.objects.create(
        slug="lab", name="Lab", kind="custom", dialect="chat", base_url="http://127.0.0.1:9/v1"
    )


def keep(lab, label, weight=1) -> Credential:
    return set_credential(
        actor=COMMAND_LINE, provider=lab, label=label, secret=f"sk-{label}-000001", weight=weight
    )


def out(credential, reason="the provider refuses it"):
    take_out(credential.pk, credential, reason=reason)


def shares(lab):
    return {each.row.label: each.share for each in credentials_now(lab.credentials.all())}


def test_shares_are_by_weight_among_those_that_can_be_used(lab):
    keep(lab, "a", 3)
    keep(lab, "b", 2)
    out(keep(lab, "c", 5))

    assert shares(lab) == {"a": 0.6, "b": 0.4, "c": None}


def test_one_of_weight_0_is_a_spare_and_alone_it_gets_everything(lab):
    heavy = keep(lab, "a")
    keep(lab, "b", 0)
    assert shares(lab) == {"a": 1.0, "b": 0.0}
    assert [each.state for each in credentials_now(lab.credentials.all())] == ["in_use", "spare"]

    out(heavy)

    assert shares(lab) == {"a": None, "b": 1.0}


def test_a_rest_is_told_with_its_model_and_end(lab, settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    kept = keep(lab, "a")
    tell_rest(kept.pk, "sim-small", seconds=60)

    now = credentials_now(lab.credentials.all())[0]

    assert (now.state, now.rests_for) == ("resting", "sim-small")
    assert clock.now() < now.rests_until < clock.now() + timedelta(seconds=61)


def test_a_passed_check_says_more_than_the_refusal_before_it_not_after_it(lab):
    kept = keep(lab, "a")
    Credential.objects.update(check_outcome="ok", checked_at=clock.now())
    out(kept)
    assert not credentials_now(lab.credentials.all())[0].could_be_used_again

    Credential.objects.update(checked_at=clock.now())

    assert credentials_now(lab.credentials.all())[0].could_be_used_again


def test_those_that_are_out_are_listed_unless_their_provider_was_removed(lab):
    out(keep(lab, "a"))
    assert [row.label for row in taken_out()] == ["a"]

    Provider.objects.update(removed_at=clock.now())

    assert taken_out() == []


@pytest.mark.parametrize(
    ("usable", "gone", "outcome", "kind", "label"),
    [
        (1, 1, "ok", "warn", "1 of 2 credentials is out"),
        (1, 2, "", "warn", "2 of 3 credentials are out"),
        (0, 2, "ok", "bad", "No credential is accepted"),
        (1, 1, "unreachable", "bad", "Cannot be reached"),
        (2, 0, "ok", "good", "Answers"),
    ],
)
def test_the_word_of_a_provider(lab, usable, gone, outcome, kind, label):
    lab.check_outcome = outcome

    status = status_of(lab, usable=usable, out=gone)

    assert (status.kind, status.label) == (kind, label)


def test_a_replaced_credential_is_a_new_one_that_keeps_its_weight(lab):
    kept = keep(lab, "a", 7)
    Credential.objects.update(check_outcome="unauthorized", created_at=clock.now() - timedelta(days=9))
    out(kept)

    set_credential(actor=COMMAND_LINE, provider=lab, label="a", secret="sk-newer-000001")

    row = Credential.objects.get()
    assert (row.weight, row.disabled_reason, row.check_outcome) == (7, "", "")
    assert row.created_at > clock.now() - timedelta(minutes=1)
