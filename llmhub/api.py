"""The management API at /api/v1: every app's endpoints, and errors in one shape."""

from __future__ import annotations

import json
import logging
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError
from ninja.errors import ValidationError as BadInput
from ninja.openapi.docs import Swagger

from billing.adjustment_api import router as adjustment_router
from billing.api import router as billing_router
from billing.budget_api import router as budget_router
from billing.budget_history_api import router as budget_history_router
from billing.content_api import router as content_router
from billing.export_api import router as export_router
from billing.key_reach_api import router as key_reach_router
from billing.raise_api import router as raise_router
from billing.spend_api import router as spend_router
from billing.supply_api import router as supply_router
from billing.usage_api import router as usage_router
from catalog.api import router as catalog_router
from catalog.breaker_api import router as breaker_router
from catalog.discovery_api import router as discovery_router
from catalog.history_api import router as history_router
from catalog.inbox_api import router as inbox_router
from catalog.latency_api import router as latency_router
from catalog.listing_api import router as listing_router
from catalog.parameter_api import router as parameter_router
from llmhub.add_provider.api import router as add_provider_router
from llmhub.alerts.api import router as alerts_router
from llmhub.config import BadFile
from llmhub.config.api import router as config_router
from llmhub.lib.away import is_away
from llmhub.lib.rest import BadQuery, Failure, FailureAnswer
from llmhub.people.api import router as people_router
from llmhub.people.api_access import ServiceKeyBearer, Session, documented
from llmhub.people.member_api import router as member_router
from llmhub.people.organisation_api import router as organisation_router
from llmhub.people.roles import NotAllowed
from llmhub.people.sign_in_api import router as sign_in_router
from providers.api import router as providers_router
from providers.credential_api import router as credentials_router
from routing.api import router as routing_router
from routing.callers_api import router as callers_router
from routing.explain_api import router as explain_router
from routing.preflight_api import router as preflight_router
from routing.probe_api import router as probe_router
from routing.route_api import router as route_router
from routing.route_trial_api import router as route_trial_router
from routing.team_routes_api import router as team_routes_router

logger = logging.getLogger(__name__)


class ApiPage(Swagger):
    """The page of the API, with what the library brings along, nothing from other servers.

    The library is no app of Django's: a gateway, which has no API, would load it, 18 MB.
    """

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        """Return the page."""
        said = json.dumps({**self.settings, "url": self.get_openapi_url(api, kwargs)})
        return render(request, self.template, {"swagger_settings": said, "api": api, "add_csrf": True})


api = NinjaAPI(
    title="llmhub",
    version="1",
    description="Everything that the console can do. Money is a decimal string in USD.",
    auth=[ServiceKeyBearer(), Session()],
    docs=ApiPage(),
    docs_decorator=documented,
)
api.add_router("", organisation_router, tags=["organisation"])
api.add_router("", people_router, tags=["people"])
api.add_router("", sign_in_router, tags=["people"])
api.add_router("", member_router, tags=["people"])
api.add_router("", providers_router, tags=["providers"])
api.add_router("", credentials_router, tags=["providers"])
api.add_router("", add_provider_router, tags=["providers"])
api.add_router("", listing_router, tags=["providers"])
api.add_router("", supply_router, tags=["providers"])
api.add_router("", breaker_router, tags=["providers"])
api.add_router("", probe_router, tags=["providers"])
api.add_router("", discovery_router, tags=["discovery"])  # first: a model's id may hold slashes
api.add_router("", inbox_router, tags=["discovery"])
api.add_router("", parameter_router, tags=["catalog"])  # before the paths of models, which end in anything
api.add_router("", catalog_router, tags=["catalog"])
api.add_router("", history_router, tags=["catalog"])
api.add_router("", latency_router, tags=["providers"])
api.add_router("", billing_router, tags=["keys"])
api.add_router("", key_reach_router, tags=["keys"])
api.add_router("", budget_router, tags=["budgets"])
api.add_router("", raise_router, tags=["budgets"])
api.add_router("", budget_history_router, tags=["budgets"])
api.add_router("", routing_router, tags=["keys"])
api.add_router("", preflight_router, tags=["catalog"])
api.add_router("", callers_router, tags=["catalog"])
api.add_router("", route_router, tags=["routes"])
api.add_router("", team_routes_router, tags=["routes"])
api.add_router("", route_trial_router, tags=["routes"])
api.add_router("", usage_router, tags=["usage"])
api.add_router("", explain_router, tags=["usage"])
api.add_router("", spend_router, tags=["usage"])
api.add_router("", export_router, tags=["usage"])
api.add_router("", adjustment_router, tags=["usage"])
api.add_router("", alerts_router, tags=["alerts"])
api.add_router("", content_router, tags=["usage"])
api.add_router("", config_router, tags=["configuration"])


