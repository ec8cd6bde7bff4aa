"""docker-compose.yml: exactly its commands and environment, as processes on real Postgres and Valkey."""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from types import SimpleNamespace

import psycopg
import pytest

from tests.compose import deployment, file, load
from tests.fixtures.hub import ROOT
from tests.fixtures.postgres import running_postgres

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]
MODEL = "acme/small-1"


@pytest.fixture(scope="module")
def stack(simulator):
    """The deployment, with a provider, a model, a team and a key made through the management API."""
    with running_postgres() as postgres, deployment.running(simulator.url, postgres) as running:
        service_key = running.run("service-key", "create", "--name", "test", "--role", "admin").split()[-1]
        api = Api(running.gateways[0].url, service_key)
        api("/providers", slug="sim", name="Sim", base_url=simulator.path(), needs_credential=False)
        api("/models", id=MODEL, name="Small", context_tokens=100_000)
        api(
            "/offers",
            model=MODEL,
            provider="sim",
            upstream_id="sim-small",
            prices=[{"input": "1.5", "output": "6"}],
        )
        team = api("/teams", name="Writers")["slug"]
        key = api("/keys", team=team, name="test")["key"]
        urls = [gateway.url for gateway in running.gateways]
        running.until(lambda: all(knows(url, key) for url in urls), what="both gateways know the key")
        yield SimpleNamespace(running=running, api=api, key=key, urls=urls, postgres=postgres)


class Api:
    """The management API, asked as a proxy in front of a gateway would."""

    def __init__(self, url: str, service_key: str) -> None:
        self.url, self.service_key = url, service_key

    def __call__(self, path: str, **body):
        request = urllib.request.Request(f"{self.url}/api/v1{path}", headers=BROWSER)
        request.add_header("authorization", f"Bearer {self.service_key}")
        if body:
            request.data = json.dumps(body).encode()
            request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())


BROWSER = {"host": deployment.PUBLIC, "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.7"}


def knows(url: str, key: str) -> bool:
    request = urllib.request.Request(f"{url}/v1/models/{MODEL}", headers={"authorization": f"Bearer {key}"})
    try:
        return urllib.request.urlopen(request, timeout=5).status == 200
    except urllib.error.HTTPError:
        return False


def page(url: str, path: str, *, within: float = 10) -> tuple[int, float]:
    """The status of a page, and the seconds it took."""
    began = time.monotonic()
    try:
        request = urllib.request.Request(url + path, headers=BROWSER)
        with urllib.request.urlopen(request, timeout=within) as answer:
            return answer.status, time.monotonic() - began
    except urllib.error.HTTPError as error:
        return error.code, time.monotonic() - began


def make_calls(stack, *, count: int, clients: int = 8, urls=None) -> list[load.Outcome]:
    return load.calls(
        urls or stack.urls, stack.key, MODEL, clients=clients,
        goes_on=lambda done: done <= count - clients,
    )  # fmt: skip


def recorded(stack) -> list[tuple[str, str]]:
    """(request id, status) of every call."""
    from llmhub.lib import ids

    with psycopg.connect(stack.running.one("console").environment["DATABASE_URL"]) as connection:
        rows = connection.execute("SELECT id, status FROM billing_usagerecord WHERE refusals = 0").fetchall()
    return [(ids.request_id(row[0]), row[1]) for row in rows]


def leases(stack) -> int:
    with psycopg.connect(stack.running.one("console").environment["DATABASE_URL"]) as connection:
        return connection.execute("SELECT COUNT(*) FROM billing_worker").fetchone()[0]


# --- the file --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["LLMHUB_SECRET_KEYS", "LLMHUB_PUBLIC_URL", "LLMHUB_ALLOWED_HOSTS", "POSTGRES_PASSWORD"]
)
def test_no_secret_has_a_default(name):
    variables = deployment.variables("http://127.0.0.1:1") | {name: ""}

    with pytest.raises(file.Missing, match=name):
        file.read(variables)


