"""Pure: find models by words, typos forgiven, and by what they can do and cost.

Every model is one `Doc` in memory; groups of three letters lead from a word with a typo to the
words it may mean. 5,000 models are searched in some milliseconds: docs/catalog.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import Literal, NamedTuple

Sort = Literal["relevance", "id", "name", "input", "output", "context", "newest"]
SORTS: tuple[Sort, ...] = ("relevance", "id", "name", "input", "output", "context", "newest")
ENOUGH = 0.3  # share of the letter groups of a word that must be there
MAX_WORDS = 8
_SAME = str.maketrans("._/:@~", "------")  # 5.5 is often written 5-5
Key = tuple[float | str, ...]


@dataclass(frozen=True, slots=True)
class Doc:
    """One model as it is searched."""

    slug: str
    name: str
    family: str
    source: str
    providers: frozenset[str] = frozenset()
    capabilities: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()
    gives: frozenset[str] = frozenset()
    context: int | None = None
    input_nano: int | None = None  # nano-USD per million tokens, at the cheapest provider; None: unknown
    output_nano: int | None = None
    released_on: date | None = None
    is_leaving: bool = False  # deprecated, or its end is set


@dataclass(frozen=True)
class Query:
    """What is looked for; an empty field does not filter."""

    text: str = ""
    source: str = ""
    provider: str = ""
    family: str = ""
    capabilities: tuple[str, ...] = ()  # all of them
    takes: str = ""  # a modality
    gives: str = ""
    context: int = 0  # tokens, at least
    max_input_nano: int | None = None  # an unknown price is above any
    max_output_nano: int | None = None
    released_since: date | None = None
    leaving: bool | None = None
    sort: Sort = "relevance"


@dataclass(frozen=True)
class Index:
    """Models with the letter groups that lead to them."""

    docs: Sequence[Doc]
    words: Sequence[frozenset[str]] = field(repr=False, default=())  # of each doc
    by_group: dict[str, list[str]] = field(repr=False, default_factory=dict)  # letters → words
    by_word: dict[str, list[int]] = field(repr=False, default_factory=dict)  # word → places in `docs`
    sizes: dict[str, int] = field(repr=False, default_factory=dict)  # word → how many groups it has


class Hit(NamedTuple):
    """A model that fits, and its place in the order."""

    key: Key
    doc: Doc


def build(docs: Iterable[Doc]) -> Index:
    """Return the index of `docs`."""
    rows = tuple(docs)
    words = tuple(_words_of(doc) for doc in rows)
    by_word: dict[str, list[int]] = defaultdict(list)
    for place, found in enumerate(words):
        for word in found:
            by_word[word].append(place)
    by_group: dict[str, list[str]] = defaultdict(list)
    sizes: dict[str, int] = {}
    for word in by_word:
        groups = _groups(word)
        sizes[word] = len(groups)
        for group in groups:
            by_group[group].append(word)
        by_group[_letters(word)].append(word)
    return Index(rows, words, dict(by_group), dict(by_word), sizes)


def find(index: Index, query: Query) -> list[Hit]:
    """Return every model that fits, in order; equal ones by id."""
    scores = _scores(index, query.text)
    places = range(len(index.docs)) if scores is None else scores
    is_free = query == Query(text=query.text, sort=query.sort)  # no filter: 5,000 times nothing to ask
    hits = [
        Hit(_key(index.docs[place], query, scores[place] if scores else 0.0), index.docs[place])
        for place in places
        if is_free or _fits(index.docs[place], query)
    ]
    return sorted(hits, key=itemgetter(0))


def after(hits: Sequence[Hit], key: Key | None, limit: int) -> list[Hit]:
    """Return the next `limit` hits beyond `key`: models that came or went move no others."""
    rest = hits if key is None else [hit for hit in hits if hit.key > key]
    return list(rest[:limit])


def _words_of(doc: Doc) -> frozenset[str]:
    """Return the words of a model: the parts of its id, name and family, and its id whole."""
    text = f"{doc.slug} {doc.name} {doc.family}".lower()
    parts = text.translate(_SAME).replace("-", " ").replace("(", " ").replace(")", " ").split()
    whole = doc.slug.lower().translate(_SAME)
    tail = doc.slug.lower().rpartition("/")[2].translate(_SAME)
    return frozenset({*parts, whole, tail, tail.replace("-", "")})


def _groups(word: str) -> set[str]:
    padded = f" {word} "
    return {padded[start : start + 3] for start in range(max(1, len(padded) - 2))}


def _letters(word: str) -> str:
    """Return what a word has in common with one whose letters changed places."""
    return "=" + "".join(sorted(word))


def _scores(index: Index, text: str) -> dict[int, float] | None:
    """Return how well each model fits, by its place; None where nothing is asked.

    A model fits when every word of the query is, begins or resembles one of its words.
    """
    asked = [word.strip("-") for word in text.lower().translate(_SAME).split()]
    if not any(asked):
        return None
    found: dict[int, float] | None = None
    words = [part for word in asked if word for part in _known_parts(index, word)]
    for word in words[:MAX_WORDS]:
        likeness: dict[int, float] = {}
        for near, score in _near(index, word).items():
            for place in index.by_word[near]:
                likeness[place] = max(score, likeness.get(place, 0.0))
        found = (
            likeness
            if found is None
            else {place: found[place] + score for place, score in likeness.items() if place in found}
        )
    return found or {}


def _known_parts(index: Index, word: str) -> list[str]:
    """Return a word as it is where it stands in some model, else its parts."""
    is_known = _holding(index, word) or _holding(index, word.replace("-", ""))
    return [word] if is_known else [part for part in word.split("-") if part]


def _holding(index: Index, part: str) -> list[str]:
    """Return the words in which `part` stands; each has all of its groups, so the rarest leads to them."""
    inner = [part[start : start + 3] for start in range(len(part) - 2)]
    words = min((index.by_group.get(group, []) for group in inner), key=len, default=index.by_word)
    return [known for known in words if part in known]


def _near(index: Index, word: str) -> dict[str, float]:
    """Return the words of the index that `word` may mean, 3 for the same down to 0 for hardly."""
    holding = _holding(index, word)
    found = {known: 2.0 for known in holding if known.startswith(word)}
    if len(word) >= 3:
        inside = {*holding, *_holding(index, word.replace("-", ""))}
        found |= dict.fromkeys(inside - found.keys(), 1.5)
    if word in index.by_word:
        found[word] = 3.0
    if found:
        return found
    groups = _groups(word)
    shared = Counter(near for group in groups for near in index.by_group.get(group, ()))
    for near, count in shared.items():
        likeness = 2 * count / (len(groups) + index.sizes[near])
        if likeness >= ENOUGH:
            found.setdefault(near, likeness)
    for near in index.by_group.get(_letters(word), ()):
        found[near] = max(0.9, found.get(near, 0.0))
    best = max(found.values(), default=0.0)
    return {near: score for near, score in found.items() if score >= best * 0.75}


def _fits(doc: Doc, query: Query) -> bool:
    return (
        (not query.source or doc.source == query.source)
        and (not query.provider or query.provider in doc.providers)
        and (not query.family or doc.family == query.family)
        and doc.capabilities.issuperset(query.capabilities)
        and (not query.takes or query.takes in doc.takes)
        and (not query.gives or query.gives in doc.gives)
        and (not query.context or (doc.context or 0) >= query.context)
        and _at_most(doc.input_nano, query.max_input_nano)
        and _at_most(doc.output_nano, query.max_output_nano)
        and (not query.released_since or (doc.released_on or date.min) >= query.released_since)
        and (query.leaving is None or doc.is_leaving == query.leaving)
    )


def _at_most(price: int | None, most: int | None) -> bool:
    return most is None or (price is not None and price <= most)


def _key(doc: Doc, query: Query, score: float) -> Key:
    """Return the place of a model in the order: a model a person chose comes first where both fit alike."""
    last = float("inf")
    found = 0.0 if doc.source == "discovered" else -1.0
    match query.sort:
        case "name":
            return (doc.name.lower(), doc.slug)
        case "input":
            return (last if doc.input_nano is None else float(doc.input_nano), doc.slug)
        case "output":
            return (last if doc.output_nano is None else float(doc.output_nano), doc.slug)
        case "context":
            return (-float(doc.context or 0), doc.slug)
        case "newest":
            return (-float((doc.released_on or date.min).toordinal()), doc.slug)
        case "id":
            return (doc.slug,)
    exact = 0.0 if doc.slug.lower() == query.text.strip().lower() else 1.0
    return (exact, -round(score, 3), found, float(doc.is_leaving), doc.slug)
