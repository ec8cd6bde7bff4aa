from __future__ import annotations

import pytest
from django.test import RequestFactory

from llmhub.lib.security import CONTENT_SECURITY_POLICY, client_address


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "trusted", "address"),
    [
        ("203.0.113.9", "", [], "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", [], "203.0.113.9"),  # a stranger is not believed
        ("10.0.0.1", "198.51.100.1", ["10.0.0.1"], "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", ["10.0.0.1"], "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", ["10.0.0.0/24"], "198.51.100.1"),
        ("", "6.6.6.6, 198.51.100.1", [], "198.51.100.1"),  # the gateway, over its unix socket
        ("unix:", "198.51.100.1", [], "198.51.100.1"),
    ],
)
def test_whose_address_counts(settings, peer, forwarded_for, trusted, address):
    settings.TRUSTED_PROXIES = trusted
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded_for}, REMOTE_ADDR=peer)

    assert client_address(request) == address


def test_the_policy_allows_nothing_inline_and_no_other_host():
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY
    assert "*" not in CONTENT_SECURITY_POLICY
    assert "default-src 'self'" in CONTENT_SECURITY_POLICY
