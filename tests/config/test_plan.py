"""The plan says in words what an application changes, whose things become, and what it leaves alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from billing.budget import create_budget
from catalog.alias import add_alias
from catalog.entry import create_entry
from catalog.models import CatalogEntry, Offer
from catalog.offer import set_price
from catalog.seed import seed
from llmhub.audit.actor import COMMAND_LINE
from llmhub.config import BadFile, plan
from llmhub.people.team import create_team
from providers.credential import set_credential
from providers.models import Provider
from providers.provider import create_provider
from tests.config.applying import apply_as_planned, every_row
from tests.config.furnished import LUNA, usd

pytestmark = pytest.mark.django_db

LAB = '[providers.lab]\nkind = "custom"\nbase_url = "http://10.0.0.5:8000/v1"\n'
MODEL = '[models."acme/small"]\ncontext = 8000\n[models."acme/small".offers.lab]\nid = "small-1"\n'
PRICE = 'input = "0.15"\noutput = "0.60"\n'


@pytest.fixture
def apply(tmp_path):
    def write_and_apply(*texts):
        path = tmp_path / "llmhub.toml"
        path.write_text("".join(texts))
        return apply_as_planned(path).plan

    return write_and_apply


def test_what_is_new_is_told_with_all_that_it_will_be():
    assert str(plan(LAB + MODEL + PRICE)) == (
        "providers.lab: added\n"
        "    kind = custom\n"
        "    name = lab\n"
        "    base_url = http://10.0.0.5:8000/v1\n"
        "    dialect = chat\n"
        "    needs_credential = no\n"
        'models."acme/small": added\n'
        "    name = acme/small\n"
        "    context = 8000\n"
        'models."acme/small".offers.lab[small-1]: added\n'
        "    id = small-1\n"
        "    rank = 100\n"
        "    input = 0.15\n"
        "    output = 0.60\n"
        "3 differences"
    )


def test_what_changes_is_told_before_and_after_and_what_is_gone_with_what_it_was(apply):
    apply(
        LAB,
        MODEL,
        PRICE,
        '[aliases]\nfast = "acme/small"\n[[budgets]]\nscope = "organisation"\ncap = "1"\nper = "day"\n',
    )

    changed = plan(LAB + MODEL.replace("8000", "9000") + PRICE.replace("0.15", "0.1"))

    assert str(changed).splitlines() == [
        'models."acme/small": changed',
        "    context: 8000 → 9000",
        'models."acme/small".offers.lab[small-1]: changed',
        "    input: 0.15 → 0.1",
        "aliases.fast: given up",
        "    was model acme/small",
        "budgets[organisation, day, usd, hard]: given up",
        "    was scope organisation, cap 1, per day, unit usd, hard yes, alert_at 50, 80, 100, timezone UTC",
        "4 differences",
    ]


def test_a_model_that_the_file_had_is_told_to_be_as_it_came_again(apply):
    seed()
    apply(f'[models."{LUNA}"]\ncontext = 5\n')

    planned = plan("")

    assert [(each.place, each.change) for each in planned.differences] == [(f'models."{LUNA}"', "given back")]
    assert "as it comes with llmhub again\n    context: 5 → " in str(planned)


def test_whose_it_becomes_is_told_apart_from_what_changes(apply):
    seed()
    create_entry(actor=COMMAND_LINE, slug="acme/small", context_tokens=8000)

    planned = apply('[models."acme/small"]\ncontext = 8000\n')

    assert (planned.differences, planned.becomes_the_files) == ((), ('models."acme/small"',))
    context = CatalogEntry.objects.get(slug=LUNA).context_tokens
    apply(f'[models."acme/small"]\ncontext = 8000\n[models."{LUNA}"]\ncontext = {context}\n')
    assert plan('[models."acme/small"]\ncontext = 8000\n').follows_llmhub == (f'models."{LUNA}"',)


def test_what_people_made_beside_the_file_is_told_and_left_alone(apply):
    apply(LAB, "[teams.support]\n")
    far = create_provider(
        actor=COMMAND_LINE, slug="far", name="Far", kind="custom", base_url="http://10.0.0.6/v1"
    )
    set_credential(actor=COMMAND_LINE, provider=Provider.objects.get(slug="lab"), secret="sk-by-hand-000001")
    entry = create_entry(actor=COMMAND_LINE, slug="acme/large")
    add_alias(actor=COMMAND_LINE, name="big", entry=entry)
    create_team(actor=COMMAND_LINE, name="Growth")
    create_budget(actor=COMMAND_LINE, scope="team", name="support", per="year", cap="9")

    planned = apply(LAB, "[teams.support]\n")

    assert planned.left_alone == (
        f"providers.{far.slug}",
        "providers.lab.credentials[default]",
        'models."acme/large"',
        "aliases.big",
        "teams.growth",
        "teams.support.budgets[year, usd, hard]",
    )
    assert "left alone, because people made it and the file does not name it: providers.far, " in str(planned)
    assert str(planned).endswith("\nthe database is as the file says")


def test_an_alias_of_a_person_that_the_file_names_too_is_the_same_thing(apply):
    create_entry(actor=COMMAND_LINE, slug="acme/large")
    add_alias(actor=COMMAND_LINE, name="big", entry=CatalogEntry.objects.get())

    assert apply('[models."acme/large"]\n[aliases]\nbig = "acme/large"\n').left_alone == ()


def test_a_new_address_says_that_it_forgets_the_credentials(apply):
    apply(LAB, 'credentials = ["env:ONE"]\n')
    set_credential(actor=COMMAND_LINE, provider=Provider.objects.get(), secret="sk-by-hand-000001")

    planned = plan(LAB.replace("10.0.0.5", "10.0.0.6"))

    said = [(each.place, each.change) for each in planned.differences]
    assert ("providers.lab.credentials[default]", "given up") in said
    assert ("providers.lab.credentials[env:ONE]", "given up") in said
    assert "sk-by" not in str(planned.document())


def test_a_file_with_a_mistake_is_no_plan():
    before = every_row()

    with pytest.raises(BadFile, match="'acme/smal' is no model"):
        plan(LAB + MODEL + '[aliases]\nfast = "acme/smal"\n', "hub.toml")

    assert every_row() == before


# --- what the file can say since it can be written -----------------------------------------------


def test_a_built_in_provider_and_what_comes_with_llmhub_can_go_and_come_back(apply):
    seed()
    rank = Offer.objects.get(entry__slug=LUNA, provider__slug="openai").rank
    gone = [f'[models."{LUNA}".offers.openai]\nid = "gpt-6-luna"\nwithdrawn = true\n']
    gone += [f'[models."{_another()}"]\nwithdrawn = true\n']
    gone += ['[providers.anthropic]\nkind = "anthropic"\nremoved = true\n']

    planned = apply(*gone)

    assert {each.change for each in planned.differences} == {"given up"}
    assert not Provider.objects.listed().filter(slug="anthropic").exists()
    assert not Offer.objects.filter(entry__slug=LUNA, provider__slug="openai", withdrawn_at=None).exists()
    back = apply('[providers.anthropic]\nkind = "anthropic"\n')
    assert {each.change for each in back.differences} == {"added"}
    assert Offer.objects.get(entry__slug=LUNA, provider__slug="openai").rank == rank
    assert not seed().anything()


def _another() -> str:
    """A model that comes with llmhub."""
    return CatalogEntry.objects.filter(origin="bundled").exclude(slug=LUNA).values_list("slug", flat=True)[0]


def test_a_price_to_come_is_planned_once_and_becomes_the_price_on_its_day(apply, time_machine):
    later = '[[models."acme/small".offers.lab.later]]\nsince = 2030-01-01\ninput = "2"\noutput = "3"\n'

    apply(LAB, MODEL, PRICE, later)

    assert [str(row.input) for row in Offer.objects.get().prices.order_by("effective_from")] == ["0.15", "2"]
    time_machine.move_to("2030-02-01")
    assert apply(LAB, MODEL, PRICE, later).differences == ()
    assert Offer.objects.get().prices.count() == 2


def test_a_price_to_come_is_corrected_in_the_file(apply):
    later = '[[models."acme/small".offers.lab.later]]\nsince = 2030-01-01\ninput = "2"\noutput = "3"\n'
    apply(LAB, MODEL, PRICE, later)

    apply(LAB, MODEL, PRICE, later.replace('"2"', '"1.5"'))

    assert [str(row.input) for row in Offer.objects.get().prices.order_by("effective_from")] == [
        "0.15",
        "1.5",
    ]


def test_another_source_of_the_same_amounts_is_a_price_of_its_own(apply):
    apply(LAB, MODEL, PRICE)

    apply(LAB, MODEL, PRICE, 'checked = 2026-11-01\nsource = "https://example.com/prices"\n')

    assert Offer.objects.get().prices.count() == 2
    assert apply(LAB, MODEL, PRICE).differences == ()  # not said: as it is


def test_a_price_that_a_person_plans_is_left_alone(apply, time_machine):
    apply(LAB, MODEL, PRICE)
    time_machine.move_to("2030-01-01")
    moment = datetime(2031, 1, 1, tzinfo=UTC)
    set_price(actor=COMMAND_LINE, offer=Offer.objects.get(), tiers=[usd("9", "9")], effective_from=moment)

    assert apply(LAB, MODEL, PRICE).differences == ()


def test_a_reason_pauses_and_an_empty_one_resumes(apply):
    apply('[hub]\npaused = "we move"\n', LAB, 'paused = "too slow"\n')
    assert Provider.objects.get().paused_reason == "too slow"

    steps = [
        step
        for each in apply('[hub]\npaused = ""\n', LAB, 'paused = ""\n').differences
        for step in each.steps
    ]

    assert [(step.key, step.before, step.after) for step in steps] == [
        ("paused", "we move", None),
        ("paused", "too slow", None),
    ]
