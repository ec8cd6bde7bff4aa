"""Every mistake in llmhub.toml is found, with its place and what was probably meant."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmhub.config.findings import Places, read
from llmhub.config.references import Known, dangling
from llmhub.config.schema import Config, json_schema
from tests.architecture import ROOT

DOCS = (ROOT / "docs/llmhub-toml.md").read_text()
(EXAMPLE,) = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)
KNOWN = Known(
    models=frozenset({"openai/gpt-6-luna", "acme/large"}),
    aliases=frozenset({"slow"}),
    routes=frozenset({"support-route"}),
    other_names=frozenset({"acme/gone"}),
    providers={"openai": "openai", "openrouter": "openrouter"},
)


def found(text):
    config, findings = read(text)
    if config is not None:
        findings = dangling(config, KNOWN, Places(text))
    return [str(finding) for finding in findings]


def test_the_example_of_the_docs_is_right():
    assert found(EXAMPLE) == []


def test_the_docs_list_every_key_of_every_table():
    tables = {
        name: set(re.findall(r"`(\w+)`", keys))
        for name, keys in re.findall(r"^\| `([^`]+)` \| (.*) \|$", DOCS, re.MULTILINE)
    }
    schema = json_schema()["$defs"]

    rules = set(schema["CallRulesSection"]["properties"])

    assert tables["hub"] == set(schema["HubSection"]["properties"])
    assert tables["providers.NAME"] == set(schema["ProviderSection"]["properties"])
    assert tables["providers.NAME.credentials"] >= set(schema["CredentialSection"]["properties"])
    assert tables['models."ID"'] == set(schema["ModelSection"]["properties"])
    assert tables['models."ID".parameters.NAME'] == set(schema["ParameterSection"]["properties"])
    assert tables['models."ID".offers.PROVIDER'] == set(schema["OfferSection"]["properties"])
    assert tables['models."ID".offers.PROVIDER.tiers'] == set(schema["TierSection"]["properties"])
    assert tables['models."ID".offers.PROVIDER.later'] == set(schema["LaterSection"]["properties"])
    assert tables["hub.call_rules"] == tables["teams.NAME.call_rules"] == rules
    assert tables["routes.NAME"] == set(schema["RouteSection"]["properties"])
    assert tables["routes.NAME.targets"] == set(schema["TargetSection"]["properties"])
    assert tables["budgets"] == set(schema["OtherBudgetSection"]["properties"])
    assert tables["teams.NAME"] == set(schema["TeamSection"]["properties"])
    assert tables["teams.NAME.budgets"] == set(schema["BudgetSection"]["properties"])


OFFER = '[models."acme/s".offers.openai]\nid = "s"\n'
PROVIDER = '[providers.lab]\nkind = "custom"\nbase_url = "http://a.test"\n'
WRONG = {
    "an unknown table": ("[aliasses]\n", "1:2: aliasses: is unknown: did you mean 'aliases'?"),
    "an unknown key of a table": (
        '[hub]\ntimezon = "UTC"\n',
        "2:1: hub.timezon: is unknown: did you mean 'timezone'?",
    ),
    "an unknown key of a provider": (
        PROVIDER + "credential = []\n",
        "4:1: providers.lab.credential: is unknown: did you mean 'credentials'?",
    ),
    "an unknown key of a model": (
        '[models."acme/s"]\ncontxt = 3\n',
        "2:1: models.\"acme/s\".contxt: is unknown: did you mean 'context'?",
    ),
    "an unknown key of an offer": (
        OFFER + 'inptu = "1"\n',
        "3:1: models.\"acme/s\".offers.openai.inptu: is unknown: did you mean 'input'?",
    ),
    "an unknown key of a tier": (
        OFFER
        + 'input = "1"\noutput = "1"\ntiers = [\n  {above = 1, input = "2", output = "2", outpt = "2"}]\n',
        "6:42: models.\"acme/s\".offers.openai.tiers[0].outpt: is unknown: did you mean 'output'?",
    ),
    "a section that comes later": (
        "[presets.support]\n",
        "1:2: presets: this version knows no presets here yet: take it out",
    ),
    "parameters of an offer": (
        OFFER + '[models."acme/s".offers.openai.params]\ntop_p = 0.9\n',
        '3:32: models."acme/s".offers.openai.params: this version knows no params',
    ),
    "thresholds of a budget, which come later": (
        '[[teams.support.budgets]]\ncap = "1"\nper = "day"\nparams = [50]\n',
        "4:1: teams.support.budgets[0].params: this version knows no params here yet",
    ),
    "a budget without a period": (
        '[[teams.support.budgets]]\ncap = "1"\n',
        "1:17: teams.support.budgets[0].per: is missing",
    ),
    "a cap that is no amount": (
        '[[teams.support.budgets]]\ncap = "NaN"\nper = "day"\n',
        "'NaN' is no amount: write a number",
    ),
    "a cap of tokens with a fraction": (
        '[[teams.support.budgets]]\ncap = "1.5"\nper = "day"\nunit = "tokens"\n',
        "'1.5' is no number of tokens",
    ),
    "a period there is not": (
        '[[teams.support.budgets]]\ncap = "1"\nper = "decade"\n',
        "3:1: teams.support.budgets[0].per",
    ),
    "a missing key": (
        '\n[providers.lab]\nbase_url = "http://a.test"\n',
        "2:12: providers.lab.kind: is missing",
    ),
    "a missing id": ('[models."acme/s".offers.openai]\nrank = 3\n', "offers.openai.id: is missing"),
    "an unknown kind": (
        '[providers.lab]\nkind = "custm"\n',
        "2:1: providers.lab.kind: 'custm' is unknown: use openai, anthropic, openrouter, custom: did you",
    ),
    "an unknown capability": (
        '[models."acme/s"]\ncapabilities = [\n  "tools",\n  "vison",\n]\n',
        "4:3: models.\"acme/s\".capabilities[1]: 'vison' is unknown",
    ),
    "a number in quotes": ('[models.a]\ncontext = "5"\n', "models.a.context: must be a whole number"),
    "a switch for a number": ("[models.a]\ncontext = true\n", "models.a.context: must be a whole number"),
    "a number for a text": ("[models.a]\nname = 5\n", "models.a.name: must be text, in quotes"),
    "a word for a switch": (
        PROVIDER + 'needs_credential = "no"\n',
        "4:1: providers.lab.needs_credential: must be true or false",
    ),
    "a word for a list": (PROVIDER + 'credentials = "env:A"\n', "credentials: must be a list"),
    "a date in quotes": ('[models.a]\nsunset = "2026-12-01"\n', "models.a.sunset: must be a date"),
    "a text for a table": ('[models]\na = "b"\n', "2:1: models.a: must be a table"),
    "a context of nothing": ("[models.a]\ncontext = 0\n", "context: must be greater than 0"),
    "a price as a number": (OFFER + "input = 0.15\n", 'input: write amounts in quotes, such as "0.15"'),
    "a price below zero": (OFFER + 'input = "-1"\n', "input: '-1' is no amount"),
    "a price that is none": (OFFER + 'input = "NaN"\noutput = "1"\n', "input: 'NaN' is no amount"),
    "half a price": (OFFER + 'input = "1"\n', "offers.openai: a price needs input and output"),
    "a cache price alone": (OFFER + 'cache_read = "1"\n', "offers.openai: a price needs input and output"),
    "a tier that forgot an amount": (
        OFFER
        + 'input = "1"\noutput = "1"\ncache_read = "1"\ntiers = [{above = 9, input = "1", output = "1"}]\n',
        "the tier above 9 must state the same amounts: cache_read",
    ),
    "a zone with a slip": (
        '[hub]\ntimezone = "Europe/Berlim"\n',
        "write an IANA name such as Europe/Berlin: did you mean 'Europe/Berlin'?",
    ),
    "a zone that is none": ('[hub]\ntimezone = "Mars"\n', "2:1: hub.timezone: 'Mars' is no time zone"),
    "a model's name with a space": (
        '[models."a b"]\n',
        '1:9: models."a b": has a letter that cannot stand there',
    ),
    "a provider's name with a slash": (
        '[providers."a/b"]\nkind = "custom"\n',
        '1:12: providers."a/b": has a letter',
    ),
    "a provider that is not there": (
        '[models."acme/s".offers.openia]\nid = "s"\n',
        "1:25: models.\"acme/s\".offers.openia: 'openia' is no provider: did you mean 'openai'?",
    ),
    "an alias of nothing": (
        '[aliases]\nfast = "openai/gpt-6-lunar"\n',
        "2:1: aliases.fast: 'openai/gpt-6-lunar' is no model: did you mean 'openai/gpt-6-luna'?",
    ),
    "an alias of an alias": (
        '[aliases]\nfast = "slow"\n',
        "2:1: aliases.fast: 'slow' is an alias itself: name the model",
    ),
    "an alias with a model's name": (
        '[aliases]\n"acme/large" = "openai/gpt-6-luna"\n',
        '2:1: aliases."acme/large": a model has this name',
    ),
    "an alias with a route's name": (
        '[aliases]\nsupport-route = "acme/large"\n',
        "2:1: aliases.support-route: a route or a withdrawn model has this name",
    ),
    "a route of nothing": (
        '[routes.x]\ntargets = ["acme/large", "openai/gpt-6-lunar"]\n',
        "2:26: routes.x.targets[1]: 'openai/gpt-6-lunar' is no model: did you mean 'openai/gpt-6-luna'?",
    ),
    "a route to an alias": (
        '[routes.x]\ntargets = ["slow"]\n',
        "2:12: routes.x.targets[0]: 'slow' is an alias: name the model",
    ),
    "a route to a route": (
        '[routes.x]\ntargets = ["support-route"]\n',
        "2:12: routes.x.targets[0]: 'support-route' is a route itself: a route lists models",
    ),
    "a route over budget to itself": (
        '[routes.x]\ntargets = ["acme/large"]\nover_budget = [{model = "x"}]\n',
        "3:16: routes.x.over_budget[0]: 'x' is a route itself",
    ),
    "a route to a provider that is not there": (
        '[routes.x]\ntargets = [{model = "acme/large", provider = "opnai"}]\n',
        "2:12: routes.x.targets[0]: 'opnai' is no provider: did you mean 'openai'?",
    ),
    "a route with a model's name": (
        '[routes."acme/large"]\ntargets = ["acme/large"]\n',
        '1:9: routes."acme/large": a model has this name',
    ),
    "a route with an alias's name": (
        '[routes.slow]\ntargets = ["acme/large"]\n',
        "1:9: routes.slow: an alias has this name",
    ),
    "a model with a route's name": (
        "[models.support-route]\n",
        "1:9: models.support-route: a route has this name",
    ),
    "a route to nowhere": ("[routes.x]\n", "1:9: routes.x.targets: is missing"),
    "a target with a slip": (
        '[routes.x]\ntargets = [{model = "acme/large", wieght = 2}]\n',
        "routes.x.targets[0].wieght: is unknown: did you mean 'weight'?",
    ),
    "a target that is no name": (
        '[routes.x]\ntargets = ["a b"]\n',
        "2:12: routes.x.targets[0]: has a letter that cannot stand there",
    ),
    "a policy there is not": (
        '[routes.x]\npolicy = "latecy"\ntargets = ["acme/large"]\n',
        "2:1: routes.x.policy: 'latecy' is unknown: use priority, cost",
    ),
    "a requirement there is not": (
        '[routes.x]\nrequire = ["tool"]\ntargets = ["acme/large"]\n',
        "did you mean 'tools'?",
    ),
    "a multiple below one": (
        '[routes.x]\nmax_cost_multiple = 0.5\ntargets = ["acme/large"]\n',
        '2:1: routes.x.max_cost_multiple: must be a number from 1 to 9999, without quotes, or "unlimited"',
    ),
    "a multiple in quotes": (
        '[routes.x]\nmax_cost_multiple = "3"\ntargets = ["acme/large"]\n',
        "must be a number from 1 to 9999",
    ),
    "presets of a team, which come later": (
        '[teams.support]\npresets = ["x"]\n',
        "2:1: teams.support.presets: this version knows no presets here yet",
    ),
    "a model with an alias's name": ("[models.slow]\n", "1:9: models.slow: an alias has this name"),
    "a replacement that is not there": (
        '[models.a]\nreplacement = "acme/larg"\n',
        "2:1: models.a.replacement: 'acme/larg' is no model: did you mean 'acme/large'?",
    ),
    "a provider of another kind": (
        '[providers.openai]\nkind = "custom"\nbase_url = "http://a.test"\n',
        "2:1: providers.openai.kind: is 'openai' already: take another name",
    ),
    "a server without an address": (
        '[providers.lab]\nkind = "custom"\n',
        "1:12: providers.lab: a provider of kind",
    ),
    "a dialect that the kind does not speak": (
        '[providers.openai]\nkind = "openai"\ndialect = "anthropic"\n',
        "3:1: providers.openai.dialect: a provider of kind 'openai' does not speak it: use chat",
    ),
    "the second of two offers": (
        '[[models.a.offers.openai]]\nid = "a"\n[[models.a.offers.openai]]\nid = 3\n',
        "4:1: models.a.offers.openai[1].id: must be text",
    ),
    "an offer twice": (
        OFFER.replace("[", "[[").replace("]", "]]") * 2,
        "models.\"acme/s\": openai offers 's' twice",
    ),
    "a withdrawn offer with a price": (
        OFFER + 'withdrawn = true\ninput = "1"\noutput = "1"\n',
        "a withdrawn offer has only its id",
    ),
    "an unknown key of a parameter": (
        "[models.a.parameters.temperature]\nmaximum = 1\n",
        "2:1: models.a.parameters.temperature.maximum: is unknown: did you mean 'max'?",
    ),
    "a bound in quotes": (
        '[models.a.parameters]\ntop_p = { max = "1" }\n',
        "2:11: models.a.parameters.top_p.max: must be a number, without quotes",
    ),
    "a type there is not": (
        '[models.a.parameters.depth]\ntype = "nmber"\n',
        "2:1: models.a.parameters.depth.type: 'nmber' is unknown: use number",
    ),
    "a parameter of no type": (
        "[models.a.parameters.depth]\nmin = 1\n",
        "1:22: models.a.parameters.depth.type: is missing: say what it is",
    ),
    "a range upside down": (
        "[models.a.parameters.temperature]\nmin = 3\n",
        "models.a.parameters.temperature.max: is less than min",
    ),
    "a default out of range": (
        "[models.a.parameters.top_p]\ndefault = 3\n",
        "2:1: models.a.parameters.top_p.default: 3 is not what it takes: number from 0 to 1",
    ),
    "a constraint with a slip": (
        '[models.a.parameters.top_p]\nexcludes = ["temprature"]\n',
        ".top_p.excludes: 'temprature' is no parameter of this model: did you mean 'temperature'?",
    ),
    "a parameter that is unset and said": (
        '[models.a]\nunset = ["parameters.top_p"]\nparameters.top_p = {}\n',
        "models.a: parameters.top_p has a value and is in unset",
    ),
    "meters of no price": (
        OFFER + 'meters = { web_search = "0.01" }\n',
        "offers.openai: a price needs input and output",
    ),
    "a withdrawn model with a fact": (
        "[models.a]\nwithdrawn = true\ncontext = 9\n",
        "1:9: models.a: a withdrawn model has no other keys",
    ),
    "an alias of a withdrawn model": (
        '[models."acme/large"]\nwithdrawn = true\n[aliases]\nfast = "acme/large"\n',
        "4:1: aliases.fast: 'acme/large' is no model",
    ),
    "an offer at a removed provider": (
        '[providers.openai]\nkind = "openai"\nremoved = true\n' + OFFER,
        "4:25: models.\"acme/s\".offers.openai: 'openai' is no provider",
    ),
    "a removed provider with an address": (
        PROVIDER + "removed = true\n",
        "providers.lab: a removed provider has only its kind",
    ),
    "a fact that is unset and said": (
        '[models.a]\nunset = ["context"]\ncontext = 9\n',
        "1:9: models.a: context has a value and is in unset",
    ),
    "a fact that is none": (
        '[models.a]\nunset = ["contxt"]\n',
        "models.a.unset[0]: 'contxt' is unknown: use family",
    ),
    "a later price without its day": (
        OFFER + 'later = [{input = "1", output = "1"}]\n',
        '3:10: models."acme/s".offers.openai.later[0].since: is missing',
    ),
    "a later price by nobody's clock": (
        OFFER + 'later = [{since = 2027-01-01T00:00:00, input = "1", output = "1"}]\n',
        "later[0].since: must be a day or a moment with its zone",
    ),
    "later prices in no order": (
        OFFER + 'later = [{since = 2028-01-01, input = "1", output = "1"}, '
        '{since = 2027-01-01T00:00:00Z, input = "1", output = "1"}]\n',
        "offers.openai: later prices must follow each other",
    ),
    "a source of no price": (
        OFFER + 'source = "https://a.test"\n',
        "offers.openai: a price needs input and output",
    ),
    "two budgets of a kind": (
        '[[budgets]]\nscope = "tag"\nname = "env=a"\ncap = "1"\nper = "day"\n' * 2,
        "two budgets (tag:env=a, day, usd, hard) limit the same",
    ),
    "two budgets of a team of a kind": (
        '[[teams.a.budgets]]\ncap = "1"\nper = "day"\n' * 2,
        "teams.a: two budgets (day, usd, hard) limit the same",
    ),
    "a budget of something else": (
        '[[budgets]]\nscope = "key"\ncap = "1"\nper = "day"\n',
        "2:1: budgets[0].scope: ",
    ),
    "an allowance that is no amount": (
        '[hub.call_rules]\nallowance = "much"\n',
        "hub.call_rules: 'much' is no amount",
    ),
    "a key of the second offer with a slip": (
        '[[models.a.offers.openai]]\nid = "a"\nrnak = 3\n',
        "3:1: models.a.offers.openai[0].rnak: is unknown: did you mean 'rank'?",
    ),
    "no TOML": ("[hub\n", "1:5: is no TOML: Expected"),
    "no TOML at its end": ('a = """\n', "2:1: is no TOML: "),
    "a key twice": (
        '[hub]\ntimezone = "UTC"\ntimezone = "UTC"\n',
        "3:17: is no TOML: Cannot overwrite a value",
    ),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_found_at_its_place(text, message):
    assert any(message in finding for finding in found(text)), found(text)


