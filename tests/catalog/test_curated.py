"""The files of the curated catalog: inheritance, and everything that can be wrong with them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from catalog import curated
from providers.rates import Rates
from tests.catalog.bundle import FAMILY, SMALL, model


def read(*texts: str) -> dict[str, curated.CuratedEntry]:
    entries = curated.load({f"{number}.toml": text for number, text in enumerate(texts)})
    return {entry.slug: entry for entry in entries}


def findings(*texts: str) -> list[str]:
    with pytest.raises(curated.BadCatalog) as caught:
        read(*texts)
    return [str(finding) for finding in caught.value.findings]


def test_a_model_inherits_every_fact_of_its_family():
    small = read(FAMILY + SMALL)["acme/small"]

    assert (small.family, small.context_tokens, small.output_limit_tokens) == ("acme", 128_000, 16_000)
    assert small.input_modalities == ("text", "image")
    assert small.capabilities == ("tools", "stream", "vision")
    assert (small.facts_source, small.facts_checked_on) == ("https://acme.test/models", date(2026, 11, 1))


def test_its_own_value_wins():
    small = read(FAMILY + model(extra='context = 1_000_000\ntakes = ["text"]'))["acme/small"]

    assert small.context_tokens == 1_000_000
    assert small.input_modalities == ("text",)


def test_unset_takes_an_inherited_value_away():
    small = read(FAMILY + model(extra='unset = ["output_limit"]'))["acme/small"]

    assert small.output_limit_tokens is None
    assert small.context_tokens == 128_000


def test_plus_and_minus_change_the_inherited_capabilities():
    small = read(FAMILY + model(extra='plus = ["reasoning"]\nminus = ["vision"]'))["acme/small"]

    assert small.capabilities == ("tools", "stream", "reasoning")


def test_an_offer_inherits_source_and_rank_of_its_provider_in_the_family():
    text = (
        FAMILY + SMALL + '[models."acme/small".offers.openrouter]\nid = "acme/small"\nprice_of = "openai"\n'
    )

    direct, routed = read(text)["acme/small"].offers

    assert (direct.source, direct.checked_on, direct.rank) == (
        "https://acme.test/prices",
        date(2026, 11, 2),
        100,
    )
    assert (routed.source, routed.checked_on, routed.rank) == (
        "https://router.test/models",
        date(2026, 11, 3),
        200,
    )


def test_price_of_takes_the_price_of_another_offer_and_nothing_else():
    text = (
        FAMILY + SMALL + '[models."acme/small".offers.openrouter]\nid = "acme/small"\nprice_of = "openai"\n'
    )

    direct, routed = read(text)["acme/small"].offers

    assert routed.tiers == direct.tiers
    assert routed.upstream_id == "acme/small"


def test_an_amount_of_its_own_wins_over_price_of():
    text = (
        FAMILY
        + SMALL
        + '[models."acme/small".offers.openrouter]\nid = "x"\nprice_of = "openai"\noutput = "0.7"\n'
    )

    _, routed = read(text)["acme/small"].offers

    assert (routed.tiers[0].input, routed.tiers[0].output) == (Decimal("0.15"), Decimal("0.7"))


def test_prices_are_kept_digit_for_digit_and_a_missing_one_is_unknown_not_zero():
    offer = read(FAMILY + model(price="0.08333333333333334"))["acme/small"].offers[0]

    assert offer.tiers == (Rates(input=Decimal("0.08333333333333334"), output=Decimal(1)),)
    assert offer.tiers[0].cache_read is None


def test_a_tier_is_a_whole_price_of_its_own():
    text = (
        FAMILY
        + SMALL
        + """
