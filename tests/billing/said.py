"""Calls with what was said in them, for tests of readings."""

from __future__ import annotations

import json
import time
from datetime import timedelta

from billing.content_consent import switch_on
from billing.content_models import ContentConsent
from billing.content_writer import Said, write
from billing.models import UsageRecord
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock
from llmhub.people.models import Team
from tests.billing import rows

REQUEST = {"model": "acme/small-1", "messages": [{"role": "user", "content": "Where is <b>order 7</b>?"}]}
ANSWER = {"choices": [{"message": {"role": "assistant", "content": "On its way."}}]}


def keep(team: Team, *, days: int = 7, reason: str = "a fault") -> ContentConsent:
    last = clock.now().date() + timedelta(days=days)
    return switch_on(actor=COMMAND_LINE, team=team, until=last, reason=reason)


def call(team: Team, *, request: str = json.dumps(REQUEST), answer: str = json.dumps(ANSWER)) -> UsageRecord:
    """A call that began and ended just now; its content is kept if its team agreed."""
    time.sleep(0.002)  # ids tell milliseconds: it comes after what was before
    record = rows.usage(clock.now(), team_id=team.pk)
    consent = ContentConsent.objects.filter(team=team).first()
    until = consent.until if consent else clock.now() + timedelta(days=1)
    question, reply = request.encode(), answer.encode()
    write([Said(record.pk, team.pk, until, question, reply, len(question), len(reply))])
    return record
