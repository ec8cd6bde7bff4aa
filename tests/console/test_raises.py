"""Asking for more and deciding, in the console and the API."""

from __future__ import annotations

import pytest

from billing.models import Budget
from billing.raise_models import RaiseRequest
from tests.console.test_budgets import made, spend

pytestmark = pytest.mark.django_db


def test_a_viewer_asks_and_an_admin_approves_in_two_clicks(signed_in, team):
    budget = made()
    spend(budget, spent=10 * 10**9)
    viewer, admin = signed_in("viewer"), signed_in("admin")

    asked = viewer.post(f"/budgets/{budget.pk}/ask/", {"cap": "25", "until": "", "reason": "launch week"})
    list_page = admin.get("/budgets/requests/").text
    request_id = RaiseRequest.objects.get().pk
    done = admin.post(f"/budgets/requests/{request_id}/", {"verdict": "approve", "note": "fine"}, follow=True)

    assert asked.status_code == 302
    assert "launch week" in list_page
    assert "Raised to" in done.text
    assert "$15.00" in done.text  # left
    assert Budget.objects.get().cap == 10 * 10**9
    history = admin.get(f"/budgets/{budget.pk}/history/").text
    assert "Approved 25" in history
    assert "launch week" in history


def test_who_may_only_look_cannot_decide(signed_in, team):
    budget = made()
    signed_in("viewer").post(f"/budgets/{budget.pk}/ask/", {"cap": "25", "reason": "launch week"})
    request_id = RaiseRequest.objects.get().pk

    refused = signed_in("viewer").post(f"/budgets/requests/{request_id}/", {"verdict": "approve"})

    assert refused.status_code == 403
    assert Budget.objects.get().raised_cap is None


def test_a_form_with_a_lower_cap_says_so_at_its_field(signed_in, team):
    budget = made()

    page = signed_in("admin").post(f"/budgets/{budget.pk}/raise/", {"cap": "5"})

    assert page.status_code == 422
    assert "not more than the cap" in page.text


def test_an_end_is_taken_by_the_clock_of_the_budget(signed_in, team):
    budget = made(time_zone="Asia/Tokyo")
    year = budget.created_at.year + 1

    signed_in("admin").post(f"/budgets/{budget.pk}/raise/", {"cap": "25", "until": f"{year}-01-01T09:00"})

    budget.refresh_from_db()
    assert budget.raised_until % 86_400 == 0  # nine in Tokyo is midnight in UTC


def test_programs_raise_ask_and_decide(api_as, team):
    budget = made()
    admin = api_as("admin")

    raised = admin.put(f"/budgets/{budget.pk}/raise", cap="25")
    ended = admin.delete(f"/budgets/{budget.pk}/raise")
    asked = admin.post(f"/budgets/{budget.pk}/raise-requests", cap="30", reason="x")
    listed = admin.get("/raise-requests?state=open")
    decided = admin.post(f"/raise-requests/{asked.json()['id']}/decide", verdict="refuse")

    assert (raised.json()["raised_cap"], raised.json()["left"]) == ("25", "25")
    assert ended.json()["raised_cap"] is None
    assert [row["cap"] for row in listed.json()["data"]] == ["30"]
    assert decided.json()["state"] == "refused"
