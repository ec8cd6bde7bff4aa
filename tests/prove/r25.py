"""R-25: what people, callers and models wrote, shown: as the text that it is, on every page that has it."""

from __future__ import annotations

import pickle
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.urls import reverse
from django.utils.html import escape

from billing.budget import create_budget
from billing.content_writer import Said, write
from billing.key import create_key
from llmhub.audit.actor import SYSTEM
from llmhub.lib import clock, ids
from llmhub.lib.cache import BoundedRedisCache
from llmhub.people.team import create_team
from tests.billing import rows, said
from tests.prove.r16 import _Server
from tests.prove.r38 import _client
from tests.prove.row import Figures

ROW = "R-25"
CLAIM = (
    "What is written by callers, people and models is text: nothing of it is executed, filled in or unpickled"
)
BAR = "0 values computed, 0 marks of HTML as they were written, 0 objects unpickled"
DATABASES = ("sqlite", "postgres")
_COMPUTED = "62773913"  # 7919 * 7927
_MARK = "<script>alert(7919)</script><img src=x onerror=alert(7919)>"
_WORDS = (
    "{{7919*7927}}", "{% now 'Y' %}{{ settings.SECRET_KEY }}", "${7919*7927}", "#{7919*7927}",
    "<%= 7919*7927 %>",
    "{0.__class__.__mro__}", "{name.__globals__}", "%(name)s%(secret)d", "__import__('os').system('id')",
    "{{''.__class__}}", "=cmd|' /C calc'!A0",
)  # fmt: skip


def prove(stand) -> Figures:
    stand.hub_database()
    return _show(stand, BoundedRedisCache)


def control(stand) -> Figures:
    """With templates that escape nothing."""
    options = {**settings.TEMPLATES[0]["OPTIONS"], "autoescape": False}
    stand.hub_database(TEMPLATES=[{**settings.TEMPLATES[0], "OPTIONS": options}])
    return _show(stand, BoundedRedisCache)


def _show(stand, cache) -> Figures:
    word = f"{_MARK} {' '.join(_WORDS)}"
    client = _client()
    answers = [client.get(path).text for path in _made(word)]
    raw = sum(_MARK in text for text in answers)
    shown = sum(escape(_MARK) in text for text in answers)
    computed = sum(_COMPUTED in text or settings.SECRET_KEY in text for text in answers)
    unpickled = _unpickled(stand, cache)
    return Figures(
        raw == computed == unpickled == 0 and shown > len(answers) // 2,
        {
            "pages and answers": len(answers),
            "of them with what was written, as text": shown,
            "with it as HTML": raw,
            "with a value computed": computed,
            "objects unpickled": unpickled,
        },
    )


def _made(word: str) -> list[str]:
    """Write the word wherever somebody may, and return where it is shown."""
    team = create_team(actor=SYSTEM, name=word[:60])
    key, _ = create_key(actor=SYSTEM, team=team, name=word[:60])
    budget = create_budget(
        actor=SYSTEM, scope="team", name=team.slug, per="month", cap="1", contact=word[:60]
    )
    said.keep(team)
    record = rows.usage(
        clock.now(), team_id=team.pk, key_id=key.pk, requested=word[:200], session=word[:100],
        tags={"task": word[:100]}, finish_reason=word[:40],
    )  # fmt: skip
    rows.attempt(record, 1, upstream_model=word[:200], upstream_request_id=word[:200])
    refused = rows.usage(
        clock.now(), team_id=team.pk, key_id=key.pk, requested=word[:200], status="refused", refusals=1,
        error_code="budget_exceeded", reason=word[:300], cost_nano=0,
    )  # fmt: skip
    body = said.json.dumps({"messages": [{"role": "user", "content": word}]}).encode()
    answer = said.json.dumps({"choices": [{"message": {"role": "assistant", "content": word}}]}).encode()
    until = clock.now() + timedelta(days=1)
    write([Said(record.pk, team.pk, until, body, answer, len(body), len(answer))])
    request = ids.request_id(record.pk)
    return [
        reverse("billing:request_list"),
        reverse("billing:request_detail", args=[request]),
        reverse("billing:request_detail", args=[ids.request_id(refused.pk)]),
        reverse("billing:request_content", args=[request]),
        reverse("people:team_list"),
        reverse("people:team_detail", args=[team.slug]),
        reverse("billing:key_list"),
        reverse("billing:key_detail", args=[key.pk]),
        reverse("billing:budget_list"),
        reverse("billing:budget_detail", args=[budget.pk]),
        reverse("people:audit_list"),
        f"{reverse('billing:spend')}?by=requested",
        f"{reverse('billing:spend')}?by=key",
    ]


class _Trap:
    """An object that leaves a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def _unpickled(stand, cache) -> int:
    """Whether what somebody else wrote into Redis is unpickled when it is read."""
    trap = stand.folder() / "trap"
    with closing(_Server(stand)) as server:
        ours = cache(server.url, {})
        ours._cache.get_client(write=True).set(ours.make_key("key"), pickle.dumps(_Trap(trap)))
        with suppress(ValueError):
            ours.get("key")
    return int(trap.exists())