@pytest.mark.parametrize("text", ["", "# nothing\n", OFFER, PROVIDER, '[aliases]\nfast = "acme/large"\n'])
def test_the_texts_that_the_mistakes_start_from_are_right(text):
    assert found(text) == []


def test_every_mistake_is_found_at_once_in_the_order_of_the_text():
    text = '[hub]\ntimezone = 5\nx = 1\n[models.a]\ncontext = "5"\n[aliasses]\n'

    assert [finding.partition(" ")[0] for finding in found(text)] == ["2:1:", "3:1:", "5:1:", "6:2:"]


@pytest.mark.parametrize("secret", ["sk-proj-4711", "env:", "env:NOT A NAME", "file:relative", "ENV:NAME"])
def test_a_secret_in_place_of_a_reference_is_refused_and_never_repeated(secret):
    (finding,) = found(PROVIDER + f"credentials = ['{secret}']\n")

    assert finding.startswith("4:16: providers.lab.credentials[0]: is no reference: write env:NAME")
    assert "4711" not in finding


def test_deep_nesting_is_a_finding_and_no_crash():
    config, findings = read("a = " + "[" * 100_000)

    assert config is None
    assert len(findings) == 1


@given(st.text(max_size=200))
def test_any_text_is_read_or_found_wrong(text):
    config, findings = read(text)

    assert (config is None) == bool(findings)


