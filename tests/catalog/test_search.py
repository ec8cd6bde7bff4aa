"""Search: words with typos, filters, order, places in the list, and its speed."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date, timedelta

import pytest
import time_machine

from catalog.model_search import BadCursor, search
from catalog.models import CatalogEntry, Offer, Price
from catalog.search import SORTS, Doc, Query, after, build, find
from catalog.search_index import current
from llmhub.lib import clock
from providers.models import Provider

DOCS = [
    Doc("openai/gpt-4o", "GPT-4o", "gpt", "curated", context=128_000, input_nano=25, output_nano=100),
    Doc("openai/gpt-4o-mini", "GPT-4o mini", "gpt", "curated", context=128_000, input_nano=2),
    Doc("openai/gpt-4o-2024", "GPT-4o (2024)", "", "discovered", is_leaving=True),
    Doc("anthropic/claude-sonnet-4.5", "Claude Sonnet 4.5", "claude", "curated", context=200_000),
    Doc("qwen/qwen3-coder", "Qwen3 Coder", "", "discovered", released_on=date(2026, 7, 1)),
]


def found(text="", **filters):
    return [hit.doc.slug for hit in find(build(DOCS), Query(text=text, **filters))]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("openai/gpt-4o", "openai/gpt-4o"),
        ("gpt-4o", "openai/gpt-4o"),
        ("GTP-4o mini", "openai/gpt-4o-mini"),
        ("claud sonet", "anthropic/claude-sonnet-4.5"),
        ("sonnet-4-5", "anthropic/claude-sonnet-4.5"),
        ("sonnet4.5", "anthropic/claude-sonnet-4.5"),
        ("qwen cder", "qwen/qwen3-coder"),
        ("coder", "qwen/qwen3-coder"),
    ],
)
def test_words_find_the_model_that_is_meant(text, first):
    assert found(text)[0] == first


def test_every_word_must_fit_and_nonsense_finds_nothing():
    assert found("claude coder") == []
    assert found("xyzzyqq") == []
    assert set(found("- / .")) == {doc.slug for doc in DOCS}


def test_a_model_a_person_chose_comes_before_one_that_was_found():
    assert found("4o")[-1] == "openai/gpt-4o-2024"


@pytest.mark.parametrize(
    ("filters", "slugs"),
    [
        ({"source": "discovered"}, {"openai/gpt-4o-2024", "qwen/qwen3-coder"}),
        ({"family": "claude"}, {"anthropic/claude-sonnet-4.5"}),
        ({"context": 200_000}, {"anthropic/claude-sonnet-4.5"}),
        ({"max_input_nano": 24}, {"openai/gpt-4o-mini"}),  # what is unknown is no price below
        ({"max_output_nano": 100}, {"openai/gpt-4o"}),
        ({"released_since": date(2026, 1, 1)}, {"qwen/qwen3-coder"}),
        ({"leaving": True}, {"openai/gpt-4o-2024"}),
    ],
)
def test_filters_narrow(filters, slugs):
    assert set(found(**filters)) == slugs


@pytest.mark.parametrize("sort", SORTS)
def test_places_hold_in_every_order_while_models_come_and_go(sort):
    docs = [replace(DOCS[n % 5], slug=f"a/m{n:03}", name=f"M{n % 7}") for n in range(60)]
    query = Query(sort=sort)
    hits = find(build(docs), query)
    first = after(hits, None, 20)
    changed = find(build([*docs[5:], Doc("a/m000x", "M0", "", "curated")]), query)

    seen = [hit.doc.slug for hit in first]
    key = first[-1].key
    while screen := after(changed, key, 20):
        seen += [hit.doc.slug for hit in screen]
        key = screen[-1].key

    assert len(seen) == len(set(seen))
    assert {f"a/m{n:03}" for n in range(5, 60)} <= set(seen)


def fill(count):
    """Save `count` discovered models with an offer and a price each."""
    provider = Provider.objects.create(slug="many", name="Many", kind="custom", dialect="chat")
    names = ("large", "small", "coder", "vision", "instruct", "thinking", "mini")
    CatalogEntry.objects.bulk_create(
        CatalogEntry(
            slug=f"author{n % 90}/{names[n % 7]}-{n % 31}b-v{n}",
            name=f"Author {names[n % 7].title()} {n}",
            source="discovered",
            context_tokens=1000 * (n % 400),
            capabilities=["tools", "stream"] if n % 2 else ["vision"],
        )
        for n in range(count)
    )
    Offer.objects.bulk_create(
        Offer(entry_id=pk, provider=provider, upstream_id=str(pk))
        for pk in CatalogEntry.objects.values_list("pk", flat=True)
    )
    prices = {"effective_from": clock.now(), "input": "1", "output": "2", "input_nano": 10**9}
    Price.objects.bulk_create(
        Price(offer_id=pk, output_nano=2 * 10**9, **prices)
        for pk in Offer.objects.values_list("pk", flat=True)
    )


def measure():
    """Return the milliseconds of searches that people do, sorted."""
    asked = [
        Query(),
        Query(text="large"),
        Query(text="lrage 12b"),
        Query(text="coder-13b"),
        Query(text="auhtor7 visoin", capabilities=("vision",)),
        Query(text="a", sort="input"),
        Query(context=200_000, sort="newest"),
        Query(text="nothing like it"),
    ]
    search(Query())  # makes the index
    spans = []
    for query in asked * 5:
        began = time.perf_counter()
        search(query)
        spans.append((time.perf_counter() - began) * 1000)
    return sorted(spans)


@pytest.mark.django_db
def test_5000_models_are_searched_fast(capsys):
    fill(5_000)

    spans = measure()

    p95 = spans[int(len(spans) * 0.95)]
    with capsys.disabled():
        print(f"\n5,000 models: p50 {spans[len(spans) // 2]:.1f} ms, p95 {p95:.1f} ms")
    assert p95 < 500  # ten times the aim: other tests run at the same time


@pytest.mark.django_db
def test_the_index_is_kept_until_a_price_begins_that_was_planned():
    fill(3)
    with time_machine.travel(clock.now(), tick=False) as travel:
        begins = clock.now() + timedelta(minutes=50)
        Price.objects.create(offer=Offer.objects.earliest("pk"), effective_from=begins, input="9", output="9")
        kept = current()
        travel.shift(timedelta(minutes=49))
        assert current() is kept

        travel.shift(timedelta(minutes=1))

        assert sorted(doc.input_nano for doc in current().docs) == [10**9, 10**9, 9 * 10**9]


@pytest.mark.django_db
def test_a_place_of_another_list_is_refused():
    fill(120)
    first = search(Query(sort="name"))

    assert search(Query(sort="name"), cursor=first.next_cursor).rows
    for cursor in ("x", "W10", "e30", "WzFd", "é", "bnVsbA"):
        with pytest.raises(BadCursor):
            search(Query(sort="name"), cursor=cursor)
