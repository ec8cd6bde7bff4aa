"""A running ledger."""

from __future__ import annotations

import pytest

from billing.ledger import Ledger


@pytest.fixture
def ledger(transactional_db):
    """A ledger on the test's database, closed afterwards."""
    started = Ledger()
    started.start()
    yield started
    started.close()
