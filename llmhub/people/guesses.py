"""How often somebody may guess: passwords, codes, addresses.

A guess is counted before it is looked at, so that many at once are as slow as one after another; a
right one is taken back. The counts live in this process: with several consoles each counts for itself.
"""

from __future__ import annotations

import ipaddress
import math

from django.http import HttpRequest

from llmhub.lib import clock
from llmhub.lib.limiter import Limiter
from llmhub.lib.security import client_address

WINDOW = 300.0  # seconds
DAY = 86_400.0  # seconds
Counts = tuple[tuple[Limiter, str], ...]

PER_PERSON_AND_PLACE = Limiter(limit=5, window=WINDOW)
PER_PLACE = Limiter(limit=20, window=WINDOW)
PER_PERSON = Limiter(limit=50, window=WINDOW)
CODES = Limiter(limit=5, window=WINDOW)  # of a second factor: three of a million codes are right
CODES_A_DAY = Limiter(limit=30, window=DAY)
CURRENT_PASSWORDS = Limiter(limit=5, window=WINDOW)  # asked for by the profile
LINKS_ASKED = Limiter(limit=3, window=3600.0)
EVERY = (PER_PERSON_AND_PLACE, PER_PLACE, PER_PERSON, CODES, CODES_A_DAY, CURRENT_PASSWORDS, LINKS_ASKED)


class TooManyTries(Exception):
    """Too many wrong guesses; `wait` says for how many seconds."""

    def __init__(self, wait: float) -> None:
        self.wait = math.ceil(wait)
        super().__init__(f"Too many tries. Wait {self.words}, or ask an owner for help.")

    @property
    def words(self) -> str:
        """The wait in words."""
        minutes = math.ceil(self.wait / 60)
        if minutes > 90:
            return f"{math.ceil(minutes / 60)} hours"
        return "a minute" if minutes == 1 else f"{minutes} minutes"


def place_of(request: HttpRequest) -> str:
    """Return where a request comes from: its address, of IPv6 the network that one household has."""
    address = client_address(request)
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else address


def take(counts: Counts) -> None:
    """Count a guess. Raises `TooManyTries` when one of the counts is full: then it must not be looked at."""
    now = clock.unix_ms() / 1000
    if (wait := max(limiter.wait(subject, now) for limiter, subject in counts)) > 0:
        raise TooManyTries(wait)
    for limiter, subject in counts:
        limiter.fail(subject, now)


def take_back(counts: Counts) -> None:
    """Uncount the last guess: it was right."""
    for limiter, subject in counts:
        limiter.take_back(subject)
