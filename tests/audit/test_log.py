"""The audit log: append-only, and every event carries the hash of the one before."""

from __future__ import annotations

import pytest
from django.db import transaction

from llmhub.audit import log
from llmhub.audit.actor import COMMAND_LINE
from llmhub.audit.models import AuditEvent


def write(count: int) -> list[AuditEvent]:
    with transaction.atomic():
        return [log.record(COMMAND_LINE, "team.created", f"team:{n}", after={"n": n}) for n in range(count)]


@transaction.atomic
def fail_after_recording() -> None:
    log.record(COMMAND_LINE, "team.created", "team:x")
    raise ZeroDivisionError


@pytest.mark.django_db
def test_a_whole_chain_has_no_broken_link():
    write(5)

    assert log.first_broken_link() is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", [{"after": {"n": 99}}, {"actor": "mallory"}, {"object": "team:x"}, {"previous_hash": "0" * 64}]
)
def test_a_changed_event_is_found(change):
    events = write(5)

    AuditEvent.objects.filter(pk=events[2].pk).update(**change)

    assert log.first_broken_link() == events[2].pk


@pytest.mark.django_db
def test_a_removed_event_is_found():
    events = write(5)

    AuditEvent.objects.filter(pk=events[2].pk).delete()

    assert log.first_broken_link() == events[3].pk


@pytest.mark.django_db
def test_an_event_is_not_saved_twice():
    event = write(1)[0]

    with pytest.raises(ValueError, match="never changed"):
        event.save()


@pytest.mark.django_db(transaction=True)
def test_it_refuses_to_write_outside_the_transaction_of_the_change():
    with pytest.raises(RuntimeError, match="inside the transaction"):
        log.record(COMMAND_LINE, "team.created", "team:x")


@pytest.mark.django_db(transaction=True)
def test_it_is_gone_with_the_change_that_failed():
    with pytest.raises(ZeroDivisionError):
        fail_after_recording()

    assert not AuditEvent.objects.exists()
