"""Pure: what the recorded calls ask of the new model: abilities, context, length of answers, parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billing.asked import OTHER
from billing.recent import Recent
from catalog.words import CAPABILITIES
from llmhub.lib import figures
from providers.adapters.parameters import ALSO_CALLED, LIMITS
from routing.preflight import Check, Evidence, ModelFacts, Status, listed, many

FAILING_SHARE = 0.01  # of the calls: where more than these no longer fit, it is no accident
# How it is said of calls that they asked for something.
_ASKED = {
    "stream": "streamed",
    "tools": "gave tools",
    "json_mode": "asked for JSON",
    "json_schema": "gave a JSON schema",
    "vision": "held images",
    "documents": "held documents",
    "audio_in": "held audio",
    "reasoning": "asked for reasoning",
}
_TITLES = {
    "capabilities": "What the calls need",
    "context": "Context",
    "output": "Length of answers",
    "parameters": "Parameters",
}


@dataclass(frozen=True)
class Traffic:
    """The calls that are to move, and where they are listed."""

    recent: Recent
    path: str

    @property
    def of(self) -> str:
        """Which calls these are, in words."""
        requests = self.recent.requests
        if self.recent.is_whole:
            return f"the {many(requests, 'call')} of the last 30 days"
        return f"the newest {many(requests, 'call')}"

    @property
    def evidence(self) -> Evidence:
        """How many calls were looked at."""
        whole = "all of the last 30 days" if self.recent.is_whole else "the newest within 30 days"
        value = f"{figures.count(self.recent.requests)}, {whole}"
        return Evidence("Calls looked at", value, self.path)


def capabilities(
    traffic: Traffic, source: ModelFacts, target: ModelFacts, *, required: Sequence[str] = ()
) -> Check:
    """Say whether the new model does what the calls asked for, and what their route wants of each target."""
    if source.embeds != target.embeds and target.outputs:
        does = "makes embeddings only" if target.embeds else "makes no embeddings"
        return _check("capabilities", "fail", f"{target.slug} {does}: it cannot stand in for {source.slug}.")
    if target.is_described and (less := [word for word in required if not target.can(word)]):
        said = (
            f"The route wants what {target.slug} is not said to do: {listed(less)}. No call would go there."
        )
        return _check("capabilities", "fail", said)
    used, known = _used(traffic.recent)
    evidence = _evidence_of_needs(traffic, used, known, target)
    if target.embeds:
        return _check("capabilities", "ok", "Both make embeddings.", *evidence)
    if not target.is_described:
        said = f"Nobody said what {target.slug} can do: state it for the model, or try it."
        return _check("capabilities", "unknown", said, *evidence)
    lost = [(word, used[word]) for word in _ASKED if used.get(word) and not target.can(word)]
    if lost:
        asked = " and ".join(f"{many(number, 'call')} {_ASKED[word]}" for word, number in lost)
        said = f"{target.slug} is not said to do what was asked for: of {traffic.of}, {asked}."
        return _check("capabilities", "fail", said, *evidence)
    if known == traffic.recent.requests and known:
        return _check("capabilities", "ok", f"It does all that {traffic.of} asked for.", *evidence)
    return _without_records(traffic, known, source, target, evidence)


def _without_records(
    traffic: Traffic, known: int, source: ModelFacts, target: ModelFacts, evidence: tuple[Evidence, ...]
) -> Check:
    """Judge by what the catalog says of both models where the records do not say all that was asked."""
    if not traffic.recent.requests:
        why = "Nobody called it in the last 30 days"
    else:
        old = figures.count(traffic.recent.requests - known)
        some = f"Of {traffic.of}, {old} are" if known else f"{traffic.of.capitalize()} are"
        why = f"{some} from before llmhub noted what a call asks for"
    lost = [CAPABILITIES[word] for word in CAPABILITIES if word in source.capabilities - target.capabilities]
    if lost:
        said = f"{why}; {source.slug} {listed(lost)}, which {target.slug} is not said to do."
        return _check("capabilities", "warn", said, *evidence)
    said = f"{why}; {target.slug} is said to do everything that {source.slug} does."
    return _check("capabilities", "ok", said, *evidence)


def _used(recent: Recent) -> tuple[dict[str, int], int]:
    """Return how many calls asked for what; of older ones only what their record always said."""
    counted, known = recent.needs()
    used = dict(counted)
    old = [call for call in recent.firsts if call.needs is None]
    used["stream"] = used.get("stream", 0) + sum(call.streamed for call in old)
    return used, known


def _evidence_of_needs(
    traffic: Traffic, used: Mapping[str, int], known: int, target: ModelFacts
) -> tuple[Evidence, ...]:
    requests = traffic.recent.requests
    found = [traffic.evidence]
    if known != requests:
        found.append(Evidence("Known of", f"{figures.count(known)} of them"))
    for word, number in used.items():
        if number:
            does = "does" if target.can(word) else "is not said to do"
            value = f"{figures.count(number)}, {figures.share(number, requests)}; the new model {does} this"
            found.append(Evidence(f"Calls that {_ASKED[word]}", value, target.path))
    return tuple(found)


def context(traffic: Traffic, target: ModelFacts) -> Check:
    """Say how many calls would not fit into the new context."""
    sizes = [call.input_tokens + call.output_tokens for call in traffic.recent.answered]
    return _fit("context", traffic, target, sizes, target.context_tokens, "tokens, input and answer")


def output(traffic: Traffic, target: ModelFacts) -> Check:
    """Say how many answers were longer than the new model writes."""
    sizes = [call.output_tokens for call in traffic.recent.answered]
    return _fit("output", traffic, target, sizes, target.output_limit_tokens, "tokens of answer")


def _fit(
    name: str, traffic: Traffic, target: ModelFacts, sizes: list[int], limit: int | None, unit: str
) -> Check:
    largest = max(sizes, default=0)
    evidence = [traffic.evidence]
    if sizes:
        evidence.append(Evidence("Largest of them", f"{figures.count(largest)} {unit}", traffic.path))
    if limit is None:
        said = f"Nobody said the limit of {target.slug}" + (
            f"; the largest call had {figures.count(largest)} {unit}." if sizes else "."
        )
        return _check(name, "unknown", said, *evidence)
    evidence.append(Evidence("Limit of the new model", f"{figures.count(limit)} {unit}", target.path))
    if not sizes:
        said = f"No call of the last 30 days to compare with; the limit is {figures.count(limit)} {unit}."
        return _check(name, "unknown", said, *evidence)
    over = sum(size > limit for size in sizes)
    evidence.append(Evidence("Calls above it", f"{figures.count(over)}, {figures.share(over, len(sizes))}"))
    if not over:
        said = f"All fit: the largest had {figures.count(largest)} of {figures.count(limit)} {unit}."
        return _check(name, "ok", said, *evidence)
    status: Status = "fail" if over >= FAILING_SHARE * len(sizes) else "warn"
    share = figures.share(over, len(sizes))
    said = f"{share} of {traffic.of} had more than {figures.count(limit)} {unit}: {many(over, 'call')}."
    return _check(name, status, said, *evidence)


def parameters(traffic: Traffic, target: ModelFacts) -> Check:
    """Say which parameters of the calls the new model is not said to take."""
    used, known = traffic.recent.parameters()
    evidence = [traffic.evidence]
    if not known:
        said = "Not known: llmhub keeps no requests, and of none of these calls are its parameters noted."
        return _check("parameters", "unknown", said, *evidence)
    evidence += [
        Evidence(name, f"{figures.count(number)}, {figures.share(number, known)}")
        for name, number in used.most_common()
    ]
    if not target.parameters:
        said = f"Nobody said what {target.slug} takes; the calls gave {listed(sorted(used)) or 'none'}."
        return _check("parameters", "unknown", said, *evidence)
    strange = [name for name, _ in used.most_common() if not _takes(target, name)]
    if strange:
        calls = max(used[name] for name in strange)
        said = (
            f"{target.slug} is not said to take {listed(strange)}, which up to {many(calls, 'call')} of"
            f" {figures.count(known)} gave: its provider may refuse them, or leave them out."
        )
        return _check("parameters", "warn", said, *evidence)
    if used[OTHER]:
        said = f"It takes every parameter that llmhub knows; {many(used[OTHER], 'call')} gave others as well."
        return _check("parameters", "warn", said, *evidence)
    said = f"It takes every parameter that {many(known, 'call')} gave."
    return _check("parameters", "ok", said, *evidence)


def _takes(target: ModelFacts, name: str) -> bool:
    if name == OTHER or name in target.parameters or ALSO_CALLED.get(name) in target.parameters:
        return True
    return name in LIMITS and any(limit in target.parameters for limit in LIMITS)


def _check(name: str, status: Status, said: str, *evidence: Evidence) -> Check:
    return Check(name, _TITLES[name], status, said, tuple(evidence))
