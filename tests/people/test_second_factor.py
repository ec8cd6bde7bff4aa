"""A second factor: set up, asked for, used up, lost."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from llmhub.audit.actor import COMMAND_LINE, Actor
from llmhub.audit.models import AuditEvent
from llmhub.lib import secrets
from llmhub.people import organisation, second_factor, totp
from llmhub.people.guesses import TooManyTries
from llmhub.people.roles import NotAllowed
from llmhub.people.sign_in_models import RecoveryCode, SecondFactor
from tests.fixtures.sign_in import give_second_factor

pytestmark = pytest.mark.django_db


def test_nobody_is_asked_before_the_first_code_proved_the_app(ada):
    second_factor.begin(ada)

    with pytest.raises(ValidationError, match="not the code"):
        second_factor.confirm(actor=COMMAND_LINE, user=ada, code="x")

    assert not second_factor.has_one(ada)
    assert give_second_factor(ada)
    assert second_factor.has_one(ada)


def test_secret_and_codes_are_nowhere_in_the_clear(ada):
    app, codes = give_second_factor(ada)
    row = SecondFactor.objects.get()

    assert totp.as_text(app.secret) not in row.sealed
    assert secrets.decrypt(row.sealed) == totp.as_text(app.secret)
    kept = set(RecoveryCode.objects.values_list("digest", flat=True))
    assert kept == {secrets.digest(code.replace("-", "")) for code in codes}
    told = str(list(AuditEvent.objects.values()))
    assert not any(part in told for part in (totp.as_text(app.secret), *codes))


def test_a_code_works_once(ada):
    app, _ = give_second_factor(ada)
    code = app.code()

    assert [second_factor.check(ada, code) for _ in range(2)] == ["app", ""]


def test_a_recovery_code_works_once_however_it_is_typed(ada):
    _, codes = give_second_factor(ada)
    typed = codes[3].upper().replace("-", " ")

    assert [second_factor.check(ada, typed) for _ in range(2)] == ["recovery code", ""]
    assert second_factor.codes_left(ada) == 9


def test_guesses_are_few_and_then_even_the_right_code_waits(ada):
    app, codes = give_second_factor(ada)
    assert [second_factor.check(ada, app.wrong()) for _ in range(5)] == [""] * 5

    for code in (app.code(), codes[0]):
        with pytest.raises(TooManyTries):
            second_factor.check(ada, code)


def test_beginning_anew_does_not_touch_the_one_in_use(ada):
    app, _ = give_second_factor(ada)

    second_factor.begin(ada)

    assert second_factor.check(ada, app.code()) == "app"


def test_new_recovery_codes_end_the_old(ada):
    _, old = give_second_factor(ada)

    new = second_factor.new_codes(actor=COMMAND_LINE, user=ada)

    assert second_factor.check(ada, old[0]) == ""
    assert second_factor.check(ada, new[0]) == "recovery code"


def test_a_key_ring_that_lost_its_key_leaves_the_recovery_codes(ada, settings):
    app, codes = give_second_factor(ada)
    settings.LLMHUB_SECRET_KEYS = ["another key, 32 letters and more of it"]

    assert second_factor.check(ada, app.code()) == ""
    assert second_factor.check(ada, codes[0]) == "recovery code"


def test_only_an_owner_takes_off_what_somebody_lost(ada):
    give_second_factor(ada)
    admin = Actor(kind="user", label="admin@example.com", role="admin")

    with pytest.raises(NotAllowed):
        second_factor.remove_for(actor=admin, user=ada)

    assert second_factor.remove_for(actor=COMMAND_LINE, user=ada)
    assert not second_factor.has_one(ada)
    assert AuditEvent.objects.latest("id").action == "user.second_factor_removed"


def test_where_everyone_needs_one_nobody_takes_their_own_off(ada):
    give_second_factor(ada)
    me = Actor(kind="user", label=ada.email, role="owner", id=ada.pk)
    organisation.require_second_factor(actor=me, required=True)

    with pytest.raises(ValidationError, match="Everyone needs"):
        second_factor.remove(actor=me, user=ada)


def test_who_has_none_cannot_ask_everyone_for_one(ada):
    me = Actor(kind="user", label=ada.email, role="owner", id=ada.pk)

    with pytest.raises(ValidationError, match="your own"):
        organisation.require_second_factor(actor=me, required=True)

    assert not organisation.current().requires_second_factor
