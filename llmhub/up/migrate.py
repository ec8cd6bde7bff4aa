"""`llmhub migrate`: make or update the database, once, however many replicas run it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from llmhub.cli import show
from llmhub.up import prepare


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `migrate` takes: nothing."""


def run(options: Namespace) -> int:
    """Bring tables, catalog and what llmhub.toml says up to date."""
    config = prepare.prepare_database()
    if config:
        show.line(config)
    owner = prepare.first_owner()
    show.line("The database is up to date.")
    if owner:
        show.line(f"No owner has signed in yet; a link for the first time: llmhub user link {owner.email}")
    return 0
