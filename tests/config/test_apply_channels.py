"""Channels of llmhub.toml: made, changed and removed as the file says; secrets only as references."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from llmhub.alerts.channel import change_channel, create_channel, new_secret
from llmhub.alerts.models import Channel
from llmhub.alerts.send import NotTaken, send
from llmhub.alerts.sending import way_of
from llmhub.audit.actor import COMMAND_LINE, Actor
from llmhub.config import BadFile, export
from llmhub.lib import outside
from tests.alerts.receiver import receiving, verified
from tests.alerts.test_mail import MESSAGE
from tests.config.applying import apply_as_planned

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FILE = """
[teams.support]

[channels.ops]
kind = "webhook"
address = "http://10.0.0.8:9000/hook"
secret = "env:OPS_SECRET"
team = "support"
rules = ["budget"]
quiet = "22:00-07:00"
timezone = "Europe/Berlin"

[channels.dev]
kind = "chat"
address = "env:DEV_CHAT"

[channels.us]
kind = "email"
address = "us@example.org"
"""
MANAGER = Actor(kind="user", label="mia", role="admin", id=7)


@pytest.fixture
def applied(db, tmp_path):
    """A function: apply a text and return the channels by their names."""

    def apply(text: str) -> dict[str, Channel]:
        path = tmp_path / "llmhub.toml"
        path.write_text(text)
        apply_as_planned(path)
        return {row.name: row for row in Channel.objects.there()}

    return apply


def test_channels_are_made_as_the_file_says_and_go_when_it_no_longer_does(applied):
    by_hand, _ = create_channel(actor=COMMAND_LINE, name="ours", kind="chat", address="env:OURS")
    rows = applied(FILE)

    ops = rows["ops"]
    assert (ops.team.slug, ops.rules, ops.quiet, ops.time_zone) == (
        "support", ["budget"], "22:00-07:00", "Europe/Berlin",
    )  # fmt: skip
    assert (ops.secret_ref, ops.sealed, rows["dev"].address_ref, rows["us"].address) == (
        "env:OPS_SECRET", "", "env:DEV_CHAT", "us@example.org",
    )  # fmt: skip
    assert set(applied(FILE.split("[channels.dev]")[0])) == {"ours", "ops"}
    assert list(applied("")) == [by_hand.name]


def test_what_people_changed_is_as_the_file_says_again_but_a_pause_stays(applied):
    row = applied(FILE)["ops"]
    change_channel(actor=COMMAND_LINE, channel=row, rules=[], quiet="", paused=True)

    again = applied(FILE)["ops"]

    assert (again.pk, again.rules, again.quiet, again.paused) == (row.pk, ["budget"], "22:00-07:00", True)
    assert not applied(FILE.replace("rules =", "paused = false\nrules ="))["ops"].paused
    other = FILE.replace('kind = "email"', 'kind = "webhook"').replace("us@example.org", "env:US")
    assert applied(other)["us"].kind == "webhook"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('kind = "chat"\naddress = "slack://T/B/X"', "write env:NAME or file:/PATH"),
        ('kind = "chat"\naddress = "env:A"\nsecret = "env:B"', "only a webhook has a secret"),
        ('kind = "webhook"\naddress = "http://169.254.169.254/"', "metadata"),
        ('kind = "webhook"\naddress = "env:A"\nsecret = "whsec_abc"', "never the secret itself"),
        ('kind = "webhook"\naddress = "env:A"\nteam = "nobody"', "'nobody' is no team"),
        ('kind = "webhook"\naddress = "env:A"\nrules = ["budgets"]', "'budgets' is unknown"),
        ('kind = "webhook"\naddress = "env:A"\nquiet = "nights"', "such as 22:00-07:00"),
        ('kind = "email"\naddress = "nobody"', "is no e-mail address"),
        ('kind = "pigeon"', "'email', 'webhook' or 'chat'"),
    ],
)
def test_what_makes_no_sense_is_refused_and_no_secret_is_repeated(applied, text, said):
    with pytest.raises(BadFile) as refused:
        applied(f"[channels.ops]\n{text}")

    assert said in str(refused.value)
    assert "whsec_abc" not in str(refused.value)
    assert not Channel.objects.exists()


def test_a_reference_is_read_where_it_is_used(applied, settings, monkeypatch):
    row = applied(FILE.replace("http://10.0.0.8:9000/hook", "env:OPS_URL"))["ops"]
    for wrong in ("", "not one", "whsec_c2hvcnQ="):
        monkeypatch.setenv("OPS_SECRET", wrong)
        with pytest.raises(NotTaken, match="env:OPS_SECRET holds no signing secret"):
            send(way_of(row), MESSAGE)

    monkeypatch.setenv("OPS_SECRET", SECRET)
    with receiving() as receiver:
        settings.EGRESS_ALLOW = [f"127.0.0.1:{receiver.port}"]
        monkeypatch.setenv("OPS_URL", receiver.url)
        send(way_of(row), MESSAGE)
        [(headers, body)] = receiver.got
    assert verified(SECRET, headers, body)
    with pytest.raises(ValidationError, match="is kept in env:OPS_SECRET"):
        new_secret(actor=COMMAND_LINE, channel=row)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "values", [{"address": "env:PATH"}, {"address": "https://example.org/", "secret": "env:PATH"}]
)
def test_nobody_gives_a_reference_from_a_browser(values):
    with pytest.raises(ValidationError, match="references are read on the server"):
        create_channel(actor=MANAGER, name="x", kind="webhook", **values)

    assert outside.MAY_REFER.isdisjoint({"user", "service_key"})


@pytest.mark.django_db
def test_what_was_typed_in_is_named_and_not_written():
    slack = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    create_channel(actor=COMMAND_LINE, name="typed", kind="chat", address=slack)
    create_channel(actor=COMMAND_LINE, name="hook", kind="webhook", address="http://10.0.0.8/x")

    made = export()

    assert [text.split(" of ")[0] for text in made.missing] == ["the signing secret", "the address"]
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in made.text
    assert "[channels.hook]" in made.text
    assert "[channels.typed]" not in made.text
