"""Ask everything of one hub, as somebody who may do all and as somebody who may do little."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.test import Client

from llmhub.api import api
from llmhub.audit.actor import COMMAND_LINE
from llmhub.people.service_key import create_service_key
from tests.access.sides import actors, build
from tests.access.test_matrix import HIDDEN, SECRETS
from tests.fuzz.cases import SEED, cases
from tests.fuzz.judge import Judge, of_the_other_team


@dataclass
class Found:
    """What came of it."""

    cases: int = 0
    operations: int = 0
    good: int = 0  # answers below 400
    server_errors: int = 0
    wrong: list[str] = field(default_factory=list)  # server errors included


def run(count: int, seed: int = SEED) -> Found:
    """Send so many requests, each by a service key of an owner and by a member of a team."""
    hub, schema = build(), api.get_openapi_schema()
    judge = Judge(schema)
    _, token = create_service_key(actor=COMMAND_LINE, name="fuzz", role="owner")
    owner = Client(headers={"authorization": f"Bearer {token}"}, raise_request_exception=False)
    member, hidden = actors(hub)["member"], of_the_other_team(HIDDEN, SECRETS)
    found = Found(operations=judge.operations)
    for case in cases(schema, hub, count, seed):
        found.cases += 1
        for who, client, secret in (("owner", owner, None), ("member", member, hidden)):
            found.wrong += [f"{who}: {case}: {fault}" for fault in judge.faults(client, case, secret)]
    found.good = sum(number for status, number in judge.answered.items() if status < 400)
    found.server_errors = sum(number for status, number in judge.answered.items() if status >= 500)
    return found
