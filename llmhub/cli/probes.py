"""`llmhub provider probes`: billed probes of a provider, which are off until they are switched on."""

from __future__ import annotations

from argparse import Namespace, _SubParsersAction
from typing import Any

from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import find, show
from llmhub.lib import clock
from providers.probe_amount import OFF
from providers.probe_ceiling import set_ceiling
from routing.probe_read import probes_of


def register(verbs: _SubParsersAction[Any]) -> None:
    """Add `provider probes`."""
    probes = verbs.add_parser("probes", help="small billed calls where there are no others; off by default")
    probes.add_argument("slug")
    which = probes.add_mutually_exclusive_group()
    which.add_argument("--ceiling", metavar="USD", help="switch them on; they cost this a day at most")
    which.add_argument("--off", action="store_true", help="make none")
    show.add_json(probes)
    probes.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Switch them on or off where that is asked for, and say how they stand."""
    provider = find.provider(options.slug)
    if options.ceiling is not None or options.off:
        set_ceiling(actor=COMMAND_LINE, provider=provider, ceiling=OFF if options.off else options.ceiling)
    found = probes_of(find.provider(options.slug), clock.now())
    row = {
        "provider": provider.slug,
        "ceiling": found.ceiling or OFF,
        "spent_today": found.spent,
        "calls_today": found.today.calls,
    }
    return show.rows(options, [row], columns=tuple(row), empty="")
