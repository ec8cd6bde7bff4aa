"""The `llmhub` command: what it prints, and its exit codes."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from billing.models import ApiKey
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock, ids, secrets
from llmhub.people import organisation
from llmhub.people.models import ServiceKey, User
from llmhub.people.person import use_link
from tests.billing import rows

pytestmark = pytest.mark.django_db


def test_a_key_is_printed_alone_so_that_a_script_can_take_it(llmhub):
    llmhub("team", "create", "Support")

    code, out, err = llmhub("key", "create", "--team", "support", "--name", "bot")

    assert code == 0
    assert ApiKey.objects.get().digest == secrets.digest(out.strip())
    assert "not shown again" in err


def test_a_program_reads_json(llmhub):
    llmhub("team", "create", "Support")
    made = json.loads(llmhub("key", "create", "--team", "support", "--name", "bot", "--json")[1])

    listed = json.loads(llmhub("key", "list", "--json")[1])

    assert made["key"].startswith("llmh_")
    assert [key["id"] for key in listed] == [made["id"]]
    assert made["key"] not in json.dumps(listed)


def test_a_key_is_found_by_its_first_letters_and_ended(llmhub):
    llmhub("team", "create", "Support")
    token = llmhub("key", "create", "--team", "support", "--name", "bot")[1].strip()

    assert llmhub("key", "pause", token[:10], "leaked?")[0] == 0
    assert ApiKey.objects.get().paused_reason == "leaked?"
    assert llmhub("key", "resume", token[:10])[0] == 0
    assert llmhub("key", "revoke", token[:10])[0] == 0
    assert ApiKey.objects.get().revoked_at


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("key", "create", "--team", "nobody", "--name", "x"), "no team 'nobody'"),
        (("key", "revoke", "999"), "no keys fit"),
        (("user", "link", "nobody@example.com"), "nobody has the address"),
        (("team", "create", "☃"), "short name"),
        (("user", "create", "no-address"), "valid email"),
        (("pause", "  "), "say why"),
        (("service-key", "revoke", "7"), "no service key 7"),
        (
            ("service-key", "create", "--name", "ci", "--expires", "9999-12-31T23:59-14:00"),
            "a hundred years ahead",
        ),
        (("service-key", "create", "--name", "ci", "--expires", "2020-01-01"), "this moment has passed"),
    ],
)
def test_a_negative_answer_is_said_on_standard_error_with_exit_code_1(llmhub, words, says):
    code, out, err = llmhub(*words)

    assert (code, out) == (1, "")
    assert says in err


@pytest.mark.parametrize(
    "words",
    [(), ("team",), ("nonsense",), ("key", "create", "--team", "t", "--name", "n", "--expires", "soon")],
)
def test_wrong_usage_is_exit_code_2(llmhub, words):
    assert llmhub(*words)[0] == 2


def test_a_new_person_gets_a_link_that_works(llmhub):
    code, out, _ = llmhub("user", "create", "ana@example.com", "--role", "admin")

    address = urlsplit(out.splitlines()[-1])
    assert code == 0
    assert use_link(address.path.strip("/").split("/")[-1]) == User.objects.get(email="ana@example.com")


def test_everything_is_paused_with_a_reason_and_resumed(llmhub):
    llmhub("pause", "bill too high")
    assert organisation.current().paused_reason == "bill too high"

    llmhub("resume")

    assert organisation.current().paused_reason == ""


def test_a_service_key_is_made_listed_and_revoked(llmhub):
    token = llmhub("service-key", "create", "--name", "ci", "--role", "admin")[1].strip()
    key = ServiceKey.objects.get(digest=secrets.digest(token))

    assert "ci" in llmhub("service-key", "list")[1]
    assert llmhub("service-key", "revoke", str(key.pk))[0] == 0
    key.refresh_from_db()
    assert key.revoked_at


def test_the_audit_log_says_that_the_command_line_did_it(llmhub):
    llmhub("team", "create", "Support")

    event = AuditEvent.objects.get(action="team.created")
    assert (event.actor_kind, event.actor) == ("command", "command line")


def test_a_list_without_rows_says_what_to_do_next(llmhub):
    assert "key create" in llmhub("key", "list")[1]


def test_a_person_is_given_a_role_deactivated_and_let_in_again(llmhub):
    llmhub("user", "create", "boss@example.com", "--role", "owner")
    llmhub("user", "create", "ana@example.com")
    ana = User.objects.get(email="ana@example.com")

    assert llmhub("user", "role", "ana@example.com", "admin")[0] == 0
    assert llmhub("user", "deactivate", "ana@example.com")[0] == 0
    ana.refresh_from_db()
    assert (ana.role, ana.is_active) == ("admin", False)
    assert llmhub("user", "activate", "ana@example.com")[0] == 0
    assert "only owner" in llmhub("user", "deactivate", "boss@example.com")[2]


def test_a_team_is_renamed(llmhub):
    llmhub("team", "create", "Support")

    assert "Help desk" in llmhub("team", "rename", "support", "Help desk")[1]


def test_report_tags_are_set_listed_and_bounded(llmhub):
    assert llmhub("report-tags", "set", "customer", "env")[0] == 0
    assert json.loads(llmhub("report-tags", "list", "--json")[1]) == [{"tag": "customer"}, {"tag": "env"}]

    assert llmhub("report-tags", "set", "a", "b", "c", "d")[0] == 1

    assert "customer, env" in llmhub("report-tags", "set", "customer", "env")[1]
    assert "no tag" in llmhub("report-tags", "set")[1]


def test_a_person_reads_words_where_a_program_reads_an_object(llmhub):
    record = rows.usage(clock.now(), key_id=rows.key(rows.team()).pk, tags={"task": "triage"})

    shown = llmhub("request", "show", ids.request_id(record.pk))[1]

    assert "task triage" in shown
    assert "{" not in shown


def test_a_name_gives_the_terminal_no_orders(llmhub):
    rows.key(rows.team(), name="bot\x1b[2J\x9b2J")

    shown = llmhub("key", "list")[1]

    assert "bot\ufffd[2J" in shown
    assert not {"\x1b", "\x9b"} & set(shown)
