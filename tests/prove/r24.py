"""R-24: requests that schemathesis makes of the schema, and good ones made hostile, as two roles."""

from __future__ import annotations

from unittest.mock import patch
from urllib.parse import quote

from tests.prove.row import Figures

ROW = "R-24"
CLAIM = "Whatever is sent to the API is answered as documented, and says to a member nothing of another team"
DATABASES = ("sqlite", "postgres")
_WILD = ("%", "_", "__", "%a%", "\\", "\\%")  # what LIKE takes for more than itself
_SEARCHES = ("/teams/?q=", "/keys/?q=", "/api/v1/audit?object=", "/api/v1/audit?action=")


def prove(stand) -> Figures:
    found = _fuzz(stand, stand.size(quick=1_000, full=10_000))
    for each in found.wrong[:10]:
        stand.say(f"  {each[:500]}")
    wild = _matched_by_wildcards()
    told = _told(found) | {"searches in which a wildcard found something": len(wild)}
    return Figures(not found.wrong and not wild, told)


def control(stand) -> Figures:
    """With lists whose next page is found by SQL that is made of the cursor."""
    from llmhub.lib import pages, rest

    def by_text(rows, *, by: str, after: str = "", limit: int = 50) -> pages.Screen:
        name = by.lstrip("-")
        if after:
            rows = rows.extra(where=[f"{rows.model._meta.db_table}.{name} > '{after}'"])
        return pages.keyset(rows, by=by, limit=limit)

    with patch.object(rest, "keyset", by_text):
        found = _fuzz(stand, 2_000)
    return Figures(not found.wrong, _told(found))


def _fuzz(stand, count: int):
    from tests.fuzz.run import run

    stand.hub_database()
    return run(count)


def _told(found) -> dict[str, int]:
    return {
        "requests, each by an owner's key and by a member": found.cases,
        "operations": found.operations,
        "good answers": found.good,
        "server errors": found.server_errors,
        "answers that are not as documented, or say too much": len(found.wrong) - found.server_errors,
    }


def _matched_by_wildcards() -> list[str]:
    """Which searches for what is in no name find the teams, keys, models or events that `run` made."""
    from tests.prove.r38 import _client

    client, found = _client(), []
    for search in _SEARCHES:
        assert _finds(client, search + _plain(search)), f"{search} finds nothing at all"
        found += [search + word for word in _WILD if _finds(client, search + quote(word))]
    return found


def _plain(search: str) -> str:
    """A word that is in what is looked for."""
    return "team" if "object" in search else "key" if "action" in search else "alpha"


def _finds(client, url: str) -> bool:
    answer = client.get(url, headers={"HX-Request": "true"})
    if url.startswith("/api/"):
        return bool(answer.json().get("data"))
    return any(name in answer.text for name in ("Team alpha", "bot alpha"))
