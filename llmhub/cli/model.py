"""`llmhub model`: what can be called, and for how much."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from typing import Any

from pydantic import ValidationError

from catalog.availability import EntryNow, entries_now, offers_with_providers
from catalog.compare import MOST_COMPARED, compare
from catalog.discovery_now import pools
from catalog.inbox_shapes import discovery_out
from catalog.model_query import ModelQuery
from catalog.model_search import models, search
from catalog.models import CatalogEntry, EntryQuerySet
from catalog.new_model import add_model
from catalog.search import SORTS
from catalog.shapes import model_out
from llmhub.audit.actor import COMMAND_LINE
from llmhub.cli import discovery, find, model_history, model_offers, model_parameters, show
from llmhub.lib import clock, money
from providers.rates import Rates

FILTERS = (
    "source", "provider", "family", "takes", "gives", "context", "max_input", "max_output",
    "released_since", "leaving", "sort", "limit",
)  # fmt: skip
COLUMNS = ("model", "context", "input", "output", "capabilities", "callable")


def register(commands: _SubParsersAction[Any]) -> None:
    """Add `model list`, `search`, `add`, `refresh`, `held`, `promote` and `show`."""
    noun = commands.add_parser("model", help="models: what can be called, and for how much")
    verbs = noun.add_subparsers(required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="the catalog, prices in USD per million tokens")
    listing.add_argument("--curated", action="store_true", help="only what a person wrote")
    listing.add_argument("--discovered", action="store_true", help="only what a run found")
    show.add_json(listing)
    listing.set_defaults(run=list_all)
    _register_search(verbs.add_parser("search", help="find models by words, typos forgiven, and filters"))
    model_history.register(verbs)
    model_offers.register(verbs)
    model_parameters.register(verbs)
    beside = verbs.add_parser("compare", help="up to four models side by side")
    beside.add_argument("models", nargs="+", help="their ids")
    show.add_json(beside)
    beside.set_defaults(run=compare_some)
    add = verbs.add_parser("add", help="make a model callable at a provider")
    add.add_argument("model", help="the id callers will use: author/model")
    add.add_argument("--provider", required=True, help="short name of the provider")
    add.add_argument("--upstream-id", help="what the provider calls it, if not by its last part")
    add.add_argument("--context", type=int, help="tokens")
    for meter in ("input", "output", "cache-read"):
        add.add_argument(
            f"--{meter}", help="USD per million tokens; without input and output the cost is unknown"
        )
    add.set_defaults(run=add_one)
    discovery.register(verbs)
    one = verbs.add_parser("show", help="everything about one model")
    one.add_argument("model", help="its id")
    show.add_json(one)
    one.set_defaults(run=show_one)


def _register_search(search: ArgumentParser) -> None:
    search.add_argument("query", nargs="*", help="words of an id, a name or a family")
    search.add_argument("--source", choices=("curated", "discovered"))
    search.add_argument("--provider", help="short name of the provider")
    search.add_argument("--family")
    search.add_argument("--capability", action="append", default=[], help="may be given several times")
    search.add_argument("--takes", help="a modality: text, image, document, audio, video")
    search.add_argument("--gives", help="a modality")
    search.add_argument("--context", type=int, help="tokens, at least")
    search.add_argument("--max-input", help="USD per million tokens")
    search.add_argument("--max-output", help="USD per million tokens")
    search.add_argument("--released-since", help="a day: 2026-01-31")
    search.add_argument("--leaving", choices=("yes", "no"), help="deprecated, or its end is set")
    search.add_argument("--sort", choices=SORTS)
    search.add_argument("--limit", type=int, help="rows, at most 200")
    show.add_json(search)
    search.set_defaults(run=search_all)


def _now(entries: EntryQuerySet) -> list[EntryNow]:
    return entries_now(list(entries.prefetch_related(offers_with_providers())), clock.now())


def _json(row: EntryNow) -> dict[str, Any]:
    return model_out(row).model_dump(mode="json")


def _row(row: EntryNow) -> show.Row:
    price = row.cheapest
    return {
        "model": row.entry.slug,
        "context": row.entry.context_tokens,
        "input": price and format(price.input, "f"),
        "output": price and format(price.output, "f"),
        "capabilities": row.entry.capabilities,
        "callable": row.why_not.label if row.why_not else "yes",
    }


def list_all(options: Namespace) -> int:
    """List curated and discovered models in separate sections, and which lists the latter are from."""
    both = options.curated == options.discovered
    sources = CatalogEntry.Source
    wanted = [source for source in sources if both or getattr(options, source)]
    sections = {source: _now(CatalogEntry.objects.listed().filter(source=source)) for source in wanted}
    if options.json:
        return show.document(
            {
                **{
                    source: [model_out(row).model_dump(mode="json") for row in rows]
                    for source, rows in sections.items()
                },
                "lists": [discovery_out(row).model_dump(mode="json") for row in pools()],
            }
        )
    for source, rows in sections.items():
        show.line(f"{source.label}: {len(rows)}")
        if source == sources.DISCOVERED:
            for pool in pools():
                show.line(f"  {pool.provider.slug}: {'; '.join(filter(None, (pool.shown, pool.trouble)))}")
        show.rows(options, map(_row, rows), columns=COLUMNS, empty="none")
    return 0


def search_all(options: Namespace) -> int:
    """List the models that fit, the best first; 1 when there is none."""
    try:
        wanted = ModelQuery.model_validate(_given(options))
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'-'.join(map(str, first['loc']))}: {first['msg']}") from None
    found = search(wanted.query(), limit=wanted.limit)
    if options.json:
        show.document(list(map(_json, found.rows)))
    elif found.rows:
        show.rows(options, map(_row, found.rows), columns=COLUMNS, empty="")
        if found.total > len(found.rows):
            show.line(f"{found.total} models fit; the first {len(found.rows)} are shown: see --limit")
    else:
        show.problem(f"no model fits {' '.join(options.query)!r}")
    return 0 if found.rows else 1


def _given(options: Namespace) -> dict[str, Any]:
    """Return what was asked for on the command line, as the API would be asked."""
    named = {name: getattr(options, name) for name in FILTERS}
    asked = {name: value for name, value in named.items() if value is not None}
    return {"q": " ".join(options.query), "capability": options.capability, **asked}


def compare_some(options: Namespace) -> int:
    """Show models side by side, one column each; a star marks what differs."""
    if len(options.models) > MOST_COMPARED:
        raise ValueError(f"{MOST_COMPARED} models fit side by side: {len(options.models)} were named")
    found = models(find.model(name).slug for name in options.models)
    if options.json:
        return show.document(list(map(_json, found)))
    beside = compare(found)
    slugs = [row.entry.slug for row in found]
    facts = [
        {"fact": f"{'*' if fact.differs else ' '} {fact.label}", **dict(zip(slugs, fact.values, strict=True))}
        for fact in (*beside.facts, *beside.abilities)
    ]
    facts.append({"fact": "  USD per MTok", **{row.entry.slug: _offered(row) for row in found}})
    return show.rows(options, facts, columns=("fact", *slugs), empty="")


def _offered(row: EntryNow) -> str:
    return "; ".join(
        f"{each.offer.provider.slug} {price.input:f} in, {price.output:f} out"
        for each in row.offers
        if (price := each.price)
    )


def add_one(options: Namespace) -> int:
    """Make a model callable at a provider; one that is in the catalog gets one more offer."""
    add_model(
        actor=COMMAND_LINE,
        provider=find.provider(options.provider),
        upstream_id=options.upstream_id or options.model.rpartition("/")[2],
        slug=options.model,
        rates=_rates(options),
        context_tokens=options.context,
    )
    show.line(f"{options.model} can be called at {options.provider} within seconds")
    return 0


def _rates(options: Namespace) -> Rates | None:
    if options.input is None and options.output is None:
        return None
    if options.input is None or options.output is None:
        raise ValueError("give both --input and --output, or neither: then the cost is unknown")
    cache_read = None if options.cache_read is None else money.parse(options.cache_read)
    return Rates(input=money.parse(options.input), output=money.parse(options.output), cache_read=cache_read)


def show_one(options: Namespace) -> int:
    """Show everything about one model."""
    entry = find.model(options.model)
    shape = _json(_now(CatalogEntry.objects.filter(pk=entry.pk))[0])
    if options.json:
        return show.document(shape)
    offers = shape.pop("offers")
    show.facts(options, shape)
    prices = [{**offer, **price} for offer in offers for price in offer["prices"] or [{}]]
    show.line("\noffers, USD per million tokens")
    columns = (
        "provider",
        "upstream_id",
        "above_input_tokens",
        "input",
        "output",
        "cache_read",
        "cache_write",
        "why_not",
    )
    return show.rows(options, prices, columns=columns, empty="no provider offers it")
