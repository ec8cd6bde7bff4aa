"""Pure: what was held back in quiet hours, as one message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

FIRING, RESOLVED = "firing", "resolved"


@dataclass(frozen=True)
class Held:
    """One transition that a channel was not told of yet."""

    alert: int  # its id
    state: str
    at: datetime
    title: str
    text: str
    url: str  # of the page that shows it


def title_of(held: Sequence[Held]) -> str:
    """Return the first line: how many fire still, and how many are over."""
    last = _last(held)
    fires = sum(each.state == FIRING for each in last)
    over = len(last) - fires
    parts = [f"{fires} {'alert fires' if fires == 1 else 'alerts fire'}"] * bool(fires)
    parts += [f"{over} {'is' if over == 1 else 'are'} over"] * bool(over)
    return f"While it was quiet: {', '.join(parts)}"


def text_of(held: Sequence[Held], zone: ZoneInfo) -> str:
    """Return each alert once, as it stands, those that fire first."""
    last = _last(held)
    ordered = sorted(last, key=lambda each: each.state != FIRING)
    return "\n\n".join(
        f"{_standing(each, held, zone)}: {each.title}\n{each.text}\n{each.url}" for each in ordered
    )


def _last(held: Sequence[Held]) -> list[Held]:
    """Return the last transition of each alert, in the order in which they were first held."""
    return list({each.alert: each for each in held}.values())


def _standing(each: Held, held: Sequence[Held], zone: ZoneInfo) -> str:
    """Return how one alert stands, with the times of its zone."""
    since = next((one.at for one in held if one.alert == each.alert and one.state == FIRING), each.at)
    begin, clock = f"{since.astimezone(zone):%H:%M}", f"{each.at.astimezone(zone):%H:%M}"
    if each.state == FIRING:
        return f"Firing since {begin}"
    return f"Over since {clock}" if since is each.at else f"Was so from {begin} to {clock}"
