"""`llmhub up`: serve everything until Ctrl-C."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from django.conf import settings

from llmhub.demo import fill, setting
from llmhub.demo.own_home import be_a_demo
from llmhub.up import home, ready
from llmhub.up.apart import Ended, run_apart
from llmhub.up.keep import Plan, become, complain, say
from llmhub.up.prepare import Prepared, prepare
from llmhub.up.processes import embedded_redis, live_calls, specs

_LOOPBACK = ("127.", "::1", "localhost")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `up` takes."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: %(default)s)")
    parser.add_argument(
        "--demo", action="store_true", help="a home of its own, filled with simulated traffic"
    )


def run(options: Namespace) -> int:
    """Prepare everything and become what serves it; 1 when it cannot start."""
    if options.demo:
        be_a_demo()
    try:
        lock = home.take(settings.HOME)
        ready.claim(options.host, options.port)
        plan, environment = _plan(options)
    except (home.HomeTaken, ready.PortTaken, Ended, FileNotFoundError) as exc:
        complain(str(exc))
        return 1
    except KeyboardInterrupt:  # before anything was started
        say("Stopped.")
        return 1
    return become(plan, environment, lock=lock)


def _plan(options: Namespace) -> tuple[Plan, dict[str, str]]:
    """Return what is to run, and in which environment, once the home is ready for it."""
    say("Preparing …")
    prepared = run_apart(prepare)
    if prepared.config:
        say(prepared.config)
    simulator_port = _prepare_demo() if settings.DEMO else None
    address = _told("LLMHUB_PUBLIC_URL") or ready.url(options.host, options.port)
    home.remember_address(settings.HOME, address, listening=ready.url(options.host, options.port))
    found = specs(host=options.host, port=options.port, simulator_port=simulator_port)
    keys = settings.HOME / setting.KEYS
    if options.demo and keys.exists() and ready.nearby(options.host).startswith(_LOOPBACK):
        found.append(live_calls(ready.url(options.host, options.port), keys))
    if not _told("REDIS_URL"):
        found.insert(0, embedded_redis(settings.SOCKETS / "valkey.sock", settings.HOME / "valkey"))
    logs = settings.HOME / "logs"
    logs.mkdir(exist_ok=True, mode=0o700)
    plan = Plan(
        found,
        logs=str(logs),
        host=options.host,
        port=options.port,
        console=str(settings.CONSOLE_SOCKET),
        welcome=_welcome(options, address, prepared),
        first=(sys.executable, "-P", "-m", "llmhub.demo.checked") if options.demo else (),
    )
    return plan, _environment(address, _reach(simulator_port))


def _reach(simulator_port: int | None) -> dict[str, str]:
    """Return the setting by which a demo's webhooks reach its simulator."""
    if simulator_port is None:
        return {}
    return {"LLMHUB_EGRESS_ALLOW": ",".join([*settings.EGRESS_ALLOW, f"127.0.0.1:{simulator_port}"])}


def _environment(address: str, more: dict[str, str]) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "llmhub.settings",
        "LLMHUB_HOME": str(settings.HOME),
        "LLMHUB_PUBLIC_URL": address,
        **more,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(settings.BASE_DIR), _told("PYTHONPATH")))),
    }


def _prepare_demo() -> int:
    """Fill the database once and return the port of the simulated providers, while it is free the same."""
    note: Path = settings.HOME / "simulator-port"
    if not note.exists():
        say("Writing two months of demo traffic …")
    port = ready.port_or_another(int(note.read_text()) if note.exists() else 0)
    note.write_text(f"{port}\n")
    run_apart(lambda: fill.prepare(ready.url("127.0.0.1", port)))
    return port


def _welcome(options: Namespace, address: str, prepared: Prepared) -> str:
    kind = " with demo data" if settings.DEMO else ""
    lines = [
        f"\nllmhub is ready{kind}.\n",
        f"  Console   {address}/",
        f"  Gateway   {address}/v1",
        f"  Data      {settings.HOME}",
    ]
    if prepared.sign_in:
        here = f"LLMHUB_HOME={settings.HOME} " if settings.DEMO else ""
        another = f"{here}./run user link {prepared.sign_in.email}"
        lines += [
            f"\n  Sign in   {address}{prepared.sign_in.path}",
            f"            works once, within the hour; another one: {another}",
        ]
    if not options.host.startswith(_LOOPBACK) and not _told("LLMHUB_PUBLIC_URL"):
        lines.append(
            "\n  To open the console from other machines, set LLMHUB_PUBLIC_URL to the address they use."
        )
    return "\n".join([*lines, "\nCtrl-C stops everything."])


def _told(name: str) -> str:
    """Return what the environment says, as against what settings made of its silence."""
    return os.environ.get(name, "").strip()