def test_only_the_gateways_are_reached_from_outside_and_everything_has_a_health_check():
    services = file.read(deployment.variables("http://127.0.0.1:1"))

    assert [name for name, service in services.items() if "ports" in service] == ["gateway"]
    assert [name for name, service in services.items() if "healthcheck" not in service] == ["migrate"]
    assert services["gateway"]["deploy"]["replicas"] == 2
    assert "replicas" not in services["beat"].get("deploy", {})


# --- the deployment --------------------------------------------------------------------------------


def test_a_call_through_one_gateway_has_its_cost_in_the_api_behind_the_other(stack):
    (made,) = make_calls(stack, clients=1, count=1, urls=stack.urls[1:])

    usage = json.loads(made.text)["usage"]
    shown = stack.api(f"/usage/{made.request_id}")
    assert made.status == 200
    assert Decimal(shown["cost"]) * 10**9 == usage["prompt_tokens"] * 1500 + usage["completion_tokens"] * 6000


def test_pages_come_through_the_relay_and_plain_http_is_sent_to_https(stack):
    assert page(stack.urls[0], "/sign-in/")[0] == 200
    request = urllib.request.Request(f"{stack.urls[0]}/sign-in/", headers={"host": deployment.PUBLIC})
    opener = urllib.request.build_opener(NoRedirect)
    with pytest.raises(urllib.error.HTTPError) as caught:
        opener.open(request, timeout=5)
    assert caught.value.headers["location"] == f"https://{deployment.PUBLIC}/sign-in/"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def test_two_gateways_record_each_call_once_under_an_id_of_its_own(stack):
    outcomes = make_calls(stack, count=200)

    ids = [outcome.request_id for outcome in outcomes]
    assert {outcome.status for outcome in outcomes} == {200}
    assert len(ids) == len(set(ids)) == 200
    assert len([row for row in recorded(stack) if row[0] in set(ids)]) == 200
    assert leases(stack) == 2


def test_the_production_settings_are_without_a_warning(stack):
    checked = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env=stack.running.one("console").environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (checked.returncode, checked.stdout.strip()) == (
        0,
        "System check identified no issues (0 silenced).",
    ), checked.stderr


@pytest.mark.parametrize("command", ["gateway", "console", "worker", "beat", "migrate"])
def test_without_secrets_a_process_refuses_to_start_and_says_what_is_missing(stack, command):
    environment = stack.running.one("console").environment
    without = {name: value for name, value in environment.items() if name != "LLMHUB_SECRET_KEYS"}

    refused = subprocess.run(
        [sys.executable, "-P", "-m", "llmhub", command], env=without, capture_output=True, text=True, cwd=ROOT
    )

    assert refused.returncode == 2
    assert "LLMHUB_PROFILE=production needs LLMHUB_SECRET_KEYS" in refused.stderr


