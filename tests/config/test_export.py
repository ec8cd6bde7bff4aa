"""The exported file says everything: nothing differs from it, and a new installation becomes the same."""

from __future__ import annotations

import tomllib
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.models import Budget
from catalog.entry import create_entry
from catalog.models import CatalogEntry, Offer, Price
from catalog.offer import add_offer, set_price
from catalog.seed import seed
from llmhub.audit.actor import COMMAND_LINE
from llmhub.config import apply_file, export, plan
from llmhub.config.schema import label_of
from llmhub.config.state import read_all
from llmhub.config.toml_text import Rows, comment, table
from llmhub.people.models import Team
from llmhub.people.team import create_team
from providers.credential import set_credential
from providers.credential_state import take_out
from providers.models import Credential, Provider
from providers.provider import create_provider
from providers.rates import Rates
from tests.config.applying import FILE, apply_as_planned, every_row
from tests.config.furnished import LABEL, SECRET, furnish, type_in

pytestmark = pytest.mark.django_db


def exported_elsewhere(fill) -> str:
    """What is exported after `fill`, all of which is then forgotten."""
    return there_and_exported(fill)[1]


def there_and_exported(fill) -> tuple[list, str]:
    with transaction.atomic():
        fill()
        there, text = everything_said(), export().text
        transaction.set_rollback(True)
    return there, text


def everything_said() -> list:
    """All that the database says, whoever said it."""
    return [(thing.place, thing.values) for thing in read_all()]


def apply(text: str, tmp_path):
    path = tmp_path / "llmhub.toml"
    path.write_text(text)
    return apply_as_planned(path)


def test_a_new_installation_has_nothing_to_say_beside_its_name_and_zone():
    seed()

    assert tomllib.loads(export().text) == {"hub": {"name": "llmhub", "timezone": "UTC"}}


def test_nothing_differs_from_what_was_just_exported(tmp_path):
    seed()
    furnish()
    type_in()
    before = every_row()

    exported = export()
    planned = plan(exported.text)

    assert planned.differences == ()
    assert planned.follows_llmhub == ()
    assert every_row() == before
    apply(exported.text, tmp_path)
    assert export() == exported


def test_a_new_installation_becomes_the_same_to_the_byte(tmp_path):
    seed()
    there, text = there_and_exported(furnish)
    assert not Team.objects.exists()

    applied = apply(text, tmp_path)

    assert export().text == text
    assert everything_said() == there
    assert not Provider.objects.listed().filter(slug="anthropic").exists()
    assert Offer.objects.filter(entry__slug="acme/small-1").count() == 4
    assert Price.objects.filter(effective_from__year=2190).count() == 3
    assert applied.plan.differences
    assert not plan(text).differences


def test_the_order_of_the_file_is_the_order_of_trying(tmp_path):
    seed()

    text = exported_elsewhere(furnish)

    ids = [line for line in text.splitlines() if line.startswith('id = "small')]
    assert ids == ['id = "small:a"', 'id = "small-1:free"', 'id = "small-1"']


def test_no_secret_is_written_and_a_person_is_told_which_are_missing():
    seed()
    furnish()
    type_in()

    exported = export()

    assert SECRET not in exported.text
    assert exported.missing == tuple(
        f"the credential {label!r} of {slug} was typed in: enter it again, or give a reference"
        for slug, label in (("lab", LABEL), ("openai", "default"))
    )
    assert tomllib.loads(exported.text)["hub"]["name"] != "x"
    lab = tomllib.loads(exported.text)["providers"]["lab"]
    assert lab["credentials"] == ["env:ONE", {"ref": "file:/two", "label": "second", "weight": 0}]


def test_a_reference_that_a_person_set_becomes_the_file_s_and_a_refused_one_stays_out(tmp_path):
    lab = create_provider(
        actor=COMMAND_LINE, slug="lab", name="Lab", kind="custom", base_url="http://10.0.0.5/v1"
    )
    row = set_credential(actor=COMMAND_LINE, provider=lab, reference="env:ONE", label=label_of("env:ONE"))
    take_out(row.pk, row, reason="refused")

    applied = apply(export().text, tmp_path)

    assert applied.changes == ("credential.changed provider:lab",)
    assert applied.plan.becomes_the_files == ("providers.lab.credentials[env:ONE]",)
    kept = Credential.objects.get()
    assert (kept.from_file, kept.disabled_reason) == (True, "refused")


def test_what_stands_in_the_file_is_taken_away_again_with_its_line(tmp_path):
    seed()
    text = exported_elsewhere(furnish)
    bundled = list(CatalogEntry.objects.order_by("pk").values())
    apply(text, tmp_path)

    apply("", tmp_path)

    there = CatalogEntry.objects.listed().values()
    ours = [row for row in there if row["origin"] == "bundled"]
    assert ours == bundled
    assert not Offer.objects.filter(origin="file", withdrawn_at=None).exists()
    assert {row.withdrawn_at for row in Offer.objects.filter(origin="bundled")} == {None}
    assert not Budget.objects.in_force().filter(origin="file").exists()


# --- any text, any amount ------------------------------------------------------------------------

letters = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
scalars = letters | st.booleans() | st.integers(-(2**40), 2**40) | st.dates() | st.lists(letters, max_size=3)
tables_of = st.dictionaries(letters, scalars, max_size=4)


@given(
    letters,
    st.dictionaries(letters, scalars | st.lists(tables_of, min_size=1, max_size=3), max_size=4),
    letters,
)
def test_any_table_is_read_back_as_it_was_and_a_comment_is_nothing(name, values, said):
    text = table(("a", name), values) + comment(said)

    assert tomllib.loads(text) == {"a": {name: values}}


@given(st.lists(letters | st.dictionaries(letters, letters, max_size=3), max_size=3))
def test_rows_are_read_back(rows):
    assert tomllib.loads(table(("a",), {"rows": Rows(rows)})) == {"a": {"rows": rows}}


shown = letters.map(lambda text: f"x{text}".strip())
amounts = st.decimals(0, 10**6, places=9).map(lambda amount: abs(Decimal(format(amount, "f"))))


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(shown, letters, st.lists(amounts, min_size=2, max_size=6), st.integers(1, 2**31 - 1))
def test_any_text_and_amount_comes_through(tmp_path, name, description, prices, tokens):
    def fill():
        lab = create_provider(
            actor=COMMAND_LINE, slug="lab", name=name, kind="custom", base_url="http://10.0.0.5/v1"
        )
        entry = create_entry(
            actor=COMMAND_LINE, slug="a/b", name=name, description=description, context_tokens=tokens
        )
        offer = add_offer(actor=COMMAND_LINE, entry=entry, provider=lab, upstream_id=name)
        tiers = [Rates(*prices), Rates(*prices[::-1], above_input_tokens=tokens)]
        set_price(actor=COMMAND_LINE, offer=offer, tiers=tiers)
        create_team(actor=COMMAND_LINE, name=name, slug="support")
        assert plan(export().text).differences == ()

    with transaction.atomic():
        text = exported_elsewhere(fill)
        path = tmp_path / "llmhub.toml"
        path.write_text(text, encoding="utf-8", newline="")
        apply_file(path, FILE)
        assert export().text == text
        transaction.set_rollback(True)
