"""The pages of teams and people."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from billing.key import create_key
from llmhub.audit.actor import COMMAND_LINE
from llmhub.audit.models import AuditEvent
from llmhub.lib import clock
from llmhub.people.membership import set_member
from llmhub.people.models import SignInLink, Team, User
from llmhub.people.person import activate_user, change_role, create_user, deactivate_user, make_link
from llmhub.people.team import create_team
from tests.billing import rows
from tests.console.test_budgets import made as budget_made
from tests.console.test_budgets import spend

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(signed_in):
    signed_in("owner")  # so that ada is not the only owner
    return create_user(actor=COMMAND_LINE, email="ada@example.com", name="Ada", role="admin")


def test_a_team_is_made_and_leads_to_its_first_key(signed_in):
    page = signed_in("admin").post("/teams/add/", {"name": "Search & Ads"}, follow=True).text

    assert Team.objects.get().slug == "search-ads"
    assert "Make its first key" in page
    assert "/keys/add/?team=search-ads" in page


def test_a_taken_team_is_refused_at_its_field(signed_in, team):
    response = signed_in("admin").post("/teams/add/", {"name": "Support"})

    assert response.status_code == 422
    assert 'id="id_slug_error">This is taken: choose another.' in response.text


def test_a_team_with_a_long_name_gets_a_short_name_that_fits(db):
    assert len(create_team(actor=COMMAND_LINE, name="very " * 19).slug) <= 64


def test_the_page_of_a_team_fetches_its_keys_and_links_to_them(signed_in, team, swap):
    create_key(actor=COMMAND_LINE, team=team, name="bot")
    client = signed_in("viewer")

    page = client.get("/teams/support/").text

    assert 'hx-get="/keys/?team=support"' in page
    assert '<a href="/keys/?team=support">' in page
    assert "bot" in client.get("/keys/?team=support", headers=swap).text


def test_teams_are_found_by_name_in_a_fixed_number_of_queries(signed_in, swap, django_assert_num_queries):
    for number in range(60):
        create_team(actor=COMMAND_LINE, name=f"Team {number:02}")
    client = signed_in("viewer")

    with django_assert_num_queries(5):  # session, person, their teams, organisation, teams
        first = client.get("/teams/").text
    part = client.get("/teams/?q=team 07", headers=swap).text

    assert "Next page" in first
    assert part.strip().startswith('<div id="team-table">')
    assert "Team 07" in part
    assert "Team 08" not in part


def test_a_viewer_makes_no_team(signed_in):
    assert signed_in("viewer").post("/teams/add/", {"name": "x"}).status_code == 403
    assert not Team.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "admin"])
@pytest.mark.parametrize("path", ["/people/", "/people/add/", "/people/1/link/", "/people/1/change/"])
def test_people_are_for_owners_only(signed_in, role, path):
    client = signed_in(role)

    response = (
        client.post(path, {"role": "owner"}) if path.endswith(("link/", "change/")) else client.get(path)
    )

    assert response.status_code == 403
    assert not SignInLink.objects.exists()


def test_a_new_person_gets_a_link_that_is_shown_once(signed_in):
    owner = signed_in("owner")

    made = owner.post("/people/add/", {"email": "Ada@Example.com", "name": "Ada", "role": "admin"})

    link = made.text.split('id="sign-in-link" value="')[1].split('"')[0]
    assert "no-store" in made["Cache-Control"]
    assert link not in owner.get("/people/").text
    assert User.objects.get(name="Ada").role == "admin"
    path = "/" + link.split("/", 3)[3]
    browser = Client()
    browser.post(path)
    assert browser.get("/keys/").status_code == 200


def test_a_taken_address_is_refused_at_its_field(signed_in, ada):
    response = signed_in("owner").post("/people/add/", {"email": ada.email, "role": "viewer"})

    assert response.status_code == 422
    assert 'id="id_email_error">This is taken: choose another.' in response.text


def test_a_deactivated_person_is_signed_out_everywhere(signed_in, ada):
    browser, owner = Client(), signed_in("owner")
    browser.force_login(ada, backend="django.contrib.auth.backends.ModelBackend")
    make_link(actor=COMMAND_LINE, user=ada)
    before = browser.get("/keys/").status_code

    owner.post(f"/people/{ada.pk}/change/", {"do": "deactivate"})

    after = browser.get("/keys/")
    assert (before, after.status_code) == (200, 302)
    assert after["Location"].startswith("/sign-in/")
    assert not SignInLink.objects.exists()
    assert AuditEvent.objects.first().action == "user.deactivated"


def test_sessions_stay_dead_when_the_person_comes_back(ada):
    browser = Client()
    browser.force_login(ada, backend="django.contrib.auth.backends.ModelBackend")

    deactivate_user(actor=COMMAND_LINE, user=ada)
    activate_user(actor=COMMAND_LINE, user=ada)

    assert User.objects.get(pk=ada.pk).is_active
    assert browser.get("/keys/").status_code == 302


@pytest.mark.parametrize("change", ["deactivate", "role"])
def test_the_last_owner_stays(signed_in, change):
    owner = signed_in("owner")
    last = User.objects.get(role="owner")
    values = {"do": "deactivate"} if change == "deactivate" else {"role": "viewer"}

    page = owner.post(f"/people/{last.pk}/change/", values, follow=True).text

    assert "is the only owner who can sign in: make another owner first" in page
    last.refresh_from_db()
    assert (last.is_active, last.role) == (True, "owner")


def test_a_role_is_changed_once_and_audited(ada):
    change_role(actor=COMMAND_LINE, user=ada, role="viewer")
    change_role(actor=COMMAND_LINE, user=ada, role="viewer")

    assert User.objects.get(pk=ada.pk).role == "viewer"
    event = AuditEvent.objects.get(action="user.role_changed")
    assert (event.before, event.after) == ({"role": "admin"}, {"role": "viewer"})


def test_an_unknown_role_is_refused(ada):
    with pytest.raises(ValidationError):
        change_role(actor=COMMAND_LINE, user=ada, role="emperor")


def test_the_list_of_people_takes_a_fixed_number_of_queries(signed_in, ada, django_assert_num_queries):
    for number in range(55):
        create_user(actor=COMMAND_LINE, email=f"p{number}@example.com")
    owner = signed_in("owner")

    with django_assert_num_queries(4):  # session, person, organisation, people
        page = owner.get("/people/").text

    assert "Next page" in page
    assert "(you)" not in page or page.count("(you)") == 1


def test_a_forged_form_changes_no_person(signed_in, ada):
    forged = signed_in("owner", enforce_csrf_checks=True)

    assert forged.post(f"/people/{ada.pk}/change/", {"role": "owner"}).status_code == 403
    assert forged.post(f"/people/{ada.pk}/link/").status_code == 403
    assert User.objects.get(pk=ada.pk).role == "admin"


@pytest.mark.parametrize(("role", "offered"), [("viewer", False), ("admin", False), ("owner", True)])
def test_the_menu_offers_people_to_owners_only(signed_in, role, offered):
    assert ('href="/people/"' in signed_in(role).get("/keys/").text) == offered


def test_a_team_without_keys_leads_to_its_first_one(signed_in, team, swap):
    part = signed_in("admin").get("/keys/?team=support", headers=swap).text

    assert "No keys yet" in part
    assert 'href="/keys/add/?team=support"' in part


def test_the_list_of_teams_shows_what_each_spent_and_its_tightest_budget(
    signed_in, swap, django_assert_max_num_queries
):
    teams = [create_team(actor=COMMAND_LINE, name=name) for name in ("Support", "Search", "Quiet")]
    rows.usage(clock.now(), team_id=teams[0].pk, cost_nano=3 * 10**9)
    rows.usage(clock.now(), team_id=teams[1].pk, cost_nano=5 * 10**9)
    for per, spent in (("month", 9), ("total", 2)):
        spend(budget_made(name="support", per=per), spent=spent * 10**9)
    address = "/team-figures/?team=quiet&amp;team=search&amp;team=support&amp;"

    assert f'hx-get="{address}"' in signed_in("viewer").get("/teams/").text
    viewer = signed_in("viewer")
    with django_assert_max_num_queries(14):  # however many teams there are
        cells = viewer.get(address.replace("&amp;", "&"), headers=swap).text
    page = signed_in("viewer").get("/team-figures/").text

    spent, left = (cell(cells, f"team-{what}-support") for what in ("spent", "budget"))
    assert "$3.00" in spent
    assert "team=support" in spent
    assert "$1.00" in left
    assert "90 %" in left
    assert "no budget" in cell(cells, "team-budget-search")
    assert "$0.00" in cell(cells, "team-spent-quiet")
    assert [name in page for name in ("Support", "$5.00", "90 %")] == [True] * 3


def test_the_figures_of_a_team_are_for_who_sees_it(signed_in, swap):
    """The negative control is the team that they are in."""
    own, other = (create_team(actor=COMMAND_LINE, name=name) for name in ("Own", "Other"))
    for team in (own, other):
        rows.usage(clock.now(), team_id=team.pk, cost_nano=7 * 10**9)
    client = signed_in("member")
    set_member(actor=COMMAND_LINE, team=own, user=User.objects.get(email="member@example.com"), role="viewer")

    cells = client.get("/team-figures/?team=own&team=other", headers=swap).text

    assert "$7.00" in cell(cells, "team-spent-own")
    assert "other" not in cells


def cell(text: str, name: str) -> str:
    """What comes for one cell."""
    return text.split(f'id="{name}"')[1].split('<div id="team-')[0]
