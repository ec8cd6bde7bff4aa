"""The ledger against a model of it, step by step, and all counters replayed from the entries."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import count

import pytest
from django.db import connection

from billing import ledger_adjust, ledger_batch
from billing.charge import charged, charged_unheard, held
from billing.entries import Hold, Move, Reserve
from billing.ledger_batch import Batch, Release
from billing.models import Budget, Counter, Reservation
from billing.sweep import sweep
from llmhub.lib import clock
from tests.billing import calls

pytestmark = pytest.mark.django_db
SEQUENCES, STEPS = 300, 50
_IDS = count(10**6)
UNITS = ("usd", "tokens", "requests")


@dataclass
class Model:
    """What the ledger should say: caps, counters, and what is open."""

    caps: dict[int, int | None]
    spent: dict[tuple[int, int], int] = field(default_factory=dict)
    open: dict[int, Reserve] = field(default_factory=dict)

    def held(self, counter: tuple[int, int]) -> int:
        return sum(
            held(hold, entry.amount_nano)
            for entry in self.open.values()
            for hold in entry.holds
            if (hold.budget_id, hold.period_start) == counter
        )

    def fits(self, new: Reserve) -> bool:
        """Whether each budget has room, the call's own earlier reservation given back."""
        before = self.open.get(new.id)
        old = {hold: held(hold, before.amount_nano) for hold in before.holds} if before else {}
        for hold in new.holds:
            cap, counter = self.caps[hold.budget_id], (hold.budget_id, hold.period_start)
            more = held(hold, new.amount_nano) - old.get(hold, 0)
            over = cap is not None and self.spent.get(counter, 0) + self.held(counter) + more > cap
            if (over and (more > 0 or not before)) or (cap == 0 and not before):
                return False
        return True

    def book(self, hold: Hold, amount: int) -> None:
        counter = (hold.budget_id, hold.period_start)
        self.spent[counter] = self.spent.get(counter, 0) + amount