[[models."acme/small".offers.openai.tiers]]
above = 200_000
input = "0.30"
output = "0.90"
cache_read = "0.03"
"""
    )

    base, long = read(text)["acme/small"].offers[0].tiers

    assert (base.above_input_tokens, long.above_input_tokens) == (0, 200_000)
    assert long.cache_read == Decimal("0.03")


def test_a_price_holds_since_its_own_day_or_since_the_model_was_released():
    assert read(FAMILY + model())["acme/small"].offers[0].since == date(2026, 1, 5)
    assert read(FAMILY + model(since="2026-03-01"))["acme/small"].offers[0].since == date(2026, 3, 1)


PARAMETERS = """
[family.parameters]
temperature = { max = 1 }
stop = {}
"""
SOURCED = FAMILY.replace(
    "[family.offers", f'parameters_source = "https://acme.test/api"\n{PARAMETERS}[family.offers', 1
)


def test_a_model_inherits_parameters_and_replaces_one_whole():
    own = model(extra='[models."acme/small".parameters]\ntemperature = { min = 0.5 }\n')

    assert read(SOURCED + SMALL)["acme/small"].parameters == {
        "temperature": {"type": "number", "min": 0, "max": 1, "source": "https://acme.test/api"},
        "stop": {"type": "texts", "source": "https://acme.test/api"},
    }
    assert read(SOURCED + own)["acme/small"].parameters["temperature"]["max"] == 2


@pytest.mark.parametrize(
    ("unset", "left"),
    [("parameters", set()), ("parameters.stop", {"temperature"}), ("output_limit", {"temperature", "stop"})],
)
def test_unset_takes_parameters_away_one_or_all(unset, left):
    text = SOURCED + model(extra=f'unset = ["{unset}"]')

    assert read(text)["acme/small"].parameters.keys() == left


# Each text is wrong in one way; the finding must name the key and say what is wrong.
WRONG = {
    "a parameter without a source": (
        model(extra='[models."acme/small".parameters]\nstop = {}'),
        "parameters.stop.source: is missing, and so is parameters_source",
    ),
    "a parameter that is no table": (
        model(extra='[models."acme/small".parameters]\nstop = 1'),
        "parameters.stop: is no table",
    ),
    "a range upside down": (
        model(extra='[models."acme/small".parameters]\ntop_p = { min = 2, source = "https://a.test" }'),
        "parameters.top_p.max: is less than min",
    ),
    "a parameter of no type": (
        model(extra='[models."acme/small".parameters]\ndepth = { source = "https://a.test" }'),
        "parameters.depth.type: is missing",
    ),
    "a fact that nobody knows": (model(extra="contxt = 5"), "contxt: is unknown: did you mean 'context'?"),
    "a capability that nobody knows": (
        model(extra='plus = ["vison"]'),
        "capabilities: 'vison' is unknown: did you mean 'vision'?",
    ),
    "a modality that nobody knows": (model(extra='takes = ["smell"]'), "takes: 'smell' is unknown"),
    "a number in quotes": (model(extra='context = "128000"'), "context: '128000' is no whole number"),
    "a switch for a number": (model(extra="context = true"), "context: True is no whole number"),
    "a context of zero": (model(extra="context = 0"), "context: 0 is not positive"),
    "an output limit above the context": (
        model(extra="output_limit = 200_000"),
        "output_limit: is greater than context",
    ),
    "a date in quotes": (model(extra='knowledge = "2026-01-01"'), "knowledge: '2026-01-01' is no date"),
    "a price as a number": (
        SMALL.replace('"0.15"', "0.15"),
        "input: 0.15 is no text: write prices in quotes",
    ),
    "a negative price": (model(price="-1"), "input: '-1' is no amount"),
    "a price that is no number": (model(price="free"), "input: 'free' is no amount"),
    "a price in the wrong unit": (model(price="150000000"), "input: '150000000' is out of range"),
    "a price that is not a number at all": (model(price="NaN"), "input: 'NaN' is no amount"),
    "no output price": (SMALL.replace('output = "0.60"', ""), 'output: is missing: write "0" if it costs'),
    "no upstream id": (SMALL.replace('id = "small-1"', ""), "offers.openai.id: is missing"),
    "an unknown key of an offer": (
        SMALL + 'cach_read = "1"\n',
        "cach_read: is unknown: did you mean 'cache_read'?",
    ),
    "no day for the price": (SMALL.replace("released = 2026-01-05", ""), "since: is missing"),
    "no offer": ('[models."acme/small"]\nname = "x"\n', "offers: is missing"),
    "no name": (SMALL.replace('name = "Acme Small"', ""), "name: is missing"),
    "a replacement that is the model itself": (
        model(extra='replacement = "acme/small"'),
        "replacement: 'acme/small' leads back to the model itself",
    ),
    "a replacement that is not there": (
        model(extra='replacement = "acme/gone"'),
        "replacement: 'acme/gone' is no model",
    ),
    "the price of itself": (SMALL + 'price_of = "openai"\n', "price_of: 'openai' is no other offer"),
    "a tier without its start": (
        SMALL + '[[models."acme/small".offers.openai.tiers]]\ninput = "1"\noutput = "1"\ncache_read = "1"\n',
        "tiers[1].above: is missing",
    ),
    "a tier that forgot an amount": (
        SMALL + '[[models."acme/small".offers.openai.tiers]]\nabove = 9\ninput = "1"\noutput = "1"\n',
        "the tier above 9 must state the same amounts: cache_read",
    ),
    "an offer that is no table": (
        '[models."acme/small"]\nname = "x"\noffers = {openai = 3}\n',
        "openai: is no table",
    ),
    "a model that is no table": ("[models]\nsmall = 3\n", "models.small: is no table"),
    "an unknown table": (SMALL + "[modles]\n", "modles: is unknown"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_found_and_named(text, message):
    found = findings(FAMILY + text)

    assert any(finding.startswith("0.toml: mod") and message in finding for finding in found), found


def test_the_text_that_the_mistakes_start_from_is_right():
    assert read(FAMILY + SMALL)


def test_tiers_out_of_order_are_found():
    head = '[[models."acme/small".offers.openai.tiers]]\n'
    tier = head + 'above = {}\ninput = "1"\noutput = "1"\ncache_read = "1"\n'

    assert "tiers must rise" in findings(FAMILY + SMALL + tier.format(20) + tier.format(10))[0]


def test_one_bad_model_rejects_the_whole_catalog_with_every_finding():
    good, bad, broken = FAMILY + SMALL, FAMILY + model("acme/a", price="-1"), "[family"

    found = findings(good, bad, broken)

    assert len(found) == 2
    assert found[0].startswith("1.toml: models.acme/a.offers.openai.input")
    assert found[1].startswith("2.toml: ")
    assert "is no TOML" in found[1]


def test_a_model_in_two_files_is_found():
    assert findings(FAMILY + SMALL, FAMILY + SMALL) == [
        "1.toml: models.acme/small: stands in another file too"
    ]


def test_a_file_without_models_is_found():
    assert findings(FAMILY) == ["0.toml: models: is empty"]
