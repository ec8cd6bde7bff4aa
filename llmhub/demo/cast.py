"""Pure: who plays in the demo: providers, teams, people and the services that call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from billing.entries import Unit
from providers.adapters import KINDS


@dataclass(frozen=True)
class DemoProvider:
    """A provider that the simulator plays; `switches` are those of docs/simulator.md."""

    slug: str
    name: str
    switches: str
    first_ms: int  # time to the first token, the middle of what is seen
    speed: int  # tokens per second
    failing: float  # share of calls
    reports_cost: bool = False
    needs_credential: bool = True
    dialect: str = "chat"
    kind: str = "custom"
    credentials: tuple[tuple[str, int], ...] = (("default", 1),)  # label and weight
    taken_out: str = ""  # the label of the one that the provider refuses


# The kind of provider whose list says what each model costs and can.
RESELLER = next(kind.name for kind in KINDS.values() if kind.lists_openly)
PROVIDERS = (
    DemoProvider(
        "aurora",
        "Aurora Cloud",
        "latency/420/speed/85",
        420,
        85,
        0.004,
        credentials=(("default", 3), ("overflow", 1)),
    ),
    DemoProvider(
        "harbor",
        "Harbor Inference",
        "latency/140/speed/160/flaky/3",
        140,
        160,
        0.03,
        reports_cost=True,
        kind=RESELLER,
        credentials=(("default", 1), ("trial", 1)),
        taken_out="trial",
    ),
    DemoProvider("meridian", "Meridian Labs", "latency/310/speed/70", 310, 70, 0.006, dialect="messages"),
    DemoProvider(
        "cellar", "Cellar (our own GPUs)", "latency/70/speed/45", 70, 45, 0.009, needs_credential=False
    ),
)

TEAMS = ("Support", "Research", "Growth", "Platform")
PEOPLE = (  # name, role
    ("Mara Lindqvist", "admin"),
    ("Jonas Adeyemi", "admin"),
    ("Priya Raman", "viewer"),
    ("Tomas Ferreira", "viewer"),
    ("Yuki Sorensen", "viewer"),
    ("Noor Haddad", "member"),
)
MEMBERS = (  # team, name, role there
    ("Research", "Priya Raman", "manager"),
    ("Research", "Tomas Ferreira", "member"),
    ("Support", "Tomas Ferreira", "manager"),
    ("Support", "Yuki Sorensen", "viewer"),
    ("Growth", "Noor Haddad", "manager"),
    ("Growth", "Yuki Sorensen", "member"),
    ("Platform", "Jonas Adeyemi", "manager"),
)
INVITED = ("Research", "Priya Raman", "sam.okafor@example.org")  # team, by whom, who
CORRECTED = ("Research", "-4.20", "credit on the invoice, for an outage")  # of whom, USD, what for
ASKED = ("Research", "Tomas Ferreira", "the evals of the spring release run this week")  # the same, what for


@dataclass(frozen=True)
class DemoChannel:
    """A webhook of the demo: of the hub, or of a team."""

    name: str
    team: str = ""
    quiet: str = ""


CHANNELS = (DemoChannel("on-call"), DemoChannel("research-alerts", "Research", "22:00-06:30"))

# How much of a day's traffic falls into each hour, UTC.
OFFICE = (0, 0, 0, 0, 0, 1, 3, 7, 10, 11, 10, 8, 9, 11, 11, 9, 6, 3, 1, 1, 0, 0, 0, 0)
SHOPS = (2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 8, 8, 9, 9, 9, 9, 10, 11, 11, 9, 7, 5, 3)
NIGHT = (14, 16, 16, 9, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 4)


@dataclass(frozen=True)
class Service:
    """A program with a key, and what its calls look like."""

    key: str
    team: str
    asks: tuple[str, ...]  # names of models, the first most often
    per_weekday: float  # calls
    weekend: float  # share of a weekday's calls
    hours: tuple[int, ...]
    input_tokens: int  # the middle
    output_tokens: int  # the middle
    streamed: float = 0.0  # share
    cached: float = 0.0  # share of the input that comes from the cache, where the model caches
    tags: tuple[tuple[str, str], ...] = ()
    session: str = ""  # what its conversations are called
    person: str = ""  # the name of the one whose key it is
    calls: Literal["chat", "messages", "embeddings"] = "chat"
    needs: tuple[str, ...] = ()  # of all its calls, words of billing/asked.py
    requests_per_minute: int | None = None  # what its key may


SERVICES = (
    Service(
        "helpdesk-chat", "Support", ("default", "aurora/atlas-2-mini", "smart"), 260, 0.45, SHOPS, 2_400, 190,
        streamed=0.95, cached=0.7, tags=(("feature", "chat"),), session="ticket",
    ),
    Service(
        "email-drafts", "Support", ("support", "aurora/atlas-2-mini", "smart"), 90, 0.15, OFFICE, 1_500, 320,
        cached=0.5, tags=(("feature", "drafts"),),
    ),
    Service("ticket-tags", "Support", ("fast",), 170, 0.5, SHOPS, 520, 12, tags=(("feature", "tags"),),
            needs=("json_mode",)),
    Service(
        "notebooks", "Research", ("aurora/atlas-2", "aurora/lumen-1", "open/fern-3b"), 110, 0.2, OFFICE,
        21_000, 1_200, streamed=0.6, cached=0.3, tags=(("project", "reading-list"),), person="Priya Raman",
    ),
    Service(
        "eval-runner", "Research", ("open/breeze-70b", "aurora/lumen-1"), 80, 0.9, NIGHT, 1_100, 420,
        tags=(("project", "evals"), ("env", "batch")),
    ),
    Service(
        "copywriter", "Growth", ("smart", "aurora/atlas-2-mini"), 60, 0.1, OFFICE, 800, 520,
        streamed=0.8, tags=(("campaign", "spring"),), session="draft",
    ),
    Service("newsletter", "Growth", ("steady", "open/breeze-70b"), 25, 0.3, OFFICE, 3_000, 700),
    Service(
        "code-review", "Platform", ("open/quill-code", "aurora/atlas-2"), 140, 0.08, OFFICE, 9_500, 480,
        tags=(("repo", "checkout"),), needs=("tools",),
    ),
    Service(
        "coding-agents", "Platform", ("meridian/sonata-3", "aurora/atlas-2"), 60, 0.1, OFFICE, 6_000, 350,
        streamed=1.0, cached=0.85, tags=(("repo", "storefront"),), session="agent", calls="messages",
        person="Jonas Adeyemi", needs=("tools",),
    ),
    Service(
        "search-index", "Platform", ("open/moss-embed",), 60, 1.0, NIGHT, 3_000, 0, calls="embeddings",
    ),
    Service(
        "log-summaries", "Platform", ("quick", "fast", "open/breeze-70b"), 96, 1.0, (1,) * 24, 5_200, 150,
        requests_per_minute=60,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class DemoRefusal:
    """What is refused to a service again and again."""

    key: str
    code: str
    status: int
    reason: str
    per_day: float  # minutes in which it happens
    most: int  # times in one of them
    asks: str = ""  # empty: it is refused before it is read


REFUSALS = (
    DemoRefusal(
        "log-summaries", "rate_limited", 429,
        "The key 'log-summaries' may use 60 requests a minute: wait 0.8 s", per_day=6, most=140,
    ),
    DemoRefusal(
        "notebooks", "model_not_found", 404,
        "There is no model 'aurora/atlas-3': did you mean 'aurora/atlas-2', 'aurora/atlas-2-mini'?",
        per_day=1.5, most=3, asks="aurora/atlas-3",
    ),
    DemoRefusal(
        "eval-runner", "invalid_request", 400, "'max_tokens': 0 is not between 1 and 100000000",
        per_day=0.6, most=25,
    ),
    DemoRefusal(
        "copywriter", "budget_exceeded", 402, "Tag campaign=spring has too little left for this call.",
        per_day=0.8, most=6, asks="smart",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class DemoBudget:
    """A limit of the demo; its cap follows from what was spent, so that `full` of it is gone."""

    scope: str
    name: str
    per: str
    full: float  # share of the cap that the fullest period so far has spent
    unit: Unit = "usd"
    hard: bool = False


BUDGETS = (
    DemoBudget("organisation", "", "month", 0.83),
    DemoBudget("team", "research", "month", 0.71, hard=True),
    DemoBudget("team", "support", "month", 0.88, unit="tokens"),
    DemoBudget("key", "code-review", "day", 0.55, hard=True),
    DemoBudget("person", "priya-raman@example.org", "week", 0.66, hard=True),
    DemoBudget("provider", "harbor", "week", 0.62),
    DemoBudget("tag", "campaign=spring", "total", 0.97, hard=True),
)
