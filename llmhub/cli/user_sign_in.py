"""`llmhub user`: how a person signs in, for who lost the phone or a laptop."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import find, show
from llmhub.people import second_factor, sessions


def register(verbs: _SubParsersAction[Any]) -> None:
    """Add `user sessions`, `sign-out` and `second-factor-off`."""
    listing = verbs.add_parser("sessions", help="where a person is signed in, and whether by a second factor")
    listing.add_argument("email")
    show.add_json(listing)
    listing.set_defaults(run=list_sessions)
    out = verbs.add_parser("sign-out", help="end every session of a person")
    out.add_argument("email")
    out.set_defaults(run=sign_out)
    off = verbs.add_parser("second-factor-off", help="take off the second factor that a person lost")
    off.add_argument("email")
    off.set_defaults(run=second_factor_off)


def list_sessions(options: Namespace) -> int:
    """List where a person is signed in."""
    found = (
        {
            "browser": each.browser,
            "address": each.address,
            "by": each.by,
            "signed_in": each.since,
            "last_used": each.seen,
        }
        for each in sessions.sessions_of(find.person(options.email))
    )
    columns = ("browser", "address", "by", "signed_in", "last_used")
    return show.rows(options, found, columns=columns, empty="signed in nowhere")


def sign_out(options: Namespace) -> int:
    """End every session of a person."""
    count = sessions.end_all(actor=COMMAND_LINE, user=find.person(options.email))
    show.line(f"ended {count} session{'s' * (count != 1)} of {options.email}")
    return 0


def second_factor_off(options: Namespace) -> int:
    """Take the second factor off that a person lost; 1 when there is none."""
    if not second_factor.remove_for(actor=COMMAND_LINE, user=find.person(options.email)):
        show.problem(f"{options.email} has no second factor")
        return 1
    show.line(f"took the second factor of {options.email} off and signed them out everywhere")
    return 0