def test_any_number_of_replicas_may_migrate_at_the_same_time(stack):
    """Without `_alone` in llmhub/up/prepare.py all but one fail: the tables are there already."""
    container = stack.running.one("migrate")
    environment = container.environment | {"DATABASE_URL": stack.postgres.url(stack.postgres.create())}
    running = [
        subprocess.Popen(container.command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
        for _ in range(3)
    ]

    assert [process.wait(60) for process in running] == [0, 0, 0]


def test_a_frozen_redis_leaves_pages_bounded_and_calls_alone(stack):
    redis, worker = stack.running.one("redis"), stack.running.one("worker")
    before = [outcome.seconds for outcome in make_calls(stack, clients=1, count=30)]
    redis.process.send_signal(signal.SIGSTOP)
    try:
        pages = [page(stack.urls[0], "/sign-in/") for _ in range(8)]
        during = [outcome.seconds for outcome in make_calls(stack, clients=1, count=30)]
    finally:
        redis.process.send_signal(signal.SIGCONT)

    slowest, calls = max(seconds for _, seconds in pages), statistics.median(during)
    print(f"redis frozen: slowest page {slowest:.2f} s, median call {calls * 1000:.0f} ms")
    assert {status for status, _ in pages} == {200}
    assert slowest < 2
    assert calls < statistics.median(before) * 2 + 0.02
    stack.running.until(worker.is_healthy, within=40, what="the worker is well again")


def test_a_reload_fails_no_call_and_cuts_no_stream(stack):
    """Without TCP_DEFER_ACCEPT in llmhub/up/serve.py fresh connections are lost.

    Without `Front.leave` kept ones are.
    """
    gateway = stack.running.gateways[0]
    outcomes: dict[str, list[load.Outcome]] = {}
    end = time.monotonic() + 6.5

    def run(name, **options):
        outcomes[name] = load.calls(
            [gateway.url], stack.key, MODEL, clients=3, goes_on=lambda _: time.monotonic() < end, **options
        )

    threads = [
        threading.Thread(target=run, args=("short",)),
        threading.Thread(target=run, args=("kept",), kwargs={"keep": True}),
        threading.Thread(target=run, args=("streams",), kwargs={"keep": True, "stream": True}),
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    gateway.process.send_signal(signal.SIGHUP)
    for thread in threads:
        thread.join()

    print("reload: " + ", ".join(f"{len(found)} {name}" for name, found in outcomes.items()))
    calls = outcomes["short"] + outcomes["kept"]
    assert [outcome for outcome in calls if outcome.status != 200] == []
    assert [outcome for outcome in outcomes["streams"] if not outcome.is_whole] == []
    assert min(map(len, outcomes.values())) > 30
    assert "Stopped old worker-1" in gateway.log


def test_while_postgres_is_away_nothing_is_unauthorised_free_or_lost(stack):
    outcomes: list[load.Outcome] = []
    over, end = threading.Event(), time.monotonic() + 30
    thread = threading.Thread(
        target=lambda: outcomes.extend(
            load.calls(
                stack.urls,
                stack.key,
                MODEL,
                clients=6,
                goes_on=lambda _: not over.is_set() and time.monotonic() < end,
            )
        )
    )
    thread.start()
    time.sleep(1)
    stack.postgres.kill()
    killed = time.monotonic()
    # All six may be at an end, which waits for Postgres longer than it is away: these two only begin.
    with ThreadPoolExecutor() as pool:
        begun = pool.submit(
            load.calls, stack.urls, stack.key, MODEL, clients=2, goes_on=lambda done: not done
        )
        status, took = page(stack.urls[0], "/sign-in/")
        late = begun.result()
    time.sleep(max(0, killed + 6.5 - time.monotonic()))
    stack.postgres.start()
    back = time.monotonic()
    over.wait(4)
    over.set()
    thread.join()

    outcomes += late
    refused = [outcome for outcome in outcomes if outcome.status != 200]
    unwritten = [
        outcome for outcome in refused if "not_written_yet" in outcome.text
    ]  # who tries again pays twice
    served = {each.request_id for each in outcomes if each.status == 200 or each in unwritten}
    ends = [outcome.began + outcome.seconds for outcome in outcomes if outcome.status == 200]
    after = min(end for end in ends if end > back) - back
    print(f"postgres away {back - killed:.1f} s: {len(outcomes)} calls, {len(refused)} refused")
    print(f"first success {after:.2f} s after it is back; a page took {took:.1f} s: {status}")
    assert refused
    assert {outcome.status for outcome in refused} == {503}
    assert all(outcome.retry_after for outcome in refused if outcome not in unwritten)
    assert after <= 5
    assert served <= {request_id for request_id, state in recorded(stack) if state == "ok"}
    assert (status in {200, 503}, took < 8) == (True, True)
    stack.running.until(lambda: page(stack.urls[0], "/sign-in/")[0] == 200, within=5, what="pages are back")


def test_every_process_ends_in_an_orderly_way(stack):
    running = [
        container
        for name, containers in stack.running.containers.items()
        if name not in {"migrate", "redis"}
        for container in containers
    ]

    assert {container.name: container.stop() for container in running} == dict.fromkeys(
        ("gateway", "console", "worker", "beat"), 0
    )
    assert leases(stack) == 0
