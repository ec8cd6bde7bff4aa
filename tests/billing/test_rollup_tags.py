"""Choosing the tags that reports can be made by."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from billing import rollup_bucket
from billing.rollup_models import ReportTag
from billing.rollup_tags import report_tags, set_report_tags
from llmhub.audit.actor import SYSTEM, Actor
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock
from llmhub.people.roles import NotAllowed

pytestmark = pytest.mark.django_db


def slots() -> dict[str, int]:
    return dict(ReportTag.objects.values_list("name", "slot"))


def test_a_tag_that_stays_keeps_its_slot_and_its_history():
    set_report_tags(actor=SYSTEM, names=["feature", "env", "project"])
    ReportTag.objects.update(since=900)

    set_report_tags(actor=SYSTEM, names=["customer", "env"])

    assert slots() == {"customer": 1, "env": 2}
    assert ReportTag.objects.get(name="env").since == 900
    assert ReportTag.objects.get(name="customer").since == rollup_bucket.at(clock.now())
    assert report_tags() == ["customer", "env"]


def test_a_change_is_audited_and_none_is_not():
    set_report_tags(actor=SYSTEM, names=["env"])
    set_report_tags(actor=SYSTEM, names=["env"])

    events = AuditEvent.objects.filter(action="report_tags.changed")
    assert [(event.before, event.after) for event in events] == [({"tags": []}, {"tags": ["env"]})]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a", "b", "c", "d"], "at most 3"),
        (["a", "a"], "named twice"),
        (["Big Tag"], "no name of a tag"),
        ([""], "no name of a tag"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(names, said):
    set_report_tags(actor=SYSTEM, names=["env"])

    with pytest.raises(ValidationError, match=said):
        set_report_tags(actor=SYSTEM, names=names)

    assert report_tags() == ["env"]


def test_who_may_not_configure_may_not_choose():
    viewer = Actor(kind="user", label="vera@example.org", role="viewer")

    with pytest.raises(NotAllowed):
        set_report_tags(actor=viewer, names=["env"])
