"""Make, change, test and remove channels. Secrets are sealed; a signing secret is shown once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from llmhub.alerts import address as addresses
from llmhub.alerts import chat, outbox, webhook
from llmhub.alerts import quiet as quiet_hours
from llmhub.alerts.finding import RULES
from llmhub.alerts.models import Channel, Delivery
from llmhub.alerts.sending import send_now
from llmhub.audit import log
from llmhub.audit.actor import Actor
from llmhub.lib import clock, outside, secrets, zones
from llmhub.lib.reference import is_reference
from llmhub.people import organisation
from llmhub.people.models import Team
from llmhub.people.roles import allowed, require

_KEPT: Any = object()  # a value that stays as it is


@transaction.atomic
def create_channel(
    *,
    actor: Actor,
    name: str,
    kind: str,
    address: str = "",
    team: Team | None = None,
    rules: Iterable[str] = (),
    quiet: str = "",
    time_zone: str = "",
    secret: str = "",
    from_file: bool = False,
) -> tuple[Channel, str]:
    """Save a channel; return it with its signing secret, which only a webhook has.

    Who manages a team makes channels of it. Where the address of a webhook or chat, or the `secret` of a
    webhook, is kept outside, it is a reference, and no secret is made. Raises `ValidationError` on an
    address that cannot be told, on a reference from who may give none, and on a name that is taken.
    """
    _require(actor, team.pk if team else None)
    channel = Channel(
        name=name.strip(),
        kind=kind,
        team=team,
        rules=_rules(rules),
        quiet=_quiet(quiet),
        time_zone=_zone(time_zone),
        from_file=from_file,
        created_by=actor.label,
    )
    channel.clean_fields(exclude=["address", "sealed"])
    _refuse_second(channel)
    _address(actor, channel, address)
    made = _secret(actor, channel, secret)
    channel.save()
    log.record(actor, "channel.created", _subject(channel), after=_facts(channel))
    return channel, made


@transaction.atomic
def change_channel(
    *,
    actor: Actor,
    channel: Channel,
    name: str = _KEPT,
    address: str = _KEPT,
    team: Team | None = _KEPT,
    rules: Iterable[str] = _KEPT,
    paused: bool = _KEPT,
    quiet: str = _KEPT,
    time_zone: str = _KEPT,
    secret: str = _KEPT,
    from_file: bool = _KEPT,
) -> Channel:
    """Save what is given; the rest stays. Raises `ValidationError` as making one does."""
    row = _there(channel, actor)
    before = _facts(row)
    was = row.address, row.address_ref, row.sealed
    if address is not _KEPT:
        _address(actor, row, address)
    if secret is not _KEPT and secret != row.secret_ref:
        _secret(actor, row, secret)
    if team is not _KEPT:
        _require(actor, team.pk if team else None)
        row.team = team
    _set(row, name=name, rules=rules, paused=paused, quiet=quiet, time_zone=time_zone, from_file=from_file)
    row.clean_fields(exclude=["address", "sealed"])
    _refuse_second(row)
    moved = (row.address, row.address_ref, row.sealed) != was
    if moved or _facts(row) != before:
        row.save()
        told = {"address": "another one"} if moved else {}
        log.record(actor, "channel.changed", _subject(row), before=before, after=_facts(row) | told)
        outbox.move_held(row, clock.now())
    return row


@transaction.atomic
def new_secret(*, actor: Actor, channel: Channel) -> str:
    """Give a webhook another signing secret and return it; the old one signs nothing any more.

    Raises `ValidationError` where a channel has none.
    """
    row = _there(channel, actor)
    if row.kind != Channel.Kind.WEBHOOK:
        raise ValidationError("only a signed webhook has a secret")
    if row.secret_ref:
        raise ValidationError(f"its secret is kept in {row.secret_ref}: change it there")
    secret = _new_secret()
    row.sealed = secrets.encrypt(secret)
    row.save(update_fields=["sealed"])
    log.record(actor, "channel.secret_changed", _subject(row), after={"name": row.name})
    return secret


@transaction.atomic
def remove_channel(*, actor: Actor, channel: Channel) -> None:
    """Tell a channel nothing any more; its deliveries stay on record."""
    _require(actor, channel.team_id)
    now = clock.now()
    if not Channel.objects.there().filter(pk=channel.pk).update(removed_at=now, sealed=""):
        return
    waits = (Delivery.State.WAITING, Delivery.State.HELD)
    waiting = Delivery.objects.filter(channel=channel, state__in=waits)
    waiting.update(state=Delivery.State.FAILED, ended_at=now, error="the channel was removed")
    log.record(actor, "channel.removed", _subject(channel), before=_facts(channel))


def test_channel(*, actor: Actor, channel: Channel) -> Delivery:
    """Send a test message now, whether the channel is paused or not, and return what became of it.

    One that is not taken is not sent again: somebody is there to see it.
    """
    row = send_now(outbox.write_test(_there_now(channel, actor)))
    if row.state == Delivery.State.WAITING:
        Delivery.objects.filter(pk=row.pk).update(state=Delivery.State.FAILED, ended_at=clock.now())
        row.refresh_from_db()
    return row


def send_again(*, actor: Actor, delivery: Delivery) -> bool:
    """Let a message that was given up be sent anew; False: it was not given up."""
    _require(actor, delivery.channel.team_id)
    return bool(outbox.send_again([delivery], clock.now()))


def may_change(actor: Actor, channel: Channel) -> bool:
    """Return whether `actor` may change a channel: who manages its team, or the hub."""
    if channel.team_id is None:
        return allowed(actor, "configure")
    return allowed(actor, "manage", team=channel.team_id)


def require_change(actor: Actor, channel: Channel) -> None:
    """Raise `NotAllowed` unless `actor` may change a channel."""
    _require(actor, channel.team_id)


def _require(actor: Actor, team_id: int | None) -> None:
    if team_id is None:
        require(actor, "configure")
    else:
        require(actor, "manage", team=team_id)


def _there(channel: Channel, actor: Actor) -> Channel:
    row = Channel.objects.select_for_update().get(pk=channel.pk)
    if row.removed_at is not None:
        raise ValidationError("this channel was removed: make another")
    _require(actor, row.team_id)
    return row


def _there_now(channel: Channel, actor: Actor) -> Channel:
    with transaction.atomic():
        return _there(channel, actor)


def _set(row: Channel, **values: Any) -> None:
    """Set what is given, as it is kept."""
    kept: dict[str, Callable[[Any], Any]] = {
        "name": str.strip,
        "rules": _rules,
        "quiet": _quiet,
        "time_zone": _zone,
    }
    for field, value in values.items():
        if value is not _KEPT:
            setattr(row, field, kept.get(field, bool)(value))


def _secret(actor: Actor, channel: Channel, reference: str) -> str:
    """Set what a webhook signs with: a new secret, which is returned, or what a reference names."""
    if channel.kind != Channel.Kind.WEBHOOK:
        if reference:
            raise ValidationError({"secret": "only a signed webhook has a secret"})
        return ""
    channel.secret_ref = _reference(actor, "secret", reference) if reference else ""
    made = "" if reference else _new_secret()
    channel.sealed = secrets.encrypt(made) if made else ""
    return made


def _reference(actor: Actor, field: str, reference: str) -> str:
    try:
        return outside.checked(reference, kind=actor.kind)
    except ValueError as wrong:
        raise ValidationError({field: str(wrong)}) from None


def _address(actor: Actor, channel: Channel, address: str) -> None:
    """Set where it sends to; the URL of a chat is a secret as a whole."""
    if is_reference(address.strip()) and channel.kind != Channel.Kind.EMAIL:
        channel.address, channel.address_ref = "", _reference(actor, "address", address)
        if channel.kind == Channel.Kind.CHAT:
            channel.sealed = ""
        return
    channel.address_ref = ""
    kept = addresses.checked(channel.kind, address, is_later=actor.kind == "file")
    if channel.kind == Channel.Kind.CHAT:
        channel.address, channel.sealed = chat.service_of(kept), secrets.encrypt(kept)
        return
    if len(kept) > 500:
        raise ValidationError({"address": "this is longer than 500 letters"})
    channel.address = kept


def _rules(words: Iterable[str]) -> list[str]:
    wanted = set(words)
    if unknown := sorted(wanted - RULES.keys()):
        raise ValidationError({"rules": f"no rule is called {unknown[0][:40]!r}: use {', '.join(RULES)}"})
    return [word for word in RULES if word in wanted]


def _quiet(text: str) -> str:
    try:
        return str(quiet_hours.parse(text) or "")
    except ValueError as wrong:
        raise ValidationError({"quiet": str(wrong)}) from None


def _zone(name: str) -> str:
    found = name or organisation.current().time_zone
    if wrong := zones.fault(found):
        raise ValidationError({"time_zone": wrong})
    return found


def _refuse_second(channel: Channel) -> None:
    if Channel.objects.there().filter(name=channel.name).exclude(pk=channel.pk).exists():
        raise ValidationError({"name": "a channel of this name is there already: choose another"})


def _new_secret() -> str:
    return webhook.secret_of(os.urandom(32))


def _subject(channel: Channel) -> str:
    return f"channel:{channel.pk}"


def _facts(channel: Channel) -> dict[str, Any]:
    """Return a channel for the audit log, without what is secret."""
    return {
        "name": channel.name,
        "kind": channel.kind,
        "address": addresses.shown(channel),
        "team": channel.team.slug if channel.team else None,
        "rules": channel.rules,
        "paused": channel.paused,
        "secret": channel.secret_ref,
        "quiet": channel.quiet,
        "time_zone": channel.time_zone,
        "from_file": channel.from_file,
    }
