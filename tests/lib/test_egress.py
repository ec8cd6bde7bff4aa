"""Which addresses may be reached, as a rule on addresses alone."""

from __future__ import annotations

import ipaddress

import pytest

from llmhub.lib import egress

PUBLIC = [
    "1.1.1.1",
    "104.18.7.192",
    "2606:4700::6812:7c0",
    "2a00:1450:4001:82a::200e",
    "::ffff:1.1.1.1",
    "64:ff9b::101:101",
]
PRIVATE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1",
    "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1", "100::1", "2001::7f00:1", "2001:db8::1", "2002:7f00:1::", "2002:101:101::", "3fff::1",
    "5f00::1", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "ff0e::1", "4000::1",
]  # fmt: skip
METADATA = [
    "169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254",
    "fd20:ce::254", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
]  # fmt: skip
EVERYTHING = egress.Policy(
    allow=(egress.parse_allowed("0.0.0.0/0"), egress.parse_allowed("::/0")), loopback=True
)


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_internet_may_be_reached(address):
    egress.Policy().check(address, 443)


@pytest.mark.parametrize("address", PRIVATE)
def test_everything_else_is_refused_with_what_to_do(address):
    with pytest.raises(egress.EgressRefused, match=r"add .*:8000 to LLMHUB_EGRESS_ALLOW"):
        egress.Policy().check(address, 8000)


@pytest.mark.parametrize("address", METADATA)
def test_metadata_is_refused_whatever_is_allowed(address):
    with pytest.raises(egress.EgressRefused, match="never connects there"):
        EVERYTHING.check(address, 80)


@pytest.mark.parametrize("address", PRIVATE)
def test_an_operator_may_allow_what_is_private(address):
    EVERYTHING.check(address, 80)


def test_no_block_of_public_addresses_is_forgotten_in_the_standard_library():
    """Whatever Python calls private, we refuse too; the reverse holds for fewer addresses."""
    step = 2**32 // 4096
    sample = [ipaddress.IPv4Address(number) for number in range(0, 2**32, step)]

    wrong = [
        ip
        for ip in sample
        if egress.is_public(ip) and (not ip.is_global or ip.is_multicast or ip.is_reserved)
    ]

    assert not wrong
    assert sum(map(egress.is_public, sample)) > 3000


@pytest.mark.parametrize(
    ("word", "reached", "refused"),
    [
        ("10.0.0.5", [("10.0.0.5", 1), ("10.0.0.5", 443)], [("10.0.0.6", 443)]),
        ("10.0.0.5:8000", [("10.0.0.5", 8000), ("::ffff:10.0.0.5", 8000)], [("10.0.0.5", 8001)]),
        ("192.168.7.0/24", [("192.168.7.9", 80)], [("192.168.8.9", 80)]),
        ("[fd12::1]:8000", [("fd12::1", 8000)], [("fd12::1", 80), ("fd12::2", 8000)]),
        ("fd12::/64", [("fd12::9", 80)], [("fd13::9", 80)]),
    ],
)
def test_what_is_allowed_is_allowed_and_no_more(word, reached, refused):
    policy = egress.Policy(allow=(egress.parse_allowed(word),))

    for address, port in reached:
        policy.check(address, port)
    for address, port in refused:
        with pytest.raises(egress.EgressRefused):
            policy.check(address, port)


@pytest.mark.parametrize("word", ["lab.internal", "10.0.0.5:http", "10.0.0.0/99", "", "1:2:3"])
def test_what_cannot_be_allowed_is_refused_by_name(word):
    with pytest.raises(ValueError, match="LLMHUB_EGRESS_ALLOW"):
        egress.parse_allowed(word)


def test_loopback_is_for_an_embedded_hub_only(settings):
    settings.EMBEDDED, settings.EGRESS_ALLOW = True, []
    egress.policy(loopback=True).check("127.0.0.1", 80)
    egress.policy(loopback=True).check("::1", 80)

    with pytest.raises(egress.EgressRefused):
        egress.policy(loopback=False).check("127.0.0.1", 80)
    with pytest.raises(egress.EgressRefused):
        egress.policy(loopback=True).check("0.0.0.0", 80)
    settings.EMBEDDED = False
    with pytest.raises(egress.EgressRefused):
        egress.policy(loopback=True).check("127.0.0.1", 80)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1", "http://1.1.1.1:8000/v1", "https://[2606:4700::1]/v1", "HTTPS://nobody.invalid",
    ],
)  # fmt: skip
def test_an_address_of_a_provider_may_be_saved(url):
    egress.check_url(url, loopback=True)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "no web address"),
        ("api.openai.com/v1", "no web address"),
        ("ftp://example.com", "no web address"),
        ("file:///etc/passwd", "no web address"),
        ("http:///v1", "no web address"),
        ("http://user:canary@example.com", "credential"),
        ("http://@example.com", "credential"),
        ("http://example.com/v1?key=canary", "query"),
        ("http://example.com/v1#x", "fragment"),
        ("http://example.com:0/", "no address"),
        ("http://example.com:99999/", "no address"),
        ("http://exa mple.com/", "no address"),
        ("http://exa\tmple.com/", "no address"),
        ("http://[::1", "no address"),
        ("http://example.com\\@127.0.0.1/", "credential"),
        ("http://10.0.0.5:8000/v1", "add 10.0.0.5:8000 to LLMHUB_EGRESS_ALLOW"),
        ("http://[fd12::1]:8000/v1", r"add \[fd12::1\]:8000 to LLMHUB_EGRESS_ALLOW"),
        ("http://169.254.169.254/latest", "never"),
        ("http://127.0.0.1:8000/v1", "llmhub's own address"),
        ("http://localhost:8000/v1", "llmhub's own address"),
    ],
)
def test_an_address_that_may_not_be_saved_is_refused_in_words(url, words, settings):
    settings.PUBLIC_URL = settings.LISTENING = "http://127.0.0.1:8000"
    settings.EGRESS_ALLOW = []

    with pytest.raises(egress.EgressRefused, match=words):
        egress.check_url(url, loopback=True)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.0.0.2", "127.1", "2130706433", "0x7f.1", "0.0.0.0", "0", "[::1]", "[::]",
        "localhost", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "127\u30020\u30020\u30021",
    ],
)  # fmt: skip
def test_no_spelling_of_its_own_address_is_saved_or_called(host, settings):
    settings.PUBLIC_URL, settings.LISTENING = "https://hub.test", "http://127.0.0.1:8123"
    settings.EMBEDDED, settings.EGRESS_ALLOW = True, ["0.0.0.0/0", "::/0"]

    with pytest.raises(egress.EgressRefused, match="own address"):
        egress.check_url(f"http://{host}:8123/v1", loopback=True)


def test_a_server_beside_llmhub_is_not_llmhub(settings):
    settings.PUBLIC_URL, settings.LISTENING = "https://hub.test", "http://127.0.0.1:8123"
    settings.EMBEDDED, settings.EGRESS_ALLOW = True, ["10.0.0.5"]

    egress.check_url("http://127.0.0.1:8124/v1", loopback=True)
    egress.check_url("http://10.0.0.5:8123/v1", loopback=True)
    with pytest.raises(egress.EgressRefused, match="own address"):
        egress.check_url("https://hub.test/v1", loopback=True)
