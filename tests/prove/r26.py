"""R-26/27: every address of the console and the API, asked for by nine actors about two teams."""

from __future__ import annotations

from unittest.mock import patch

from tests.prove.row import Figures

ROW = "R-26/27"
CLAIM = (
    "Everybody gets what the table of access says, by address and object, and nobody a word of another team"
)
DATABASES = ("sqlite", "postgres")


def prove(stand) -> Figures:
    return _ask_everything(stand)


def control(stand) -> Figures:
    """With members of the organisation who may read every team."""
    from llmhub.people import roles

    allows = roles.role_allows
    with patch.object(roles, "role_allows", lambda role, action: action == "read" or allows(role, action)):
        return _ask_everything(stand)


def _ask_everything(stand) -> Figures:
    from tests.access import test_matrix as matrix
    from tests.access.sides import actors, build
    from tests.access.table import ACTORS

    stand.hub_database()
    hub = build()
    who = actors(hub)
    own, other, lists = (
        [*look(hub, who)]
        for look in (matrix.about_the_own_team, matrix.about_the_other_team, matrix.in_lists)
    )
    return Figures(
        not own and not other and not lists,
        {
            "addresses and methods": len(matrix.rows()),
            "actors": len(ACTORS),
            "answers other than written": len(own),
            "answers about things of the other team that are no refusal": len(other),
            "lists with a word of the other team": len(lists),
        },
    )
