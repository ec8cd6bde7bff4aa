"""Aliases: another name for a model, that nothing else has."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from catalog.alias import add_alias, move_alias, remove_alias
from catalog.entry import create_entry, withdraw_entry
from catalog.models import Alias, PublicName
from llmhub.audit.models import AuditEvent
from llmhub.people.roles import NotAllowed

pytestmark = pytest.mark.django_db


def last_event():
    event = AuditEvent.objects.first()
    return event.action, event.object, event.before, event.after


def test_an_alias_is_added_and_audited(admin, small):
    alias = add_alias(actor=admin, name="fast", entry=small)

    assert str(alias) == "fast"
    assert last_event() == ("alias.added", "alias:fast", None, {"model": "acme/small"})


def test_a_taken_name_is_refused(admin, small):
    add_alias(actor=admin, name="fast", entry=small)

    with pytest.raises(ValidationError, match="'fast' is taken: it is an alias of acme/small"):
        add_alias(actor=admin, name="fast", entry=small)
    with pytest.raises(ValidationError, match="'acme/small' is taken: a model has it"):
        add_alias(actor=admin, name="acme/small", entry=small)


@pytest.mark.parametrize("name", ["", "very fast", "x" * 201, "-fast"])
def test_a_name_that_no_caller_could_write_is_refused(admin, small, name):
    with pytest.raises(ValidationError):
        add_alias(actor=admin, name=name, entry=small)


def test_an_alias_is_moved(admin, small):
    alias = add_alias(actor=admin, name="fast", entry=small)
    large = create_entry(actor=admin, slug="acme/large")

    move_alias(actor=admin, alias=alias, entry=large)

    assert Alias.objects.get().entry == large
    assert last_event() == ("alias.moved", "alias:fast", {"model": "acme/small"}, {"model": "acme/large"})


def test_moving_it_where_it_is_writes_nothing(admin, small):
    alias = add_alias(actor=admin, name="fast", entry=small)

    move_alias(actor=admin, alias=alias, entry=small)

    assert AuditEvent.objects.count() == 1


def test_a_removed_alias_frees_its_name(admin, small):
    remove_alias(actor=admin, alias=add_alias(actor=admin, name="fast", entry=small))

    assert last_event() == ("alias.removed", "alias:fast", {"model": "acme/small"}, None)
    assert not PublicName.objects.filter(name="fast").exists()
    create_entry(actor=admin, slug="fast")


def test_no_alias_for_a_withdrawn_model(admin, small):
    alias = add_alias(actor=admin, name="fast", entry=small)
    gone = create_entry(actor=admin, slug="acme/gone")
    withdraw_entry(actor=admin, entry=gone)

    with pytest.raises(ValidationError, match="acme/gone is withdrawn"):
        add_alias(actor=admin, name="slow", entry=gone)
    with pytest.raises(ValidationError, match="acme/gone is withdrawn"):
        move_alias(actor=admin, alias=alias, entry=gone)


def test_a_viewer_may_not(viewer, admin, small):
    alias = add_alias(actor=admin, name="fast", entry=small)

    for change in (
        lambda: add_alias(actor=viewer, name="slow", entry=small),
        lambda: move_alias(actor=viewer, alias=alias, entry=small),
        lambda: remove_alias(actor=viewer, alias=alias),
    ):
        with pytest.raises(NotAllowed):
            change()
