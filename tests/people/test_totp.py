"""Codes of authenticator apps, held against the vectors of their standard."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from llmhub.people import totp

SECRET = b"12345678901234567890"


# https://www.rfc-editor.org/rfc/rfc6238#appendix-B, the last six of eight digits
@pytest.mark.parametrize(
    ("now", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_vectors_of_the_standard(now, code):
    assert totp.code(SECRET, now // totp.STEP) == code


@pytest.mark.parametrize(("late", "fits"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_half_a_minute_off(late, fits):
    code = totp.code(SECRET, (1_000_000 + late) // totp.STEP)

    assert (totp.matching_step(SECRET, code, now=1_000_000, after=0) is not None) is fits


def test_a_step_that_was_used_does_not_fit_again():
    step = 1_000_000 // totp.STEP
    code = totp.code(SECRET, step)

    assert totp.matching_step(SECRET, code, now=1_000_000, after=step - 1) == step
    assert totp.matching_step(SECRET, code, now=1_000_000, after=step) is None


@pytest.mark.parametrize("typed", ["", "١٢٣٤٥٦", "12345", "-00001"])
def test_what_is_no_code_fits_nothing(typed):
    assert totp.matching_step(SECRET, typed, now=10_000, after=0) is None


def test_an_app_reads_who_and_what_from_the_address():
    address = urlsplit(totp.address(SECRET, issuer="Acme & Söhne", account="ada@example.com"))
    told = parse_qs(address.query)

    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert unquote(address.path) == "/Acme & Söhne:ada@example.com"
    assert totp.as_bytes(told["secret"][0]) == SECRET
    assert told["issuer"] == ["Acme & Söhne"]