def _answer(request: HttpRequest, status: int, code: str, message: str, **more: Any) -> HttpResponse:
    failure = Failure(type=code, code=code, message=message, **more)
    return api.create_response(request, FailureAnswer(error=failure).model_dump(), status=status)


@api.exception_handler(AuthenticationError)
def _not_signed_in(request: HttpRequest, exc: AuthenticationError) -> HttpResponse:
    remedies = ["send `Authorization: Bearer llms_…`, a service key made on the Settings page or here"]
    return _answer(request, 401, "not_signed_in", "This needs a service key or a session.", remedies=remedies)


@api.exception_handler(NotAllowed)
@api.exception_handler(PermissionDenied)
def _not_allowed(request: HttpRequest, exc: Exception) -> HttpResponse:
    return _answer(request, 403, "not_allowed", str(exc) or "your role does not allow this")


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, exc: Http404) -> HttpResponse:
    said = str(exc)
    if not said or said.endswith("matches the given query."):  # Django's words name a class of ours
        said = f"There is nothing at {request.path}: list what is there first."
    return _answer(request, 404, "not_found", said)


@api.exception_handler(RequestDataTooBig)
def _too_large(request: HttpRequest, exc: RequestDataTooBig) -> HttpResponse:
    return _answer(request, 413, "too_large", "The body is larger than 1 MiB: send less at once.")


@api.exception_handler(BadQuery)
def _bad_query(request: HttpRequest, exc: BadQuery) -> HttpResponse:
    return _answer(request, 422, "invalid", str(exc))


@api.exception_handler(BadInput)
def _bad_input(request: HttpRequest, exc: BadInput) -> HttpResponse:
    findings = [{"param": _param(error["loc"]), "message": error["msg"]} for error in exc.errors]
    first = findings[0] if findings else {"param": "", "message": "the request cannot be read"}
    message = f"{first['param']}: {first['message']}".lstrip(": ")
    return _answer(request, 422, "invalid", message, param=first["param"], details={"findings": findings})


@api.exception_handler(BadFile)
def _bad_file(request: HttpRequest, exc: BadFile) -> HttpResponse:
    first, findings = exc.findings[0], [vars(finding) for finding in exc.findings]
    return _answer(
        request, 422, "invalid", str(exc), param=first.path or None, details={"findings": findings}
    )


def _param(location: tuple[str | int, ...]) -> str:
    """Return the name a caller knows: `("body", "body", "name")` is `name`."""
    parts = [str(part) for part in location[1:]]
    return ".".join(parts[1:] if location[0] == "body" and len(parts) > 1 else parts)


@api.exception_handler(ValidationError)
def _refused_by_rules(request: HttpRequest, exc: ValidationError) -> HttpResponse:
    fields = exc.message_dict if hasattr(exc, "error_dict") else {"": exc.messages}
    findings = [{"param": name, "message": text} for name, texts in fields.items() for text in texts]
    first = findings[0]
    return _answer(
        request,
        422,
        "invalid",
        first["message"],
        param=first["param"] or None,
        details={"findings": findings},
    )


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, exc: HttpError) -> HttpResponse:
    code = {400: "malformed", 403: "not_allowed"}.get(exc.status_code, "refused")
    return _answer(request, exc.status_code, code, exc.message)


def _database_away(request: HttpRequest, exc: Exception) -> HttpResponse:
    logger.error("the database does not answer: %s", exc)
    message = "The database does not answer. Try again in a moment; nothing was changed."
    answer = _answer(request, 503, "database_unavailable", message, retryable=True, retry_after=2)
    answer["Retry-After"] = "2"
    return answer


@api.exception_handler(Exception)
def _our_fault(request: HttpRequest, exc: Exception) -> HttpResponse:
    if is_away(exc):
        return _database_away(request, exc)
    logger.exception("an endpoint failed", exc_info=exc)
    return _answer(request, 500, "internal", "llmhub failed here; the log has the details.", retryable=True)
