"""Pure: a plan in words and figures, the same for a call to come and for one that was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmhub.lib import money
from routing.explain_block import Block, Kept, Left, Passed, PassedOver
from routing.explain_values import Explained, Habits, LeftOut, Offered, Outcome, Place, Tried
from routing.mix import Mix
from routing.plan_words import WORDS
from routing.policy_words import SAYS

WHOSE = {
    "call": "as the call asks",
    "suffix": "by the suffix of its name",
    "route": "as the route says",
    "model": "",
}
PASSED: Mapping[PassedOver, str] = {
    "over_budget": "it could cost more than a budget has left",
    "over_max_cost": "it could cost more than the call allows",
    "unpriced": "it has no price, and what the call may cost is limited",
    "unbounded": "tokens do not bound what it may cost, and that is limited",
    "unsupported": "it cannot be told all of the call",
    "failing": "it failed just before its turn",
}


def explained(
    block: Block,
    offers: Mapping[int, Place],
    *,
    requested: str = "",
    tried: Sequence[Tried] | None = None,
    budgets: Mapping[int, str] | None = None,
    bounds: Mapping[int, int | None] | None = None,
) -> Explained:
    """Return a block in words; `tried`: of a call that was made; `bounds`: of one to come, in nano-USD."""
    passed = {each.offer: each for each in block.passed}
    whose = WHOSE[block.whose]
    return Explained(
        requested=requested or block.to,
        name=block.to or requested,
        is_brief=block.is_short,
        policy=block.policy,
        policy_from=block.whose,
        says=f"{SAYS[block.policy]}, {whose}" if whose else SAYS[block.policy],
        at=None if block.is_short else block.time,
        configuration=block.version or None,
        needs=list(block.needs),
        required=list(block.required),
        only_providers=list(block.only),
        max_cost=_usd(block.max_cost),
        max_cost_multiple=block.multiple or None,
        body_bytes=block.bytes,
        output_limit=block.limit,
        streamed=block.streams,
        candidates=[
            _offered(
                each,
                offers.get(each.offer, Place()),
                passed.get(each.offer),
                _outcome(each, passed, tried),
                budgets or {},
                (bounds or {}).get(each.offer),
            )
            for each in block.kept
        ],
        dropped=[_left_out(each, offers.get(each.offer, Place())) for each in block.dropped],
        more=block.more,
        seed=block.seed,
        session_at=None if block.session is None else offers.get(block.session, Place()).provider,
        waits={offers.get(int(offer), Place()).provider or "": wait for offer, wait in block.waits.items()},
        habits=_habits(block),
    )


def offer_ids(block: Block) -> set[int]:
    """Return every offer that a block names."""
    listed: tuple[Kept | Left, ...] = (*block.kept, *block.dropped)
    found = {each.offer for each in listed} | {int(offer) for offer in block.waits}
    return found if block.session is None else found | {block.session}


def _offered(
    each: Kept,
    at: Place,
    passed: Passed | None,
    outcome: tuple[Outcome, tuple[int, ...], str],
    budgets: Mapping[int, str],
    bound: int | None,
) -> Offered:
    known, (what, attempts, code) = each.known, outcome
    return Offered(
        model=at.model,
        provider=at.provider,
        expected_cost=_usd(each.cost),
        value=each.value,
        terms=dict(each.terms),
        reliability=known.reliability if known else None,
        latency_ms=known.latency_ms if known else None,
        ttft_ms=known.ttft_ms if known else None,
        tokens_per_second=known.tokens_per_second if known else None,
        calls=known.calls if known else None,
        is_degraded=bool(known and known.is_degraded),
        note=each.note,
        only_over_budget=each.want,
        bound=_usd(bound),
        outcome=what,
        attempts=attempts,
        why=code or (passed.reason if passed else ""),
        words=PASSED[passed.reason] if passed and not attempts else "",
        budget=budgets.get(passed.budget) if passed and not attempts else None,
    )


def _outcome(
    each: Kept, passed: Mapping[int, Passed], tried: Sequence[Tried] | None
) -> tuple[Outcome, tuple[int, ...], str]:
    """Return what became of a candidate, by which attempts, and with which error."""
    if tried is None:
        return "", (), ""
    own = [attempt for attempt in tried if attempt.offer == each.offer]
    numbers = tuple(attempt.number for attempt in own)
    if own:
        last = own[-1]
        if last.status != "ok":
            return "failed", numbers, last.error_code
        return ("escalated" if last.error_code else "answered"), numbers, last.error_code
    if each.offer in passed:
        return "passed_over", (), ""
    is_answered = any(attempt.status == "ok" for attempt in tried)
    return ("not_needed" if is_answered else "not_tried"), (), ""


def _left_out(each: Left, at: Place) -> LeftOut:
    words = f"{WORDS[each.reason]}: {each.detail}" if each.detail else WORDS[each.reason]
    if each.reason == "lacks":
        words = f"is no model that {each.detail}"
    return LeftOut(at.model, at.provider, each.reason, words, _usd(each.cost))


def _habits(block: Block) -> Habits | None:
    whole = sum((Mix(*numbers) for numbers in block.mixes.values()), Mix())
    if not whole.requests:
        return None
    return Habits(whole.requests, round(whole.cache_share, 4), whole.output_tokens // whole.requests)


def _usd(nano: int | None) -> str | None:
    return None if nano is None else money.text(nano)
