"""Which offers are tried, and why the others are not."""

from __future__ import annotations

import pytest

from routing.gateway.errors import Refusal
from tests.gateway.values import credential, entry, offer, planned


def refusal(*offers, only=()) -> Refusal:
    with pytest.raises(Refusal) as caught:
        planned(entry("acme/small", *offers), dialect="chat", only=only)
    return caught.value


def test_candidates_keep_their_order():
    found = planned(entry("acme/small", offer("b"), offer("a"), offer("c")), dialect="chat")

    assert [candidate.offer.provider.slug for candidate in found.candidates] == ["b", "a", "c"]
    assert found.dropped == ()


@pytest.mark.parametrize(
    ("left_out", "reason"),
    [
        (offer("x", paused_reason="unpaid"), "provider_paused"),
        (offer("x", needs_credential=True), "no_credential"),
        (offer("x", kind="unheard-of"), "dialect_not_served"),
        (offer("other"), "not_requested"),
    ],
)
def test_an_offer_is_dropped_with_its_reason(left_out, reason):
    found = planned(entry("acme/small", left_out, offer("a")), dialect="chat", only={"a", "x"})

    assert [candidate.offer.provider.slug for candidate in found.candidates] == ["a"]
    assert [drop.reason for drop in found.dropped] == [reason]


def test_an_offer_with_its_credential_is_kept():
    held = offer("x", needs_credential=True, credentials=(credential(),))

    assert planned(entry("acme/small", held), dialect="chat").candidates[0].offer is held


def test_when_all_are_paused_the_reasons_are_told():
    refused = refusal(offer("a", paused_reason="unpaid"), offer("b", paused_reason="slow"))

    assert refused.name == "provider_paused"
    assert "unpaid" in refused.message
    assert "slow" in refused.message


def test_paused_and_otherwise_impossible_is_no_candidate():
    refused = refusal(offer("a", paused_reason="unpaid"), offer("b", needs_credential=True))

    assert refused.name == "no_candidate"
    assert [drop["reason"] for drop in refused.details["dropped"]] == ["provider_paused", "no_credential"]


def test_none_of_the_providers_asked_for_says_who_offers_it():
    refused = refusal(offer("a"), offer("b"), only={"c"})

    assert (refused.name, refused.message) == ("not_at_provider", "'acme/small' is offered by a, b only")


def test_a_paused_provider_that_was_asked_for_is_not_hidden_by_the_others():
    assert refusal(offer("a", paused_reason="unpaid"), offer("b"), only={"a"}).name == "provider_paused"
