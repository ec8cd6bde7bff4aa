"""How full a budget is, in widths of its bar and in words."""

from __future__ import annotations

from dataclasses import dataclass

from billing.budget_state import BudgetRow


@dataclass(frozen=True)
class BudgetLine:
    """A budget as pages show it, with its bar."""

    row: BudgetRow
    is_binding: bool = False

    @property
    def spent_percent(self) -> float:
        """How far the bar goes for what is spent."""
        return _percent(self.row.spent, self.row.cap)

    @property
    def held_percent(self) -> float:
        """How far it goes on for what calls in flight hold."""
        return min(_percent(self.row.held, self.row.cap), 100 - self.spent_percent)

    @property
    def gone_percent(self) -> float | None:
        """How much of the period is over; None where it has no end, or nothing is compared with it."""
        if self.row.gone is None or self.row.cap is None:
            return None
        return round(min(max(self.row.gone, 0), 1) * 100, 1)

    @property
    def pace_text(self) -> str:
        """What is used beside what of the period is over, in words; "" where it has no end."""
        if self.gone_percent is None:
            return ""
        return f"{self.used_text} used, {self.gone_percent:.0f} % of the {self.row.budget.per} is over"

    @property
    def over(self) -> int:
        """How much more than the cap is spent or held."""
        return max(-(self.row.left or 0), 0)

    @property
    def used_text(self) -> str:
        """How much of the cap is spent or held, in words."""
        return f"{self.row.used_share * 100:.0f} %"

    @property
    def level(self) -> str:
        """How near the cap is, in a word of the style sheet."""
        share = self.row.used_share
        return "full" if share >= 1 else "near" if share >= 0.8 else "wide"


def _percent(part: int, cap: int | None) -> float:
    if cap is None:
        return 0.0
    return round(min(max(part, 0) / cap, 1) * 100, 2) if cap else 100.0