class Sequence:
    """Random steps on both."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.period = 1000
        kinds = [(unit, self.dice.choice([None, 0, *range(50, 2000, 150)])) for unit in UNITS * 2]
        self.units = {calls.budget(cap, unit=unit).budget_id: unit for unit, cap in kinds}
        self.only = dict.fromkeys(list(self.units)[:2], ("provider_id", 7))  # of a provider
        self.model = Model(dict(Budget.objects.filter(pk__in=self.units).values_list("pk", "cap")))
        self.log: list[tuple[Hold, int]] = []  # every entry that was booked: to be replayed
        self.swept: dict[int, Reserve] = {}  # calls that the sweeper ended, and that may settle still

    def holds(self) -> tuple[Hold, ...]:
        chosen = self.dice.sample(sorted(self.units), self.dice.randint(0, 4))
        return tuple(
            Hold(id_, self.period, self.dice.randint(0, 200), self.units[id_], self.only.get(id_))
            for id_ in chosen
        )

    def attempts(self):
        return tuple(
            calls.attempt(
                self.dice.choice([None, *range(0, 250, 50)]), number, provider_id=self.dice.choice([7, 8]),
                output_tokens=self.dice.randint(0, 200),
            )
            for number in range(1, self.dice.randint(1, 3) + 1)
        )  # fmt: skip

    def apply(self, **batch):
        return ledger_batch.apply(Batch(**batch), alias="default", next_id=lambda: next(_IDS))

    def some_open(self) -> int | None:
        return self.dice.choice(sorted(self.model.open)) if self.model.open else None

    def reserve(self) -> None:
        seconds = self.dice.choice([600, -600])
        new = calls.reserve(next(_IDS), self.dice.randint(0, 200), *self.holds(), seconds=seconds)
        fits = self.model.fits(new)
        assert (new.id not in self.apply(reserves=[new]).refused) == fits
        if fits:
            self.model.open[new.id] = new

    def move(self) -> None:
        if (id_ := self.some_open()) is None:
            return
        new = calls.reserve(id_, self.dice.randint(0, 200), *self.holds())
        fits = self.model.fits(new)
        assert (id_ not in self.apply(moves=[Move(new)]).refused) == fits
        if fits:
            self.model.open[id_] = new

    def settle(self) -> None:
        if (id_ := self.some_open()) is None:
            return
        attempts, unknown = self.attempts(), self.dice.choice([0, 30])
        self.apply(settles=[calls.settle(id_, *attempts, unknown_nano=unknown)] * self.dice.choice([1, 2]))
        for hold in self.model.open.pop(id_).holds:
            self.log.append((hold, charged(hold, attempts, unknown_nano=unknown)))
            self.model.book(*self.log[-1])

    def cancel(self) -> None:
        if (id_ := self.some_open()) is not None:
            self.apply(releases=[Release(id_)])
            del self.model.open[id_]

    def expire(self) -> None:
        now = clock.now()
        sweep(now)
        gone = [id_ for id_, entry in self.model.open.items() if entry.expires_at < now.timestamp()]
        for id_ in gone:
            entry = self.swept[id_] = self.model.open.pop(id_)
            for hold in entry.holds:
                self.log.append((hold, charged_unheard(hold, entry.amount_nano)))
                self.model.book(*self.log[-1])

    def settle_late(self) -> None:
        """The truth comes after the sweeper's estimate, and takes its place once."""
        if not self.swept:
            return
        id_ = self.dice.choice(sorted(self.swept))
        entry, attempts = self.swept.pop(id_), self.attempts()
        known = {id_: entry.holds}
        for _ in range(self.dice.choice([1, 2])):
            self.apply(settles=[calls.settle(id_, *attempts)], known_holds=known)
        for hold in entry.holds:
            self.log.append((hold, charged(hold, attempts) - charged_unheard(hold, entry.amount_nano)))
            self.model.book(*self.log[-1])

    def refund(self) -> None:
        """An adjustment, down or up, which no cap refuses."""
        id_ = self.dice.choice([id_ for id_, unit in self.units.items() if unit == "usd"])
        hold, amount = Hold(id_, self.period), self.dice.randint(-100, 50)
        with connection.cursor() as cursor:
            ledger_adjust._book({hold: (amount, 0)}, cursor, clock.now())
        self.log.append((hold, amount))
        self.model.book(*self.log[-1])

    def change_cap(self) -> None:
        id_ = self.dice.choice(sorted(self.units))
        self.model.caps[id_] = self.dice.choice([None, 0, *range(50, 2000, 150)])
        Budget.objects.filter(pk=id_).update(cap=self.model.caps[id_])

    def roll_over(self) -> None:
        self.period += 1000

    def check(self) -> None:
        rows = Counter.objects.filter(budget_id__in=self.units)
        there = {(row.budget_id, row.period_start): (row.spent, row.held) for row in rows}
        for counter, standing in there.items():
            assert standing == (self.model.spent.get(counter, 0), self.model.held(counter))
        assert set(self.model.spent) <= set(there)
        assert set(Reservation.objects.values_list("pk", flat=True)) >= set(self.model.open)

    def replay(self) -> dict[tuple[int, int], int]:
        """What the entries alone add up to."""
        sums: dict[tuple[int, int], int] = {}
        for hold, amount in self.log:
            counter = (hold.budget_id, hold.period_start)
            sums[counter] = sums.get(counter, 0) + amount
        return sums


def run(seed: int, steps: int) -> Sequence:
    sequence = Sequence(seed)
    kinds = [sequence.reserve] * 5 + [sequence.move] * 2 + [sequence.settle] * 3
    kinds += [sequence.cancel, sequence.expire, sequence.change_cap, sequence.roll_over]
    kinds += [sequence.settle_late, sequence.refund]
    for _ in range(steps):
        sequence.dice.choice(kinds)()
        sequence.check()
    return sequence


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(3))
def test_after_every_step_each_counter_is_what_the_model_says_and_what_a_replay_gives(part):
    share = SEQUENCES // 3
    for seed in range(part * share, (part + 1) * share):
        sequence = run(seed, STEPS)

        for _ in range(100):
            sequence.settle()
        counters = Counter.objects.filter(budget_id__in=sequence.units)
        booked = {(row.budget_id, row.period_start): row.spent for row in counters if row.spent}
        assert booked == {counter: sum_ for counter, sum_ in sequence.replay().items() if sum_}
        assert set(counters.values_list("held", flat=True)) <= {0}


def test_the_model_notices_a_settle_that_gives_nothing_back(monkeypatch):
    changes = ledger_batch._changes

    def forgetful(*arguments):
        yield from (ledger_batch.fold.Change(each.hold, each.spent, 0) for each in changes(*arguments))

    monkeypatch.setattr(ledger_batch, "_changes", forgetful)

    with pytest.raises(AssertionError):
        run(0, STEPS)


def test_the_model_notices_an_estimate_that_stays_beside_the_truth(monkeypatch):
    monkeypatch.setattr(ledger_batch.charge, "charged_unheard", lambda *_: 0)

    with pytest.raises(AssertionError):
        [run(seed, STEPS) for seed in range(30)]
