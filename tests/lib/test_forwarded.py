"""Who is really asking, when reverse proxies stand in between."""

from __future__ import annotations

import pytest

from llmhub.lib import forwarded

PROXIES = forwarded.networks(["10.0.0.1", "192.168.0.0/16", "fd00::/8"])


@pytest.mark.parametrize(
    ("peer", "header", "client"),
    [
        ("9.9.9.9", "", "9.9.9.9"),
        ("9.9.9.9", "1.1.1.1", "9.9.9.9"),  # a stranger's header
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "1.1.1.1", "1.1.1.1"),
        ("10.0.0.1", "6.6.6.6, 1.1.1.1", "1.1.1.1"),  # what the caller itself wrote comes first
        ("10.0.0.1", "1.1.1.1, 192.168.7.7", "1.1.1.1"),  # two proxies of ours
        ("10.0.0.1", "192.168.7.7, 10.0.0.1", "192.168.7.7"),  # only proxies: the farthest one
        ("10.0.0.1", "1.1.1.1, nonsense", "nonsense"),  # what our proxy says, it says
        ("::ffff:10.0.0.1", "1.1.1.1", "1.1.1.1"),
        ("fd00::5", "2001:db8::1", "2001:db8::1"),
        ("", "1.1.1.1", ""),  # a unix socket is nobody's proxy here
    ],
)
def test_the_caller_is_the_last_that_is_no_proxy_of_ours(peer, header, client):
    assert forwarded.client(peer, header, PROXIES) == client


def test_a_bad_proxy_address_is_refused_by_name():
    with pytest.raises(ValueError, match=r"LLMHUB_TRUSTED_PROXIES has 'proxy\.local'"):
        forwarded.networks(["proxy.local"])
