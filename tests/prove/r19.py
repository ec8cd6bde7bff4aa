"""R-19: the breaker against its model, and through gateways: what opens it, what does not, who is called."""

from __future__ import annotations

import random
import time

import openai

from providers.breaker import IN_A_ROW
from tests.fixtures.valkey import ValkeyServer
from tests.prove import calls
from tests.prove.row import Figures
from tests.providers.breaker_model import STEPS, differences

ROW = "R-19"
CLAIM = (
    "An offer that fails is left alone, tried by one call, and told to every gateway; nothing else opens it"
)
DATABASES = ("sqlite", "postgres")
_CROWD = 20
_HEALTHY = (400, 404, 413, 422)  # never illness
_TIMES = 12  # more than open any breaker
_LIMITED = 3  # seconds of a `Retry-After`


def prove(stand) -> Figures:
    return _show(stand, stand.size(quick=1_000, full=10_000), *(("brief",) if stand.quick else ()))


def control(stand) -> Figures:
    """With gateways that leave nobody alone."""
    return _show(stand, 200, "tireless", "brief")


def _show(stand, sequences: int, *flags: str) -> Figures:
    redis = _redis(stand)
    gateway = stand.gateway(*flags, REDIS_URL=redis.url)
    twin = stand.twin(gateway, *flags, REDIS_URL=redis.url)
    path = stand.simulator.path
    stand.simulator.clear()
    wanted = {"ill": {"at": [path("status/503", "latency/200", tag="ill")]}}
    wanted["back"] = {"at": [path(f"fail_first/{IN_A_ROW}", tag="back")]}
    wanted["limited"] = {"at": [path("status/429", f"retry_after/{_LIMITED}", tag="limited")]}
    wanted["refused"] = {"at": [path("key/good", tag="refused")], "secrets_": ("bad",)}
    for status in _HEALTHY:
        wanted[str(status)] = {"at": [path(f"status/{status}", tag=f"s{status}")]}
    models = gateway.make_all(wanted)
    twin.until(lambda: twin.get(f"/v1/models/{models['422'].name}", key=models["422"].key)[0] == 200)
    wrong = _against_the_model(sequences)
    in_flight, after, while_open = _hits_while_open(stand, gateway, twin, models["ill"])
    late, probes = _back(stand, gateway, models["back"])
    limited = _limited(stand, gateway, twin, models["limited"])
    counted = [
        status for status in _HEALTHY if _hits(stand, gateway, models[str(status)], f"s{status}") != _TIMES
    ]
    refused = _hits(stand, gateway, models["refused"], "refused")
    return Figures(
        not (wrong or while_open or counted)
        and in_flight <= 2 * _CROWD
        and late <= 1
        and probes == 1
        and limited == 1
        and refused == 1
        and _is_out(gateway, models["refused"]),
        {
            "random sequences": sequences,
            "of them otherwise than the model": wrong,
            f"hits of {_CROWD} calls at once through each of two gateways until it was open": in_flight,
            f"of {after} calls after that": while_open,
            "s later than its time it was called again": late,
            "hits until it was closed again": probes,
            f"hits in {_LIMITED} s of a 429 that says so, through both": limited,
            f"statuses that opened it in {_TIMES} calls": ", ".join(map(str, counted)) or 0,
            "hits until a refused credential was out": refused,
        },
    )


def _redis(stand) -> ValkeyServer:
    server = ValkeyServer(stand.folder())
    server.start()
    stand.at_end(server.stop)
    return server


def _against_the_model(sequences: int) -> int:
    dice, wrong = random.Random(19), 0
    for _ in range(sequences):
        steps = [tuple(map(dice.choice, STEPS)) for _ in range(dice.randrange(200))]
        wrong += bool(differences(steps))
    return wrong


def _hits_while_open(stand, gateway, twin, model) -> tuple[int, int, int]:
    """Hits of a crowd in flight when it opened, calls at both gateways after that, and their hits."""
    urls = [gateway.url, twin.url]
    calls.at_once(urls, model, 2 * _CROWD)
    before = len(stand.simulator.hits("ill"))
    ends = time.monotonic() + 0.5  # brief: it is open for three seconds
    done = calls.by_clients(((urls[number % 2], model, {}) for number in range(200)), clients=4,
                            while_=lambda: time.monotonic() < ends)  # fmt: skip
    return before, len(done), len(stand.simulator.hits("ill")) - before


def _back(stand, gateway, model) -> tuple[float, int]:
    """How much later than it was to be it is called again, and by how many calls, many being made."""
    for _ in range(IN_A_ROW):
        _ask(model)
    opened = _waits(gateway, model)
    began = time.monotonic()
    while _ask(model) != "200":
        assert time.monotonic() < began + opened + 10
        time.sleep(0.05)
    hits = len(stand.simulator.hits("back"))
    return max(0.0, time.monotonic() - began - opened), hits - IN_A_ROW


def _waits(gateway, model) -> float:
    """How long the breaker of a model is open, by the event that was written."""
    from catalog.models import Offer
    from providers.breaker_models import BreakerEvent

    def found():
        with gateway.database():
            offers = Offer.objects.filter(entry_id=model.entry_id).values("pk")
            return BreakerEvent.objects.filter(target_id__in=offers, after="open").first()

    try:
        gateway.until(found, within=3)
    except AssertionError:
        return 0.0
    event = found()
    return (event.open_until - event.at).total_seconds() if event.open_until else 0.0


def _limited(stand, gateway, twin, model) -> int:
    """Hits of calls at both gateways as long as a 429 has asked for, and none that opened the breaker."""
    _ask(model)
    time.sleep(0.2)  # it is told at once
    ends = time.monotonic() + _LIMITED - 1.5
    urls = [gateway.url, twin.url]
    calls.by_clients(((urls[number % 2], model, {}) for number in range(60)), clients=2,
                     while_=lambda: time.monotonic() < ends)  # fmt: skip
    return len(stand.simulator.hits("limited"))


def _hits(stand, gateway, model, tag: str) -> int:
    for _ in range(_TIMES):
        _ask(model)
    return len(stand.simulator.hits(tag))


def _is_out(gateway, model) -> bool:
    from llmhub.alerts.models import Alert
    from providers.alert_rules import look
    from providers.models import Credential

    with gateway.database():
        out = Credential.objects.filter(provider__slug=model.providers[0]).exclude(disabled_reason="")
        look()
        return [f"credential:{row.pk}" for row in out] == list(
            Alert.objects.values_list("subject", flat=True)
        )


def _ask(model) -> str:
    try:
        model.ask()
    except openai.APIStatusError as refused:
        return refused.code or str(refused.status_code)
    return "200"
