"""A method that an endpoint does not have is refused in the API's own shape."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from llmhub.lib.rest import Failure, FailureAnswer

Answer = Callable[[HttpRequest], HttpResponse]


def refuse_methods(answer: Answer) -> Answer:
    """Middleware: put the plain 405 that the framework makes into the envelope of every error."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        if response.status_code != 405 or not request.path.startswith("/api/"):
            return response
        allowed = response.get("Allow", "")
        message = f"{request.method} is not served here" + (f": use {allowed}." if allowed else ".")
        failure = Failure(type="method_not_allowed", code="method_not_allowed", message=message)
        refused = JsonResponse(FailureAnswer(error=failure).model_dump(), status=405)
        if allowed:
            refused["Allow"] = allowed
        return refused

    return respond
