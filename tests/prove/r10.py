"""R-10: what has no known price is not sent under a cap, neither first nor as a fallback."""

from __future__ import annotations

from tests.prove import calls
from tests.prove.row import Figures

ROW = "R-10"
CLAIM = (
    "What has no price is refused under a cap before it is sent, as a fallback too; 0 is what a person wrote"
)
DATABASES = ("sqlite", "postgres")


def prove(stand) -> Figures:
    return _call(stand, stand.size(quick=20, full=200))


def control(stand) -> Figures:
    """With an unknown price taken for 0."""
    return _call(stand, 20, "generous")


def _call(stand, count: int, *flags: str) -> Figures:
    gateway = stand.gateway(*flags)
    models = _models(stand, gateway)
    stand.simulator.clear()
    outcomes = {name: calls.at_once([gateway.url], model, count) for name, model in models.items()}
    hits = len(stand.simulator.hits("unpriced"))
    refused = sum(outcome.code == "unpriced_model" for outcome in outcomes["alone"])
    free = sum(outcome.status == 200 for outcome in outcomes["free"])
    served = sum(outcome.status == 200 for outcome in outcomes["fallback"])
    paid = sum(record.cost_nano is None for model in models.values() for record in gateway.records(model))
    return Figures(
        hits == 0 and refused == count and free == count and served == 0 and paid == 0,
        {
            "calls of each kind": count,
            "refused as unpriced": refused,
            "served by an unpriced fallback": served,
            "hits at what has no price": hits,
            "served where somebody wrote 0": free,
            "records of unknown cost": paid,
        },
    )


def _models(stand, gateway) -> dict:
    from catalog.models import Price

    unpriced = stand.simulator.path("tokens/3", tag="unpriced")
    models = gateway.make_all(
        {
            "alone": {"at": [unpriced], "prices": None},
            "fallback": {"at": [stand.simulator.path("status/503"), unpriced]},
            "free": {"at": [stand.simulator.path("tokens/3")], "prices": ("0", "0")},
        }
    )
    second = Price.objects.filter(offer__entry_id=models["fallback"].entry_id, offer__rank=1)
    gateway.change(second.delete)
    for model in models.values():
        calls.set_budget(model, cap="1000")
    return models
