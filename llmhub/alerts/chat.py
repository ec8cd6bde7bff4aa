"""Slack, Teams and others, by the library `apprise`: only services whose host nobody can choose.

The library is not behind llmhub's own way out (llmhub/lib/egress.py), so an address that names a host
is refused; the signed webhook reaches any other receiver. It loads slowly: not before it is used.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from django.conf import settings

# The name of the library's class, and what people call the service; each has its host in its code.
SERVICES = {
    "NotifySlack": "Slack",
    "NotifyWorkflows": "Microsoft Teams",
    "NotifyDiscord": "Discord",
    "NotifyGoogleChat": "Google Chat",
    "NotifyWebexTeams": "Webex",
    "NotifyTelegram": "Telegram",
    "NotifyPagerDuty": "PagerDuty",
    "NotifyOpsgenie": "Opsgenie",
    "NotifyPushover": "Pushover",
}
SCHEMES = (
    "slack", "workflow", "workflows", "discord", "gchat", "wxteams", "webex", "tgram", "pagerduty",
    "opsgenie", "pover",
)  # fmt: skip
# A Teams workflow names its host, which is always one of these.
_TEAMS_HOST = re.compile(r"[a-z0-9.-]+\.(logic\.azure\.com|api\.powerplatform\.com)")
_PASTED = (  # addresses as these services show them, which the library reads, too
    "https://hooks.slack.com/", "https://discord.com/api/webhooks/", "https://chat.googleapis.com/",
    "https://api.ciscospark.com/", "https://webexapis.com/",
)  # fmt: skip
# What marks text up in one of them: other words for a link, a call to everybody. Who asks for more writes
# some of it, and Telegram takes no message with a `<` that opens nothing.
_MARKED = re.compile(r"[<>]|\](?=\()|@(?=everyone\b|here\b|channel\b|all\b)")
_INSTEAD = {"<": "\u2039", ">": "\u203a", "]": "] ", "@": "@ "}
USE_WEBHOOK = "use the signed webhook for any other receiver"


class NotAService(ValueError):
    """This address is of no service that may be told; the message says what to do."""


def service_of(url: str) -> str:
    """Return what people call the service of an address. Raises `NotAService`."""
    return SERVICES[type(_opened(url)).__name__]


def send(url: str, *, title: str, text: str, tone: str) -> bool:
    """Tell a service; return whether it took it. Raises `NotAService`."""
    kinds = {"good": "success", "critical": "failure"}
    kind = kinds.get(tone, "warning")
    return bool(_opened(url).notify(body=plain(text), title=plain(title), notify_type=kind))


def plain(text: str) -> str:
    """Return a text in which these services find nothing but words and plain links."""
    return _MARKED.sub(lambda found: _INSTEAD[found[0]], text)


def _opened(url: str) -> Any:
    """Return the library's object of an address that may be told."""
    known = ", ".join(dict.fromkeys(SERVICES.values()))
    if not _is_allowed(url):
        raise NotAService(f"this is no address of {known}: copy it as the service shows it, or {USE_WEBHOOK}")
    library = _library()
    found = library.Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True)
    if type(found).__name__ not in SERVICES:
        raise NotAService(f"this address cannot be read as one of {known}: copy it anew, or {USE_WEBHOOK}")
    if not found.verify_certificate:
        raise NotAService("this address turns the check of certificates off: take verify=no out")
    if type(found).__name__ == "NotifyWorkflows" and not _is_of_teams(found):
        raise NotAService(f"a Teams workflow is at logic.azure.com or api.powerplatform.com: {USE_WEBHOOK}")
    return found


def _is_allowed(url: str) -> bool:
    scheme, _, rest = url.partition("://")
    if scheme.lower() != "https":
        return scheme.lower() in SCHEMES
    host = rest.partition("/")[0].lower().removesuffix(":443")
    return url.startswith(_PASTED) or bool(_TEAMS_HOST.fullmatch(host))


def _is_of_teams(found: Any) -> bool:
    return bool(_TEAMS_HOST.fullmatch(str(found.host).lower())) and found.port in (None, 443)


@lru_cache(maxsize=1)
def _library() -> Any:
    import apprise

    return apprise


def _asset() -> Any:
    """Return how llmhub is called there; nothing is kept on disk and no plugin is loaded from it."""
    return _library().AppriseAsset(
        app_id="llmhub", app_desc="llmhub", app_url=settings.PUBLIC_URL, async_mode=False, plugin_paths=[]
    )
