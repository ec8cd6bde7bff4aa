"""The `llmhub` command: exit 0 on success, 1 on a negative answer, 2 on wrong usage."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import DatabaseError

from llmhub.cli import (
    alert,
    alias,
    audit,
    breaker,
    budget,
    call_rules,
    channel,
    config,
    demo,
    doctor,
    explain,
    export,
    inbox,
    invitation,
    key,
    model,
    pause,
    preflight,
    process,
    provider,
    report_tags,
    request,
    route,
    service_key,
    show,
    spend,
    team,
    user,
)
from llmhub.people.roles import NotAllowed

NOUNS = (
    process,
    demo,
    config,
    model,
    inbox,
    provider,
    breaker,
    alias,
    preflight,
    route,
    team,
    key,
    budget,
    call_rules,
    alert,
    channel,
    request,
    explain,
    spend,
    export,
    report_tags,
    user,
    invitation,
    service_key,
    audit,
    pause,
    doctor,
)


def parser() -> ArgumentParser:
    """Return the whole command line."""
    top = ArgumentParser(prog="llmhub", description="The hub between services and LLM providers.")
    commands = top.add_subparsers(dest="noun", required=True, metavar="COMMAND")
    for noun in NOUNS:
        noun.register(commands)
    return top


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; a negative answer is said on standard error."""
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except ValidationError as refusal:
        show.problem("; ".join(refusal.messages))
    except (ObjectDoesNotExist, NotAllowed, ValueError) as refusal:
        show.problem(str(refusal))
    except DatabaseError as trouble:
        show.problem(
            f"the database does not answer as it should ({trouble}): start the hub once with `./run up`, "
            "or check DATABASE_URL and LLMHUB_HOME"
        )
    except BrokenPipeError:
        pass
    return 1
