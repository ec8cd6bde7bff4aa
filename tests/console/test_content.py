"""Pages of content: the switch on the page of a team, and what was said on the page of a request."""

from __future__ import annotations

import json

import pytest

from billing.content_models import CallContent
from billing.content_state import of_team
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock, ids
from tests.billing import rows, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def support():
    return rows.team()


def today() -> str:
    return clock.now().date().isoformat()


def test_an_owner_has_it_kept_and_everybody_sees_that(signed_in, support, swap):
    owner, viewer = signed_in("owner"), signed_in("viewer")
    assert "Prompts and answers are not kept" in viewer.get("/teams/support/content/").text
    assert "content/on/" not in viewer.get("/teams/support/content/").text

    done = owner.post("/teams/support/content/on/", {"until": today(), "reason": "Ticket 12"}, follow=True)

    assert "from the next on" in done.text
    for url in ("/teams/support/content/", "/settings/", "/requests/?team=support"):
        assert "Ticket 12" in viewer.get(url).text
    assert "Ticket 12" not in viewer.get("/requests/").text
    assert "<html" not in viewer.get("/teams/support/content/", headers=swap).text


@pytest.mark.parametrize(
    ("typed", "says"),
    [({"until": "2030-01-01", "reason": "x"}, "at most 90 days"), ({"until": ""}, "required")],
)
def test_what_is_wrong_is_said_at_its_field(signed_in, support, typed, says):
    page = signed_in().post("/teams/support/content/on/", typed)

    assert page.status_code == 422
    assert says in page.text
    assert not of_team(support, now=clock.now()).is_on


@pytest.mark.parametrize("role", ["admin", "viewer"])
@pytest.mark.parametrize("page", ["on", "off"])
def test_others_do_not_switch_it(signed_in, support, role, page):
    answer = signed_in(role).post(
        f"/teams/support/content/{page}/", {"until": today(), "reason": "x", "kept": "x"}
    )

    assert answer.status_code == 403
    assert not of_team(support, now=clock.now()).is_on


@pytest.mark.parametrize(("kept", "left"), [("delete", 0), ("keep", 1)])
def test_the_end_asks_what_becomes_of_what_was_kept(signed_in, support, kept, left):
    said.keep(support)
    said.call(support)
    owner = signed_in()
    assert "1 call whose" in owner.get("/teams/support/content/off/").text

    owner.post("/teams/support/content/off/", {"kept": kept})

    assert CallContent.objects.count() == left
    page = owner.get("/teams/support/content/").text
    assert ("Delete what was kept" in page) is bool(left)


def test_where_it_is_forbidden_it_is_not_offered(signed_in, support, settings):
    settings.CONTENT_ALLOWED = False
    owner = signed_in()

    assert "content/on/" not in owner.get("/teams/support/content/").text
    assert "LLMHUB_CONTENT=off" in owner.get("/settings/").text
    assert "<form method" not in owner.get("/teams/support/content/on/").text.partition("<main")[2]
    refused = owner.post("/teams/support/content/on/", {"until": today(), "reason": "x"})
    assert refused.status_code == 422


def test_the_page_of_a_request_shows_it_escaped_to_who_may_and_writes_that_down(signed_in, support, swap):
    said.keep(support)
    record = said.call(support)
    url = f"/requests/{ids.request_id(record.pk)}/"
    admin = signed_in("admin")
    assert "order 7" not in admin.get(url).text  # one more click, which is written down
    assert f"{url}content/" in admin.get(url).text

    whole, part = admin.get(f"{url}content/"), admin.get(f"{url}content/", headers=swap)

    for page in (whole, part):
        assert "Where is &lt;b&gt;order 7&lt;/b&gt;?" in page.text
        assert "On its way." in page.text
        assert "<b>order" not in page.text
    assert "no-store" in whole.headers["Cache-Control"]
    assert AuditEvent.objects.filter(action="content.viewed", actor="admin@example.com").count() == 2


def test_others_see_that_it_is_there_and_not_what(signed_in, support):
    said.keep(support)
    record = said.call(support)
    url = f"/requests/{ids.request_id(record.pk)}/"
    viewer = signed_in("viewer")

    assert "managers, admins and owners may read it" in viewer.get(url).text
    assert f"{url}content/" not in viewer.get(url).text
    refused = viewer.get(f"{url}content/")
    assert refused.status_code == 403
    assert "order 7" not in refused.text
    assert not AuditEvent.objects.filter(action="content.viewed").exists()


def test_a_request_of_which_nothing_is_kept_says_nothing_about_it(signed_in, support):
    record = said.call(support)
    url = f"/requests/{ids.request_id(record.pk)}/"

    assert "content-title" not in signed_in().get(url).text
    assert signed_in().get(f"{url}content/").status_code == 404


def test_what_was_sealed_with_a_lost_key_is_said_to_be_so(signed_in, support, settings):
    settings.LLMHUB_SECRET_KEYS = ["o" * 40]
    said.keep(support)
    record = said.call(support)
    settings.LLMHUB_SECRET_KEYS = ["n" * 40]

    page = signed_in().get(f"/requests/{ids.request_id(record.pk)}/content/")

    assert page.status_code == 200
    assert "It cannot be opened" in page.text


def test_images_and_tools_are_named_not_shown(signed_in, support):
    said.keep(support)
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 4000}}
    request = {"messages": [{"role": "user", "content": [image]}], "tools": [{"name": "look_up"}]}
    record = said.call(
        support, request=json.dumps(request), answer='data: {"choices":[{"delta":{"content":"A dog"}}]}'
    )

    page = signed_in().get(f"/requests/{ids.request_id(record.pk)}/content/").text

    assert "image, image/png, 3.0 kB, not shown" in page
    assert "<img" not in page.partition("said")[2]
    assert "look_up" in page
    assert "A dog" in page
