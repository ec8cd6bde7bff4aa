"""Pure: how large a route may be, and what one has of which nobody says otherwise."""

from __future__ import annotations

MOST_TARGETS = 50  # of one route
MOST_WEIGHT = 1000
MOST_EXPLORED = 50  # percent
EXPLORE_PERCENT = 2
MAX_COST_MULTIPLE = 3
