"""`llmhub provider test`: a connection before it is saved: its models, their prices, a first call."""

from __future__ import annotations

import sys
from argparse import Namespace, _SubParsersAction
from getpass import getpass
from typing import Any

from llmhub.add_provider.draft import Draft, FirstCall
from llmhub.add_provider.unsaved import Found, Tested, at_most_nano, call_once, connection_of, priced, tested
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import show
from llmhub.lib import money, outside
from providers.adapters import KINDS


def register(verbs: _SubParsersAction[Any]) -> None:
    """Add `provider test`."""
    test = verbs.add_parser("test", help="a connection before it is saved: models, prices, a first call")
    test.add_argument("--kind", choices=sorted(KINDS), default="custom")
    test.add_argument("--base-url", default="", help="where a custom provider answers")
    test.add_argument("--dialect", default="", help="of a custom provider: chat or messages")
    test.add_argument("--credential", metavar="C", help="env:NAME, file:PATH, or - to read it")
    test.add_argument("--call", metavar="ID", help="make one small call of this model, which is paid for")
    for meter in ("input", "output"):
        test.add_argument(f"--{meter}", default="", help="of this model, in USD per million tokens")
    show.add_json(test)
    test.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Test the connection; 1 when it does not answer, or the call was not answered."""
    draft = connection_of(
        options.kind,
        base_url=options.base_url,
        dialect=options.dialect,
        secret=_secret(options.credential),
    )
    found = tested(draft)
    made = _call(options, draft) if options.call and found.check.answered else None
    if options.json:
        show.document(_document(found, made))
    else:
        _tell(options, found, made)
    return 0 if found.check.answered and (made is None or made.answered) else 1


def _secret(given: str | None) -> str:
    if given is None:
        return ""
    if given == "-":
        return (getpass("credential: ") if sys.stdin.isatty() else sys.stdin.read()).strip()
    if not given.startswith(("env:", "file:")):
        raise ValueError("a secret on the command line stays in its history: give env:NAME, file:PATH or -")
    return outside.read(outside.checked(given, kind=COMMAND_LINE.kind), what="credential")


def _call(options: Namespace, draft: Draft) -> FirstCall:
    draft = priced(draft, options.call, input_price=options.input, output_price=options.output)
    if not options.json:
        most = at_most_nano(draft)
        costs = "at a cost that nobody knows" if most is None else f"for {money.text(most)} USD at most"
        show.line(f"calling {options.call}, {costs}")
    return call_once(actor=COMMAND_LINE, draft=draft)


def _tell(options: Namespace, found: Tested, made: FirstCall | None) -> None:
    show.line(f"{found.check.outcome.label}: {found.check.message}")
    if found.models:
        columns = ("upstream_id", "context", "known_as", "input", "output", "price_of")
        show.rows(options, map(_row, found.models), columns=columns, empty="")
    if made is not None:
        cost = (
            "unknown" if made.cost_nano is None else f"{money.text(made.cost_nano)} USD, {made.cost_source}"
        )
        show.line(f"{'answered' if made.answered else 'failed'} in {made.latency_ms} ms: {made.said}")
        show.line(f"{made.input_tokens} tokens in, {made.output_tokens} out; cost: {cost}")


def _row(each: Found) -> show.Row:
    rates = each.known.rates if each.known else None
    return {
        "upstream_id": each.listing.upstream_id,
        "context": each.listing.context_tokens,
        "known_as": each.known.slug if each.known else None,
        "input": format(rates.input, "f") if rates else None,
        "output": format(rates.output, "f") if rates else None,
        "price_of": each.known.price_of if each.known else None,
    }


def _document(found: Tested, made: FirstCall | None) -> dict[str, Any]:
    call = None
    if made is not None:
        cost = None if made.cost_nano is None else money.text(made.cost_nano)
        call = {
            "answered": made.answered,
            "said": made.said,
            "latency_ms": made.latency_ms,
            "input_tokens": made.input_tokens,
            "output_tokens": made.output_tokens,
            "cost": cost,
            "cost_source": made.cost_source,
        }
    return {
        "outcome": found.check.outcome,
        "message": found.check.message,
        "models": list(map(_row, found.models)),
        "call": call,
    }
