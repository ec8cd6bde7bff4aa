"""The `llmhub` command: exit 0 on success, 1 on a negative answer, 2 on wrong usage."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from importlib import import_module

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import DatabaseError

from llmhub.cli import show
from llmhub.people.roles import NotAllowed

# Each module of this package and the words it registers, as `llmhub --help` lists them.
NOUNS = {
    "process": ("up", "migrate", "gateway", "console", "worker", "beat", "bench"),
    "demo": ("demo",),
    "config": ("config",),
    "model": ("model",),
    "inbox": ("inbox",),
    "provider": ("provider",),
    "breaker": ("breaker",),
    "alias": ("alias",),
    "preflight": ("preflight",),
    "route": ("route",),
    "team": ("team",),
    "key": ("key",),
    "budget": ("budget",),
    "call_rules": ("call-rules",),
    "alert": ("alert",),
    "channel": ("channel",),
    "request": ("request",),
    "explain": ("explain",),
    "spend": ("spend", "savings", "movers"),
    "export": ("export",),
    "adjustment": ("adjustment",),
    "report_tags": ("report-tags",),
    "user": ("user",),
    "invitation": ("invitation",),
    "service_key": ("service-key",),
    "audit": ("audit",),
    "pause": ("pause", "resume"),
    "doctor": ("doctor",),
}


def parser(word: str = "") -> ArgumentParser:
    """Return the command line of one word, or the whole of it when the word is none of ours.

    All modules together take half a second to load, which nobody should wait for to run one of them.
    """
    top = ArgumentParser(prog="llmhub", description="The hub between services and LLM providers.")
    commands = top.add_subparsers(dest="noun", required=True, metavar="COMMAND")
    for name in [name for name, words in NOUNS.items() if word in words] or NOUNS:
        import_module(f"llmhub.cli.{name}").register(commands)
    return top


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; a negative answer is said on standard error."""
    options = parser(*arguments[:1]).parse_args(arguments)
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
