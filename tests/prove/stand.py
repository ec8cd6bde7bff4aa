"""Where a row is shown: gateways on one kind of database, a simulator, and how large to make it."""

from __future__ import annotations

import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace

from django.core.management import call_command
from django.db import connections
from django.test.utils import override_settings, setup_test_environment, teardown_test_environment

from tests.fixtures.gateway import Gateway, gateways, using
from tests.fixtures.parts import recordings_folder
from tests.fixtures.postgres import PostgresServer, running_postgres
from tests.fixtures.simulator import Simulator, running_simulator

OPEN = SimpleNamespace(unblock=nullcontext)  # nothing blocks the database here


class Stand:
    """What rows are run on. As a context manager: everything that a row starts ends with it."""

    def __init__(self, database: str, *, quick: bool, say=print) -> None:
        self.database = database
        self.quick = quick
        self.say = say
        self._whole = ExitStack()  # for all rows
        self._row = ExitStack()

    def __enter__(self) -> Stand:
        self._row = ExitStack()
        return self

    def __exit__(self, *exc) -> None:
        self._row.close()

    def close(self) -> None:
        """End what all rows share."""
        self._whole.close()

    def size(self, *, quick: int, full: int) -> int:
        """How many of something there are to be."""
        return quick if self.quick else full

    def use(self, context):
        """What a context manager yields, until the row is over."""
        return self._row.enter_context(context)

    def folder(self) -> Path:
        """A folder that is gone when the row is over."""
        return Path(self.use(tempfile.TemporaryDirectory(prefix="prove-")))

    def at_end(self, function) -> None:
        """Call something when the row is over."""
        self._row.callback(function)

    def in_background(self, function) -> None:
        """Run something in a thread that ends before the row does."""
        thread = threading.Thread(target=function)
        thread.start()
        self._row.callback(thread.join)

    @property
    def recordings(self) -> Path:
        """The folder of recorded answers."""
        assert recordings_folder().is_dir(), "no recordings: set LLMHUB_RECORDINGS to their folder"
        return recordings_folder()

    @cached_property
    def simulator(self) -> Simulator:
        """The fake provider."""
        return self._whole.enter_context(running_simulator())

    def gateway(self, *flags: str, **environment: str) -> Gateway:
        """A running gateway with an empty database of its own."""
        new = self._new_postgres if self.database == "postgres" else None
        made = self.use(gateways(self._empty if new is None else Path(), OPEN, new))()
        made.start(*flags, **environment)
        return made

    def twin(self, gateway: Gateway, *flags: str, **environment: str) -> Gateway:
        """Another running gateway on the same database."""
        made = gateway.twin()
        made.start(*flags, **environment)
        self._row.callback(lambda: made.process.poll() is None and made.kill())
        return made

    @contextmanager
    def away(self, gateway: Gateway) -> Iterator[None]:
        """As long as this lasts a gateway cannot write: Postgres is killed, SQLite held by somebody."""
        if self.database == "postgres":
            self._server.kill()
            try:
                yield
            finally:
                self._server.start()
            return
        holder = sqlite3.connect(gateway.home / "llmhub.db", isolation_level=None, timeout=10)
        holder.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            holder.close()

    def hub_database(self, **settings) -> None:
        """An empty database for Django in this process, until the row is over."""
        self.use(using(self._new_url(), OPEN))
        self.use(override_settings(**settings))
        setup_test_environment(debug=False)
        self._row.callback(teardown_test_environment)

    def _new_url(self) -> str:
        if self.database == "postgres":
            return self._new_postgres()
        file = self.folder() / "llmhub.db"
        file.write_bytes(self._empty.read_bytes())
        return f"sqlite:///{file}"

    @cached_property
    def _empty(self) -> Path:
        folder = self._whole.enter_context(tempfile.TemporaryDirectory(prefix="prove-"))
        path = Path(folder) / "llmhub.db"
        self._migrate(f"sqlite:///{path}")
        return path

    @cached_property
    def _server(self) -> PostgresServer:
        return self._whole.enter_context(running_postgres())

    @cached_property
    def _template(self) -> str:
        name = self._server.create()
        self._migrate(self._server.url(name))
        return name

    def _new_postgres(self) -> str:
        return self._server.url(self._server.create(template=self._template))

    def _migrate(self, url: str) -> None:
        with using(url, OPEN):
            call_command("migrate", verbosity=0)
            connections["default"].close()
