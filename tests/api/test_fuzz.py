"""R-24 in small: what is sent to the API is answered as documented, and tells a member nothing of others."""

from __future__ import annotations

import pytest

from tests.fuzz.run import run


@pytest.mark.timeout(300)  # a thousand requests: 12 s of one core, more where others use it too
@pytest.mark.django_db
def test_five_hundred_hostile_requests_have_defined_answers():
    found = run(500)

    assert not found.wrong, "\n".join(found.wrong[:40])
    assert found.cases == 500
    assert found.good > 100  # it is not the door alone that was tried
