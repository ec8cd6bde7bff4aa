"""Send one message by one channel; no database here, for it runs in threads."""

from __future__ import annotations

import asyncio
import smtplib
from dataclasses import dataclass, field, replace

import aiohttp
from django.conf import settings

from llmhub.alerts import chat, webhook
from llmhub.alerts.message import Message
from llmhub.lib import clock, egress, mail, outside, secrets

PATIENCE = 15.0  # seconds for one message


class NotTaken(Exception):
    """The message was not taken; `for_good` where sending it again is of no use."""

    def __init__(self, message: str, *, for_good: bool = False) -> None:
        super().__init__(message)
        self.for_good = for_good


@dataclass(frozen=True)
class Way:
    """A channel as its sender needs it."""

    kind: str
    address: str
    sealed: str = ""
    address_ref: str = ""
    secret_ref: str = ""
    recipients: tuple[str, ...] = ()
    secret: str = field(default="", repr=False)  # once it was opened


def send(way: Way, message: Message) -> None:
    """Send a message. Raises `NotTaken`."""
    try:
        {"email": _mail, "webhook": _post, "chat": _chat}[way.kind](_opened(way), message)
    except (secrets.Undecryptable, outside.Unreadable) as gone:
        raise NotTaken(str(gone)) from None


def _opened(way: Way) -> Way:
    """Return the same with what its references name. Raises `Unreadable`, and `Undecryptable`."""
    secret = secrets.decrypt(way.sealed) if way.sealed else ""
    if way.secret_ref:
        secret = outside.read(way.secret_ref, what="signing secret")
        if not webhook.is_secret(secret):
            raise outside.Unreadable(f"{way.secret_ref} holds no signing secret: it begins with whsec_")
    if not way.address_ref:
        return replace(way, secret=secret)
    address = outside.read(way.address_ref, what="address")
    is_chat = way.kind == "chat"
    return replace(way, address=way.address if is_chat else address, secret=address if is_chat else secret)


def _mail(way: Way, message: Message) -> None:
    if not settings.SMTP_URL:
        raise NotTaken("no mail server is set: set LLMHUB_SMTP_URL and restart")
    if not way.recipients:
        raise NotTaken(
            "nobody would get it: give the channel an e-mail address, or somebody the role of owner"
        )
    domain = mail.parse(settings.SMTP_URL).sender.rpartition("@")[2].rstrip(">")
    headers = {"Message-ID": f"<{message.id}@{domain}>", "Auto-Submitted": "auto-generated"}
    subject = f"[llmhub] {message.headline}"
    try:
        mail.send(to=way.recipients, subject=subject, text=message.body, headers=headers)
    except (OSError, smtplib.SMTPException) as error:
        raise NotTaken(f"the mail server did not take it: {_said(error)}") from None


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        text = (
            error.smtp_error.decode(errors="replace")
            if isinstance(error.smtp_error, bytes)
            else error.smtp_error
        )
        return f"{error.smtp_code} {text}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "it refuses every recipient"
    return str(error) or type(error).__name__


def _post(way: Way, message: Message) -> None:
    asyncio.run(_post_signed(way, message))


async def _post_signed(way: Way, message: Message) -> None:
    """Post to a receiver; nothing of its answer is kept but the status."""
    body = message.document()
    headers = webhook.headers(way.secret, message_id=message.id, at=clock.now(), body=body)
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    try:
        async with (
            egress.session(egress.policy(loopback=False)) as session,
            session.post(
                way.address, data=body, headers=headers, allow_redirects=False, timeout=timeout
            ) as answer,
        ):
            status = answer.status
    except TimeoutError:
        raise NotTaken(f"it did not answer within {PATIENCE:.0f} s") from None
    except egress.EgressRefused as refused:
        raise NotTaken(str(refused)) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        refused_ = _refusal_in(error)
        raise NotTaken(refused_ or f"it cannot be reached: {type(error).__name__}") from None
    _judge(status)


def _refusal_in(error: BaseException | None) -> str:
    """Return what llmhub itself refused, where the library wrapped it."""
    while error is not None:
        if isinstance(error, egress.EgressRefused):
            return str(error)
        error = error.__cause__ or getattr(error, "os_error", None)
    return ""


def _judge(status: int) -> None:
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise NotTaken(f"it answered {status}: give the address it sends to, redirects are not followed")
    if status == 410:
        raise NotTaken("it answered 410: it is gone, give another address", for_good=True)
    raise NotTaken(f"it answered {status}")


def _chat(way: Way, message: Message) -> None:
    try:
        taken = chat.send(way.secret, title=message.headline, text=message.body, tone=message.tone)
    except chat.NotAService as refused:
        raise NotTaken(str(refused), for_good=True) from None
    if not taken:
        raise NotTaken(f"{way.address} did not take it: check that the address is still in force there")
