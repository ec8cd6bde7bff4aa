"""Pure: which reservations of a batch fit, and what the batch adds to each counter.

Settles come first and are never refused: what was spent was spent. Reservations come after them,
first come first served, each against all its budgets at once. Amounts are in each budget's unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import msgspec

from billing.charge import held as held_by
from billing.entries import Hold, OverBudget, Reserve, Room, Unit

Sums = dict[Hold, tuple[int, int]]  # (spent, held) to add, in lock order


class Standing(msgspec.Struct, frozen=True):
    """What a counter says at one moment."""

    spent: int = 0
    held: int = 0
    cap: int | None = None  # None: unlimited

    def room(self) -> int | None:
        """Return what may still be reserved, or None where there is no limit."""
        return None if self.cap is None else self.cap - self.spent - self.held

    def is_too_small(self, delta: int, *, is_move: bool) -> bool:
        """Return whether so much more may not be reserved.

        A cap of 0 allows nothing, not even what is free. What only gives back is never refused.
        """
        room = self.room()
        if room is None:
            return False
        return (delta > room and delta > 0) or (not is_move and (self.cap == 0 or delta > room))

    def plus(self, spent: int, held: int) -> Standing:
        """Return it after so much more."""
        return Standing(self.spent + spent, self.held + held, self.cap)


class Change(msgspec.Struct, frozen=True):
    """What one call adds to one counter."""

    hold: Hold
    spent: int
    held: int  # negative: given back


class Wish:
    """A reservation that wants to be admitted, in the place of the holds that it had `before`."""

    __slots__ = ("deltas", "is_move", "reserve")

    def __init__(
        self, reserve: Reserve, *, before: Mapping[Hold, int] | None = None, is_move: bool = False
    ) -> None:
        after = {hold: held_by(hold, reserve.amount_nano) for hold in reserve.holds}
        if before:
            after = {hold: after.get(hold, 0) - before.get(hold, 0) for hold in {**before, **after}}
        self.reserve = reserve
        self.is_move = is_move
        self.deltas = after  # what admitting it adds to each counter


@dataclass(frozen=True)
class Admission:
    """Which reservations of a batch were let in."""

    accepted: list[Wish]
    refused: dict[int, OverBudget]  # by id of the call
    rooms: dict[int, Room]  # of those accepted that have a limit


def summed(changes: Iterable[Change]) -> Sums:
    """Return what all changes together add to (spent, held) of each counter, in lock order."""
    sums: Sums = {}
    for change in changes:
        spent, held = sums.get(change.hold, (0, 0))
        sums[change.hold] = (spent + change.spent, held + change.held)
    return sums if len(sums) < 2 else {hold: sums[hold] for hold in sorted(sums, key=lock_order)}


def lock_order(hold: Hold) -> tuple[int, int]:
    """Return the one order in which counters are locked everywhere."""
    return hold.budget_id, hold.period_start


def moved(standings: Mapping[Hold, Standing], sums: Mapping[Hold, tuple[int, int]]) -> dict[Hold, Standing]:
    """Return the counters as they stand after `sums`."""
    after = dict(standings)
    for hold, (spent, held) in sums.items():
        after[hold] = after[hold].plus(spent, held)
    return after


def admit(standings: Mapping[Hold, Standing], wishes: Sequence[Wish]) -> Admission:
    """Return the reservations that fit, and by id the budget in the way of each that does not."""
    now = dict(standings)
    admission = Admission([], {}, {})
    for wish in wishes:
        obstacle = _obstacle(now, wish)
        if obstacle is not None:
            admission.refused[wish.reserve.id] = obstacle
            continue
        admission.accepted.append(wish)
        for hold, delta in wish.deltas.items():
            now[hold] = now[hold].plus(0, delta)
        if room := _tightest(now, wish.reserve):
            admission.rooms[wish.reserve.id] = room
    return admission


def _obstacle(now: Mapping[Hold, Standing], wish: Wish) -> OverBudget | None:
    """Return the refusal by the budget with room for the least of the call, or None when all have room."""
    deltas = wish.deltas
    full = [hold for hold, delta in deltas.items() if now[hold].is_too_small(delta, is_move=wish.is_move)]
    if not full:
        return None
    limited = {hold: room for hold in deltas if (room := now[hold].room()) is not None}
    hold = min(full, key=lambda each: (now[each].cap != 0, Fraction(limited[each], max(deltas[each], 1))))
    standing = now[hold]
    return OverBudget(
        hold.budget_id,
        cap=standing.cap or 0,
        spent=standing.spent,
        held=standing.held,
        amount=deltas[hold],
        rooms=_rooms(limited),
    )


def _rooms(limited: Mapping[Hold, int]) -> dict[Unit, int]:
    rooms: dict[Unit, int] = {}
    for hold, room in limited.items():
        rooms[hold.unit] = min(rooms.get(hold.unit, room), room)
    return rooms


def _tightest(now: Mapping[Hold, Standing], reserve: Reserve) -> Room | None:
    """Return what is left where the fewest more calls like this one fit."""
    limited = [
        Room(hold.budget_id, left=room, taken=held_by(hold, reserve.amount_nano))
        for hold in reserve.holds
        if (room := now[hold].room()) is not None
    ]
    if len(limited) < 2:
        return limited[0] if limited else None
    return min(limited, key=lambda room: Fraction(room.left, max(room.taken, 1)))
