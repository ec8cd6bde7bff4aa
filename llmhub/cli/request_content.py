"""`llmhub request content`: what was said in a call whose team has it kept."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from collections.abc import Iterable
from typing import Any

from billing import content_words
from billing.content_api import content_out
from billing.content_read import NotKept, open_content
from billing.content_words import Turn
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import show
from llmhub.lib import ids


def register(verbs: _SubParsersAction[Any]) -> None:
    """Add the verb to `request`."""
    content = verbs.add_parser("content", help="what was said in it; that you looked is in the audit log")
    content.add_argument("request", help="its id: req_…")
    show.add_json(content)
    content.set_defaults(run=show_content)


def show_content(options: Namespace) -> int:
    """Show what was said in a call."""
    row_id = ids.parse_request_id(options.request)
    try:
        if row_id is None:
            raise NotKept(f"no request {options.request!r}: see `llmhub request list`")
        content = open_content(actor=COMMAND_LINE, row_id=row_id)
    except NotKept as error:
        raise ValueError(str(error)) from error
    if options.json:
        return show.document(content_out(content).model_dump(mode="json"))
    asked, answered = content_words.asked(content.request), content_words.answered(content.answer)
    _print(asked.turns if asked else None, content.request, is_cut=content.request_is_cut)
    show.line("\nanswer")
    _print(answered, content.answer, is_cut=content.answer_is_cut)
    return 0


def _print(turns: Iterable[Turn] | None, text: str, *, is_cut: bool) -> None:
    if turns is None:
        show.line(text)
    for turn in turns or ():
        show.line(f"\n{turn.role}:")
        for part in turn.parts:
            show.line("\n".join(filter(None, [part.label and f"[{part.label}]", part.text])))
    if is_cut:
        show.line("\n[cut: only its beginning is kept]")