def test_the_schema_is_json_and_names_every_section():
    schema = json.loads(json.dumps(json_schema()))

    assert set(schema["properties"]) == set(Config.model_fields)
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["ProviderSection"]["properties"]["kind"]["enum"] == [
        "openai",
        "anthropic",
        "openrouter",
        "custom",
    ]


@pytest.mark.parametrize(
    ("table", "finding"),
    [
        ('{ref = "ONE"}', "providers.lab.credentials[0].ref: is no reference"),
        ("{label = 'x'}", "providers.lab.credentials[0].ref: is missing"),
        ('{ref = "env:A", wieght = 2}', "wieght: is unknown: did you mean 'weight'?"),
        ('{ref = "env:A", weight = -1}', "credentials[0].weight: must be at least 0"),
        ('{ref = "env:A", weight = 1001}', "credentials[0].weight: must be at most 1000"),
        ('{ref = "env:A", label = ""}', "credentials[0].label: must not be empty"),
        ('"env:A", {ref = "env:B", label = "env:A"}', "two credentials have the label 'env:A'"),
        ('"env:A", "env:A"', "two credentials have the label 'env:A'"),
        ("7", "credentials[0]: must be a table"),
    ],
)
def test_what_is_wrong_with_a_credential_is_said_at_its_key(table, finding):
    (said,) = found(PROVIDER + f"credentials = [{table}]\n")

    assert finding in said


def test_editors_may_write_a_credential_as_text_or_as_a_table():
    items = json_schema()["$defs"]["ProviderSection"]["properties"]["credentials"]["anyOf"][0]["items"]

    assert [each.get("type") or each["$ref"] for each in items["anyOf"]] == [
        "string",
        "#/$defs/CredentialSection",
    ]
