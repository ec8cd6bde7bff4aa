"""People make, change and withdraw entries; each change is checked, audited and allowed or not."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from catalog.alias import add_alias
from catalog.entry import create_entry, update_entry, withdraw_entry
from catalog.models import CatalogEntry, PublicName
from llmhub.audit.actor import Actor
from llmhub.audit.models import AuditEvent
from llmhub.people.roles import NotAllowed

pytestmark = pytest.mark.django_db


def test_an_entry_is_made_with_its_name_and_its_audit_event(admin):
    entry = create_entry(actor=admin, slug="acme/small", context_tokens=8000, knowledge_on=date(2026, 1, 2))

    assert (entry.name, entry.source, entry.origin) == ("acme/small", "curated", "person")
    assert PublicName.objects.get(name="acme/small").kind == "entry"
    event = AuditEvent.objects.get()
    assert (event.action, event.object) == ("model.created", "model:acme/small")
    assert event.after == {"name": "acme/small", "context_tokens": 8000, "knowledge_on": "2026-01-02"}


def test_a_file_owns_what_it_writes():
    entry = create_entry(actor=Actor(kind="file", label="llmhub.toml", role="owner"), slug="acme/small")

    assert entry.origin == "file"


@pytest.mark.parametrize("slug", ["", "acme small", "/small", "acme/small\n", "a" * 201, "<script>", "ä/b"])
def test_a_slug_that_no_caller_could_write_is_refused(admin, slug):
    with pytest.raises(ValidationError):
        create_entry(actor=admin, slug=slug)

    assert not PublicName.objects.exists()


@pytest.mark.parametrize("slug", ["llama3.2:3b", "a/b@c", "~acme/latest", "acme/small-1_2+x"])
def test_the_letters_of_real_ids_are_fine(admin, slug):
    assert create_entry(actor=admin, slug=slug).slug == slug


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"capabilities": ["vison"]}, "capabilities"),
        ({"capabilities": "tools"}, "capabilities"),
        ({"input_modalities": ["smell"]}, "input_modalities"),
        ({"context_tokens": -1}, "context_tokens"),
        ({"replacement": "acme/gone"}, "replacement"),
        ({"replacement": "acme/small"}, "replacement"),
        ({"capabilities": None}, "capabilities"),
        ({"family": None}, "family"),
        ({"facts_source": "javascript:alert(1)"}, "facts_source"),
    ],
)
def test_a_wrong_fact_is_refused_by_its_name_and_nothing_is_saved(admin, facts, field):
    with pytest.raises(ValidationError) as caught:
        create_entry(actor=admin, slug="acme/small", **facts)

    assert field in caught.value.message_dict
    assert not CatalogEntry.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_replacement_that_callers_cannot_use_is_refused(admin, small):
    CatalogEntry.objects.create(slug="acme/found", source="discovered")
    for slug, instead in (("acme/a", "acme/small"), ("acme/b", "acme/a")):
        create_entry(actor=admin, slug=slug, replacement=instead)

    for instead in ("acme/found", "acme/small", "acme/a", "acme/b"):
        with pytest.raises(ValidationError, match=r"no model of the catalog|leads back to acme/small"):
            update_entry(actor=admin, entry=small, replacement=instead)


def test_a_replacement_that_was_withdrawn_since_keeps_no_other_fact_from_being_changed(admin, small):
    entry = create_entry(actor=admin, slug="acme/old", replacement="acme/small")
    withdraw_entry(actor=admin, entry=small)

    assert update_entry(actor=admin, entry=entry, context_tokens=9).context_tokens == 9


def test_a_fact_that_is_none_is_a_mistake_of_the_caller(admin):
    with pytest.raises(TypeError, match="slug"):
        update_entry(actor=admin, entry=create_entry(actor=admin, slug="acme/small"), slug="other")


def test_a_taken_name_says_who_has_it(admin, small):
    add_alias(actor=admin, name="fast", entry=small)

    with pytest.raises(ValidationError, match="'acme/small' is taken: a model has it"):
        create_entry(actor=admin, slug="acme/small")
    with pytest.raises(ValidationError, match="'fast' is taken: it is an alias of acme/small"):
        create_entry(actor=admin, slug="fast")


def test_a_route_s_name_is_taken_too(admin):
    PublicName.objects.create(name="support", kind=PublicName.Kind.ROUTE)

    with pytest.raises(ValidationError, match="'support' is taken: a route has it"):
        create_entry(actor=admin, slug="support")


def test_only_what_differs_is_changed_and_audited(admin, small):
    update_entry(actor=admin, entry=small, name="Acme Small", context_tokens=9000)

    event = AuditEvent.objects.get()
    assert (event.action, event.before, event.after) == (
        "model.changed",
        {"context_tokens": None},
        {"context_tokens": 9000},
    )


def test_no_difference_writes_nothing(admin, small):
    CatalogEntry.objects.update(origin="bundled")

    update_entry(actor=admin, entry=small, name="Acme Small")

    assert not AuditEvent.objects.exists()
    assert CatalogEntry.objects.get().origin == "bundled"


def test_a_replacement_must_be_a_model_that_can_be_called(admin, small):
    large = create_entry(actor=admin, slug="acme/large")
    update_entry(actor=admin, entry=small, replacement="acme/large")
    withdraw_entry(actor=admin, entry=large)

    with pytest.raises(ValidationError, match="no model of the catalog"):
        create_entry(actor=admin, slug="acme/tiny", replacement="acme/large")


def test_a_withdrawn_entry_keeps_its_row_and_its_name(admin, small):
    withdraw_entry(actor=admin, entry=small)

    assert not CatalogEntry.objects.listed().exists()
    assert AuditEvent.objects.get().action == "model.withdrawn"
    with pytest.raises(ValidationError, match="a withdrawn model has it"):
        add_alias(actor=admin, name="acme/small", entry=create_entry(actor=admin, slug="acme/large"))


def test_withdrawing_twice_is_once(admin, small):
    withdraw_entry(actor=admin, entry=small)
    withdraw_entry(actor=admin, entry=small)

    assert AuditEvent.objects.count() == 1


def test_a_withdrawn_entry_comes_back_as_the_same_row(admin, small):
    withdraw_entry(actor=admin, entry=small)

    again = create_entry(actor=admin, slug="acme/small", context_tokens=5)

    assert (again.pk, again.name, again.withdrawn_at) == (small.pk, "Acme Small", None)


def test_an_entry_is_not_withdrawn_under_an_alias(admin, small):
    add_alias(actor=admin, name="fast", entry=small)

    with pytest.raises(ValidationError, match="while fast stands for it"):
        withdraw_entry(actor=admin, entry=small)


def test_a_viewer_may_not(viewer, small):
    for change in (
        lambda: create_entry(actor=viewer, slug="acme/x"),
        lambda: update_entry(actor=viewer, entry=small, name="x"),
        lambda: withdraw_entry(actor=viewer, entry=small),
    ):
        with pytest.raises(NotAllowed):
            change()
    assert not AuditEvent.objects.exists()
