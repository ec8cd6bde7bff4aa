"""The small pure parts: what is counted, how an answer begins, which dice fall."""

from __future__ import annotations

import json
from collections import Counter

import msgspec
import pytest

from llmhub.simulator import paths, replies, usage
from llmhub.simulator.dice import Dice
from llmhub.simulator.exchange import Answer, blocks, head, json_answer
from llmhub.simulator.styles import STYLES


def counted(path: str, style: str = "plain") -> dict:
    ask = replies.read(b'{"model": "m", "messages": [{"role": "user", "content": "12345678"}]}')
    where = paths.parse(f"{path}/v1/x")
    said = replies.compose(ask, where)
    return json.loads(msgspec.json.encode(usage.counted(ask, said, where, STYLES[style])))


def test_tokens_are_counted_exactly():
    found = counted("/tokens/5/reasoning/2")

    assert (found["prompt_tokens"], found["completion_tokens"], found["total_tokens"]) == (9, 7, 16)
    assert found["completion_tokens_details"]["reasoning_tokens"] == 2


def test_cached_and_written_tokens_are_part_of_the_input():
    found = counted("/cached/100/written/50")

    assert found["prompt_tokens"] == 150
    assert found["prompt_tokens_details"]["cached_tokens"] == 100
    assert found["prompt_tokens_details"]["cache_write_tokens"] == 50


@pytest.mark.parametrize(
    ("style", "field", "expected"),
    [
        ("together", "cached_tokens", 4),
        ("deepseek", "prompt_cache_hit_tokens", 4),
        ("deepseek", "prompt_cache_miss_tokens", 5),
        ("openrouter", "cost", (9 * 0.15 + 5 * 0.60) / 1e6),
        ("openrouter", "is_byok", False),
    ],
)
def test_a_style_counts_in_its_own_words(style, field, expected):
    assert counted("/tokens/5/cached/4", style)[field] == pytest.approx(expected)


def test_a_plain_server_reports_no_cost():
    assert "cost" not in counted("/tokens/5")


def test_a_head_says_the_length_or_that_it_comes_in_chunks():
    assert b"content-length: 2\r\n" in head(json_answer({}))
    assert b"transfer-encoding: chunked\r\n" in head(Answer())
    assert head(Answer(status=529)).startswith(b"HTTP/1.1 529 ")


def test_blocks_lose_nothing():
    assert list(blocks(b"abcdefg", 3)) == [b"abc", b"def", b"g"]


def test_dice_fall_the_same_for_the_same_seed():
    def throws(seed):
        dice = Dice(seed)
        return [dice.below(6) for _ in range(600)]

    assert throws(b"a") == throws(b"a")
    assert throws(b"a") != throws(b"b")
    assert min(Counter(throws(b"a")).values()) > 60
