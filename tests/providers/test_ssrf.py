"""No address that somebody enters makes llmhub connect to where it may not.

A hit is a connection at a listening server, or any attempt to connect (the interpreter's own
audit event). Names are resolved by a table: it stands for DNS in the hands of an attacker.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import urllib.request
from contextlib import contextmanager, suppress

import pytest
from django.core.exceptions import ValidationError

from llmhub.alerts import webhook
from llmhub.alerts.channel import create_channel
from llmhub.alerts.message import Message
from llmhub.alerts.send import NotTaken, Way, send
from llmhub.audit.actor import COMMAND_LINE
from llmhub.lib import clock, egress, secrets
from providers.adapters import adapter_for
from providers.check import Outcome, check
from providers.client import Client, Timeouts
from providers.errors import ProviderError
from providers.models import Provider
from providers.provider import create_provider, update_provider
from providers.wire import Call, Target

# {p} is the port of the listening server. These lead to it, one way or another …
LOOPBACK = [
    "http://127.0.0.1:{p}", "http://127.1:{p}", "http://127.0.1:{p}", "http://2130706433:{p}",
    "http://0x7f000001:{p}", "http://0x7f.1:{p}", "http://0x7f.0x0.0x0.0x1:{p}", "http://0177.0.0.1:{p}",
    "http://017700000001:{p}", "http://127.0.0.2:{p}", "http://127.255.255.254:{p}", "http://0.0.0.0:{p}",
    "http://0:{p}", "http://0x0:{p}", "http://00000000000:{p}", "http://[::1]:{p}",
    "http://[0:0:0:0:0:0:0:1]:{p}", "http://[::]:{p}", "http://[::ffff:127.0.0.1]:{p}",
    "http://[::ffff:7f00:1]:{p}", "http://[0:0:0:0:0:ffff:7f00:0001]:{p}", "http://localhost:{p}",
    "http://LOCALHOST:{p}", "HTTP://LocalHost:{p}", "http://127.0.0.1.nip.io:{p}",
    "http://7f000001.nip.io:{p}", "http://localtest.me:{p}", "http://metadata.google.internal:{p}",
    "http://mixed.test:{p}", "http://six.test:{p}", "http://mapped.test:{p}",
]  # fmt: skip
# … these are no address at all, or say one thing and mean another …
CROOKED = [
    "http://api.openai.com@127.0.0.1:{p}", "http://a:b@127.0.0.1:{p}",
    "http://127.0.0.1:{p}#@api.openai.com", "http://127.0.0.1:{p}?@api.openai.com",
    "http://127.0.0.1:{p}\\@api.openai.com/", "http://api.openai.com\\@127.0.0.1:{p}",
    "http://127.0.0.1\t:{p}", "http://127.0.0.1:{p}\r\nx:y", "http:\n//127.0.0.1:{p}", "//127.0.0.1:{p}",
    "http:127.0.0.1:{p}", "http:///127.0.0.1:{p}", "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11:{p}",
    "http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460:{p}", "http://127\u30020\u30020\u30021:{p}",
    "http://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3:{p}", "http://127%2e0%2e0%2e1:{p}",
    "http://%6cocalhost:{p}", "http://[::1%25lo]:{p}", "http://[::1%lo]:{p}", "ftp://127.0.0.1:{p}",
    "gopher://127.0.0.1:{p}/_x", "file:///etc/passwd", "dict://127.0.0.1:{p}", "unix:///run/x.sock",
    "ws://127.0.0.1:{p}", "javascript:1", "http://127.0.0.1 :{p}", "http://.127.0.0.1:{p}",
    "http://localhost.:{p}",
]  # fmt: skip
# … and these lead to other places nobody may go.
ELSEWHERE = [
    "http://10.0.0.1", "http://172.16.0.1", "http://192.168.0.1", "http://100.64.0.1",
    "http://169.254.169.254", "http://2852039166", "http://0xa9fea9fe", "http://0xa9.0xfe.0xa9.0xfe",
    "http://0251.0376.0251.0376", "http://169.254.43518", "http://[::ffff:169.254.169.254]",
    "http://[::ffff:a9fe:a9fe]", "http://169.254.170.2", "http://100.100.100.200", "http://168.63.129.16",
    "http://192.0.0.192", "http://[fd00:ec2::254]", "http://[fd20:ce::254]", "http://[fe80::1]",
    "http://[fc00::1]", "http://[fec0::1]", "http://[2002:7f00:1::]", "http://[2002:a9fe:a9fe::1]",
    "http://[64:ff9b::7f00:1]", "http://[64:ff9b::169.254.169.254]", "http://[64:ff9b:1::1]",
    "http://[2001:0:7f00:1::]", "http://[::127.0.0.1]", "http://[ff02::1]", "http://[100::1]",
    "http://[2001:db8::1]", "http://224.0.0.1", "http://255.255.255.255", "http://240.0.0.1",
    "http://198.18.0.1", "http://192.0.2.1", "http://192.88.99.1", "http://0.0.0.1", "http://meta.test",
    "http://private.test",
]  # fmt: skip
NAMES = {
    "127.0.0.1.nip.io": [["127.0.0.1"]],
    "7f000001.nip.io": [["127.0.0.1"]],
    "localtest.me": [["127.0.0.1"]],
    "metadata.google.internal": [["127.0.0.1"]],
    "rebinding.test": [["93.184.215.14"], ["127.0.0.1"]],  # public when it is saved, ours when it is called
    "mixed.test": [["127.0.0.1", "93.184.215.14"]],
    "six.test": [["::1"]],
    "mapped.test": [["::ffff:127.0.0.1"]],
    "meta.test": [["169.254.169.254"]],
    "private.test": [["10.0.0.1"]],
}
PERMISSIVE = egress.Policy(
    allow=(egress.parse_allowed("0.0.0.0/0"), egress.parse_allowed("::/0")), loopback=True
)
MESSAGE = Message("msg_1", "alert.test", clock.now(), title="Test", text="", url="")
TIMEOUTS = Timeouts(connect=1.0, total=2.0)
IPV6 = socket.has_dualstack_ipv6()
_attempts: list[tuple] | None = None


def _audit(event, args) -> None:
    if event == "socket.connect" and _attempts is not None and isinstance(args[1], tuple):
        _attempts.append(args[1])


sys.addaudithook(_audit)


@contextmanager
def attempts():
    """Collect every attempt of this process to connect anywhere."""
    global _attempts
    _attempts = found = []
    try:
        yield found
    finally:
        _attempts = None


class Listener:
    """A server on every local address that counts who comes."""

    def __init__(self) -> None:
        self.hits = 0
        family = socket.AF_INET6 if IPV6 else socket.AF_INET
        self._socket = socket.create_server(("", 0), family=family, dualstack_ipv6=IPV6)
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                peer, _ = self._socket.accept()
                with peer, suppress(OSError):
                    self.hits += 1
                    peer.settimeout(2)
                    peer.recv(65536)
                    peer.sendall(
                        b'HTTP/1.1 200 OK\r\ncontent-length: 11\r\nconnection: close\r\n\r\n{"data":[]}'
                    )

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(scope="module")
def listener():
    server = Listener()
    yield server
    server.close()


def answer_names(patch: pytest.MonkeyPatch) -> None:
    """DNS as an attacker would have it: the table above, numbers as the system reads them, nothing else."""
    real, asked = socket.getaddrinfo, dict.fromkeys(NAMES, 0)

    def getaddrinfo(host, port, *args, **kwargs):
        name = (host.decode() if isinstance(host, bytes) else host or "").rstrip(".").lower()
        if name not in NAMES:
            if name != "localhost":
                kwargs["flags"] = socket.AI_NUMERICHOST
                args = args[:3]
            return real(host, port, *args, **kwargs)
        turn = min(asked[name], len(NAMES[name]) - 1)
        asked[name] += 1
        return [
            found for address in NAMES[name][turn] for found in real(address, port, type=socket.SOCK_STREAM)
        ]

    patch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture(autouse=True)
def hostile_names(monkeypatch):
    answer_names(monkeypatch)


def connects(url: str, rules: egress.Policy) -> str:
    """What came of a call to `url`: an answer, or the name of the error."""

    async def run():
        client = Client(rules)
        try:
            await client.send(Call("GET", f"{url}/models"), timeout=TIMEOUTS)
        except ProviderError as error:
            return type(error).__name__
        finally:
            await client.aclose()
        return "answered"

    return asyncio.run(run())


def save(url: str) -> str:
    create_provider(actor=COMMAND_LINE, slug="evil", name="Evil", kind="custom", base_url=url)
    return "saved"


def move(url: str) -> str:
    provider = Provider.objects.create(slug="good", name="Good", kind="custom", base_url="https://good.test")
    update_provider(actor=COMMAND_LINE, provider=provider, base_url=url)
    return "saved"


def checked(url: str) -> str:
    found = asyncio.run(check(Target(url, ""), adapter_for("custom", "chat")))
    assert found.outcome in {Outcome.REFUSED, Outcome.UNREACHABLE, Outcome.FAILING}, found
    return found.outcome


def sent(url: str) -> str:
    found = connects(url, egress.policy(loopback=True))
    assert found in {"AddressRefused", "TargetMisconfigured", "ProviderUnavailable"}
    return found


def subscribe(url: str) -> str:
    create_channel(actor=COMMAND_LINE, name="evil", kind="webhook", address=url)
    return "saved"


def posted(url: str) -> str:
    """What came of posting a message to a channel whose address is not checked anew."""
    sealed = secrets.encrypt(webhook.secret_of(b"0" * 32))
    try:
        send(Way("webhook", url, sealed), MESSAGE)
    except NotTaken as refusal:
        return str(refusal)
    return "answered"


VECTORS = [*LOOPBACK, *CROOKED, *ELSEWHERE]


def test_there_are_at_least_eighty_vectors():
    assert len(set(VECTORS)) >= 80


@pytest.mark.django_db
@pytest.mark.parametrize("entry", [save, move, checked, sent], ids=lambda entry: entry.__name__)
@pytest.mark.parametrize("vector", VECTORS)
def test_no_vector_makes_a_hit_through_any_entry(vector, entry, listener, settings):
    settings.EMBEDDED, settings.EGRESS_ALLOW, before = False, [], listener.hits

    with attempts() as made, suppress(ValidationError):
        entry(vector.format(p=listener.port))

    assert listener.hits == before
    assert made == []


@pytest.mark.django_db
@pytest.mark.parametrize("entry", [subscribe, posted], ids=lambda entry: entry.__name__)
def test_no_vector_makes_a_hit_through_a_channel(entry, listener, settings):
    settings.EMBEDDED, settings.EGRESS_ALLOW, before = False, [], listener.hits

    with attempts() as made:
        for vector in VECTORS:
            with suppress(ValidationError):
                assert entry(vector.format(p=listener.port)) != "answered"

    assert listener.hits == before
    assert made == []


@pytest.mark.django_db
def test_a_channel_that_was_public_when_it_was_saved_is_refused_when_it_is_told(listener, settings):
    settings.EMBEDDED, settings.EGRESS_ALLOW, before = False, [], listener.hits
    url = f"http://rebinding.test:{listener.port}"

    with attempts() as made:
        assert subscribe(url) == "saved"
        assert "LLMHUB_EGRESS_ALLOW" in posted(url)

    assert (listener.hits, made) == (before, [])


def test_a_channel_may_reach_what_the_operator_allows(listener, settings):
    """The negative control."""
    settings.EGRESS_ALLOW, before = ["127.0.0.1"], listener.hits

    assert posted(f"http://127.0.0.1:{listener.port}") == "answered"
    assert listener.hits == before + 1


@pytest.mark.django_db
@pytest.mark.parametrize("vector", [*LOOPBACK, *ELSEWHERE])
def test_what_leads_where_nobody_may_go_is_not_even_saved(vector, listener, settings):
    settings.EMBEDDED, settings.EGRESS_ALLOW = False, []
    if "rebinding" in vector:
        assert (
            save(vector.format(p=listener.port)) == "saved"
        )  # it was public then; calls are refused, see above
        return

    with pytest.raises(ValidationError, match=r"LLMHUB_EGRESS_ALLOW|never connects"):
        save(vector.format(p=listener.port))


@pytest.mark.django_db
@pytest.mark.parametrize("call", [checked, sent], ids=lambda call: call.__name__)
def test_a_name_that_was_public_when_it_was_saved_is_refused_when_it_is_called(call, listener, settings):
    settings.EMBEDDED, settings.EGRESS_ALLOW, before = False, [], listener.hits
    url = f"http://rebinding.test:{listener.port}"

    with attempts() as made:
        assert save(url) == "saved"
        assert call(url) in {Outcome.REFUSED, "AddressRefused"}
        assert connects(url, PERMISSIVE) == "answered"  # the negative control

    assert listener.hits == before + 1
    assert [address[0] for address in made] == ["127.0.0.1"]


@pytest.mark.parametrize("vector", [v for v in LOOPBACK if IPV6 or not ("[" in v or "six" in v)])
def test_the_same_vector_hits_when_nothing_is_checked(vector, listener):
    """The negative control: our client with everything allowed, or, for what it cannot spell, a plain one."""
    before = listener.hits
    url = vector.format(p=listener.port)

    with attempts() as made:
        if connects(url, PERMISSIVE) != "answered":
            urllib.request.urlopen(f"{url}/models", timeout=2).close()

    assert listener.hits > before
    assert made
