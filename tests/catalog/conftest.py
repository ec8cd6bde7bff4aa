"""What tests of the catalog start from."""

from __future__ import annotations

import pytest

from catalog.models import CatalogEntry, PublicName
from llmhub.audit.actor import Actor
from providers.models import Provider

ADMIN = Actor(kind="user", label="admin@acme.test", role="admin")


@pytest.fixture
def admin():
    return ADMIN


@pytest.fixture
def viewer():
    return Actor(kind="user", label="viewer@acme.test", role="viewer")


@pytest.fixture
def lab(db):
    return Provider.objects.create(
        slug="lab",
        name="Lab",
        kind="custom",
        dialect="chat",
        base_url="http://lab.test",
        needs_credential=False,
    )


@pytest.fixture
def small(db):
    """An entry of a person, with its public name."""
    PublicName.objects.create(name="acme/small", kind=PublicName.Kind.ENTRY)
    return CatalogEntry.objects.create(slug="acme/small", name="Acme Small")
