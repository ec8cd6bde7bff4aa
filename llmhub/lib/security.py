"""What every answer of the console says to the browser, and who a request comes from."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from llmhub.lib import forwarded, rest

Answer = Callable[[HttpRequest], HttpResponse]

# No 'unsafe-inline', no 'unsafe-eval', no other host: what is not a file of ours does not run.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        # The hash is that of nothing: plotly makes an empty <style> and fills it by the CSSOM.
        "style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
        "img-src 'self' data:",  # Tabler draws its check marks as data: images
        "font-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def headers_on_every_answer(get_response: Answer) -> Answer:
    """Middleware, outermost: errors and redirects carry the headers too."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in HEADERS.items():
            response.headers[name] = value
        return response

    return middleware


def refuse_nul(get_response: Answer) -> Answer:
    """Middleware: an address with a NUL letter is answered 400; no database column could hold it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "%00" in request.META.get("QUERY_STRING", "") or "\x00" in request.path:
            message = "The address holds a NUL letter: take it out."
            if request.path.startswith("/api/"):
                return rest.refusal(400, "malformed", message)
            return HttpResponse(message, status=400)
        return get_response(request)

    return middleware


def client_address(request: HttpRequest) -> str:
    """Return the address that the request comes from.

    The gateway relays over a unix socket, which has no address, and names the caller last in
    X-Forwarded-For; a console that is addressed directly believes its trusted proxies only.
    """
    peer = request.META.get("REMOTE_ADDR") or ""
    forwarded_for = request.headers.get("X-Forwarded-For", "")
    if _is_address(peer):
        return forwarded.client(peer, forwarded_for, forwarded.networks(settings.TRUSTED_PROXIES))
    return forwarded_for.rpartition(",")[2].strip()


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
