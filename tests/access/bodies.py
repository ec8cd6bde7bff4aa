"""What is sent to each address of the table: enough to get past the forms, to who may do it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from llmhub.lib import clock
from tests.access.sides import Side

_ROUTE = {"do": "save", "policy": "cost", "explore_percent": "2", "to": "small-1", "to_weight": "1"}


def bodies(of: Side) -> dict[str, dict[str, Any]]:
    """What is sent about one side; of a GET endpoint, its query."""
    soon = f"{clock.now() + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    return {
        # pages
        "POST people:team_new": {"name": "New team"},
        "POST people:member_set": {"email": of.person.email, "role": "viewer"},
        "POST people:invitation_new": {
            "email": "x@alpha.test", "team": of.slug, "team_role": "viewer", "role": "member", "days": "3",
        },
        "POST people:service_key_new": {"name": "x", "team": of.slug, "role": "viewer"},
        "POST people:person_new": {"email": "x@alpha.test", "role": "viewer"},
        "POST people:person_change": {"role": "viewer"},
        "POST organisation": {"name": "x", "time_zone": "UTC"},
        "POST pause": {"reason": "x"},
        "POST billing:team_content_on": {"until": clock.now().date().isoformat(), "reason": "x"},
        "POST billing:team_content_off": {"kept": "delete"},
        "POST billing:budget_new": {
            "scope": "team", "name": of.slug, "per": "week", "unit": "usd", "cap": "5",
        },
        "POST routing:team_routes_set": {"which": "any"},
        "POST billing:budget_detail": {"cap": "5", "hard": "on"},
        "POST billing:call_rules": {},
        "POST billing:team_rules": {},
        "POST billing:key_new": {"team": of.slug, "name": "x", "person": of.person.email},
        "POST billing:key_assign": {"person": of.person.email},
        "POST billing:key_limit": {"requests_per_minute": "5"},
        "POST billing:key_pause": {"reason": "x"},
        "POST billing:key_reach": {"allowed_models": "small-1"},
        "POST billing:key_rotate": {"overlap_hours": "1"},
        "POST billing:budget_raise": {"cap": "50", "reason": "x"},
        "POST billing:budget_ask": {"cap": "50", "reason": "x"},
        "POST billing:raise_request_decide": {"verdict": "refuse"},
        "POST /api/v1/alerts/{alert_id}/acknowledge": {},
        "POST /api/v1/alerts/{alert_id}/snooze": {"until": soon},
        "POST /api/v1/channels": {"name": "more", "kind": "email", "team": of.slug},
        "PATCH /api/v1/channels/{channel_id}": {"paused": True},
        "POST billing:adjustment_new": {"amount": "-1", "reason": "x", "team": of.slug, "once": "x"},
        "POST /api/v1/adjustments": {"amount": "-1", "reason": "x", "team": of.slug},
        "POST /api/v1/repricings": {
            "provider": "lab", "model": "small-1",
            "since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z",
        },
        "POST /api/v1/exports": {"since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"},
        "POST routing:preflight": {
            "source": "small-1", "target": "large-1", "scope": "team", "name": of.slug, "probe": "free",
        },
        "GET /api/v1/preflights": {"from": "small-1", "to": "large-1", "scope": "team", "name": of.slug},
        "POST /api/v1/preflights": {
            "from": "small-1", "to": "large-1", "scope": "team", "name": of.slug, "probe": "one-call",
        },
        "POST routing:key_test": {"key": of.tokens["gateway"]},
        "POST routing:route_new": {**_ROUTE, "name": "quick"},
        "POST routing:route_change": _ROUTE,
        "POST routing:route_remove": {"name": "support"},
        "POST catalog:alias_add": {"model": "small-1", "name": "quick"},
        "POST catalog:alias_new": {"model": "small-1", "name": "quick"},
        "GET /api/v1/callers": {"alias": "fast"},
        "POST catalog:alias_move": {"model": "small-1", "name": "fast"},
        "POST catalog:alias_remove": {"name": "fast"},
        "POST catalog:model_withdraw": {"model": "small-1"},
        "POST catalog:model_promote": {"model": "small-1"},
        "POST catalog:retirement_set": {"model": "small-1"},
        # endpoints
        "PATCH /api/v1/organisation": {"name": "x"},
        "POST /api/v1/teams": {"name": "New team"},
        "PATCH /api/v1/teams/{slug}": {"name": "x"},
        "POST /api/v1/people": {"email": "x@alpha.test"},
        "PATCH /api/v1/people/{person_id}": {"role": "viewer"},
        "POST /api/v1/service-keys": {"name": "x", "team": of.slug, "role": "viewer"},
        "POST /api/v1/members": {"team": of.slug, "email": of.person.email, "role": "viewer"},
        "PATCH /api/v1/members/{member_id}": {"role": "viewer"},
        "POST /api/v1/invitations": {"email": "x@alpha.test", "team": of.slug},
        "PUT /api/v1/teams/{slug}/content": {"until": clock.now().date().isoformat(), "reason": "x"},
        "POST /api/v1/keys": {"team": of.slug, "name": "x"},
        "PATCH /api/v1/keys/{key_id}": {"paused_reason": "x"},
        "PUT /api/v1/keys/{key_id}/reach": {},
        "POST /api/v1/keys/{key_id}/rotate": {},
        "PUT /api/v1/budgets/{budget_id}/raise": {"cap": "50"},
        "POST /api/v1/budgets/{budget_id}/raise-requests": {"cap": "50", "reason": "x"},
        "POST /api/v1/raise-requests/{request_id}/decide": {"verdict": "refuse"},
        "POST /api/v1/key-tests": {"key": of.tokens["gateway"]},
        "POST /api/v1/budgets": {"scope": "team", "name": of.slug, "per": "week", "cap": "5"},
        "PATCH /api/v1/budgets/{budget_id}": {"cap": "5"},
        "PATCH /api/v1/call-rules": {"default_output_tokens": 5},
        "GET /api/v1/prices": {"model": "small-1"},
        "GET /api/v1/sources": {"model": "small-1"},
        "GET /api/v1/compare": {"model": "small-1"},
        "POST /api/v1/providers": {
            "slug": "x", "name": "x", "kind": "custom", "base_url": "http://127.0.0.1:9/v1",
        },
        "PATCH /api/v1/providers/{slug}": {"name": "x"},
        "PUT /api/v1/providers/{slug}/probes": {"ceiling": "0.5"},
        "PUT /api/v1/teams/{slug}/routes": {"routes": None},
        "POST /api/v1/provider-tests": {"kind": "custom", "base_url": "http://127.0.0.1:9/v1"},
        "POST /api/v1/provider-tests/calls": {
            "kind": "custom", "base_url": "http://127.0.0.1:9/v1", "upstream_id": "x", "input": "0.1",
            "output": "0.1",
        },
        "GET /api/v1/reports/offers": {"model": "small-1"},
        "POST /api/v1/providers/{slug}/credentials": {"label": "second", "secret": "nothing-to-hide-0001"},
        "PUT /api/v1/providers/{slug}/credentials/{label}": {"secret": "nothing-to-hide-0001"},
        "PATCH /api/v1/providers/{slug}/credentials/{label}": {"weight": 2},
        "POST /api/v1/models/{model_id}/promote": {},
        "POST /api/v1/models/{model_id}/check-parameters": {"temperature": 1},
        "POST /api/v1/models": {"id": "x/y"},
        "PATCH /api/v1/models/{model_id}": {"name": "x"},
        "POST /api/v1/offers": {"model": "small-1", "provider": "lab", "upstream_id": "small-2"},
        "POST /api/v1/offers/{provider}/{upstream_id}/prices": {
            "?": "model=small-1", "tiers": [{"input": "1", "output": "1"}],
        },
        "PATCH /api/v1/offers/{provider}/{upstream_id}": {"?": "model=small-1", "rank": 1},
        "DELETE /api/v1/offers/{provider}/{upstream_id}": {"?": "model=small-1"},
        "POST /api/v1/aliases": {"name": "quick", "model": "small-1"},
        "POST /api/v1/routes": {"name": "quick", "targets": [{"model": "small-1"}]},
        "POST /api/v1/route-trials": {"route": "support", "call": {"team": of.slug}},
        "PATCH /api/v1/routes/{name}": {"policy": "cost"},
        "POST /api/v1/inbox/accept": {"ids": [1]},
        "POST /api/v1/explain": {"model": "small-1"},
        "POST /api/v1/inbox/ignore": {"ids": [1]},
        "POST /api/v1/inbox/rules": {"kind": "back", "action": "ignore"},
    }  # fmt: skip
