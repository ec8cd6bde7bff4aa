"""Send plain mail by the server that LLMHUB_SMTP_URL names; without one there is no mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from llmhub.lib import env

_PORTS = {"smtp": 587, "smtps": 465}
_SECONDS = 20
_FORM = "smtp://user:password@host:587?from=llmhub@example.com"


@dataclass(frozen=True)
class Server:
    """Where mail goes out, and what it says it is from."""

    host: str
    port: int
    sender: str
    username: str = ""
    password: str = field(default="", repr=False)
    use_ssl: bool = False  # from the start
    use_tls: bool = False  # STARTTLS


def from_environment() -> str:
    """Return LLMHUB_SMTP_URL. Raises `ValueError` when nothing can be sent by it."""
    url = env.text(
        "LLMHUB_SMTP_URL",
        meaning="the server that mail goes out by: `smtp` uses STARTTLS, `smtps` TLS from the start",
        example=_FORM,
    )
    if url:
        parse(url)
    return url


def parse(url: str) -> Server:
    """Return the server of `smtp://` (STARTTLS, unless `tls=no`) or `smtps://`.

    Raises `ValueError`, without the password.
    """
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in _PORTS or not parts.hostname or port == -1 or "@" not in query.get("from", ""):
        raise ValueError(f"LLMHUB_SMTP_URL cannot be used: write it as {_FORM}")
    return Server(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        sender=query["from"],
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        use_ssl=parts.scheme == "smtps",
        use_tls=parts.scheme == "smtp" and query.get("tls") != "no",
    )


def is_set_up() -> bool:
    """Return whether there is a server to send by."""
    return bool(settings.SMTP_URL)


def send(
    *, to: str | Sequence[str], subject: str, text: str, headers: Mapping[str, str] | None = None
) -> None:
    """Send one mail; of several who get it, none sees who else does.

    Raises `OSError` when the server does not take it.
    """
    server = parse(settings.SMTP_URL)
    connection = get_connection(
        host=server.host,
        port=server.port,
        username=server.username,
        password=server.password,
        use_ssl=server.use_ssl,
        use_tls=server.use_tls,
        timeout=_SECONDS,
    )
    people = [to] if isinstance(to, str) else list(to)
    several = len(people) > 1
    hidden = {"To": "undisclosed-recipients:;"} if several else {}
    EmailMessage(
        subject,
        text,
        from_email=server.sender,
        to=[] if several else people,
        bcc=people if several else [],
        connection=connection,
        headers={**(headers or {}), **hidden},
    ).send()
