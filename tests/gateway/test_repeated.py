"""What a cache would have saved: beginnings of prompts that came before, without a word of them kept."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from providers.wire import Usage
from routing.gateway.repeated import beginning, saved_nano
from routing.prefixes import LEAST, LONGEST, MOST, SECONDS, Prefixes
from tests.gateway.values import NOW, price

LONG = b"x" * (3 * LEAST)


def test_the_longest_beginning_that_came_before_is_told():
    seen = Prefixes()

    assert seen.repeated(1, "small", LONG, now=0.0) == 0
    assert seen.repeated(1, "small", LONG, now=1.0) == 2 * LEAST
    assert seen.repeated(1, "small", LONG[: LEAST + 1] + b"y" * LEAST, now=2.0) == LEAST
    assert seen.repeated(1, "small", b"y" + LONG, now=3.0) == 0


def test_it_is_of_one_key_and_model_and_of_five_minutes_and_not_short():
    seen = Prefixes()
    seen.repeated(1, "small", LONG, now=0.0)

    assert seen.repeated(2, "small", LONG, now=1.0) == 0
    assert seen.repeated(1, "large", LONG, now=1.0) == 0
    assert seen.repeated(1, "small", LONG[: LEAST - 1], now=1.0) == 0
    assert seen.repeated(1, "small", LONG, now=SECONDS + 1) == 0


def test_nothing_of_a_prompt_is_kept_and_memory_is_bounded():
    seen = Prefixes()
    for number in range(MOST // 2 + 10):
        seen.repeated(1, "small", f"{number:08}".encode() * (2 * LEAST // 8), now=0.0)

    assert len(seen._seen) == MOST
    assert {type(part) for mark in seen._seen for part in mark} == {int, str}
    assert {mark[1] for mark in seen._seen} == {"small"}


def test_a_prompt_begins_with_its_system_text_and_is_not_read_through():
    body = {
        name: msgspec.Raw(value) for name, value in {"messages": b"[" + LONG * 9, "system": b'"s"'}.items()
    }

    assert beginning(body) == b'"s"' + (b"[" + LONG * 9)[:LONGEST]
    assert beginning({}) == b""


@pytest.mark.parametrize(
    ("usage", "cache_read", "nano"),
    [
        (Usage(input_tokens=3000), "1", 1024 * 9000),
        (Usage(input_tokens=100), "1", 100 * 9000),
        (Usage(input_tokens=3000, cache_read_tokens=1), "1", None),
        (Usage(input_tokens=3000, cache_write_tokens=1), "1", None),
        (Usage(input_tokens=3000), None, None),
        (Usage(input_tokens=3000), "10", None),
        (Usage(input_tokens=3000), "11", None),
    ],
)
def test_it_saves_the_difference_of_both_prices_where_there_is_one(usage, cache_read, nano):
    prices = [price("10", "0", cache_read=None if cache_read is None else Decimal(cache_read))]

    assert saved_nano(LEAST, usage, prices, at=NOW) == nano
    assert saved_nano(0, usage, prices, at=NOW) is None
    assert saved_nano(LEAST, usage, [], at=NOW) is None


def test_a_record_says_what_a_cache_would_have_saved(gateway, simulator):
    from catalog.models import Price

    model = gateway.make(at=[simulator.path("tokens/5", tag="repeated")], prices=("10", "0"))
    gateway.change(lambda: Price.objects.filter(offer__entry_id=model.entry_id).update(cache_read="1"))
    prompt = "my canary " * 900

    for text in (prompt, prompt + "more", "something else"):
        model.ask(text)

    first, second, third = gateway.records(model)[-3:]
    assert (first.repeated_nano, third.repeated_nano) == (None, None)
    assert second.repeated_nano == min(2 * LEAST // 4, second.input_tokens) * 9000
    assert second.cost_nano == second.input_tokens * 10_000
