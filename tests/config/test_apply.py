"""Applying llmhub.toml: all of it or nothing, once, with an audit event for each change."""

from __future__ import annotations

from decimal import Decimal

import pytest

from catalog.alias import add_alias
from catalog.entry import create_entry
from catalog.models import Alias, CatalogEntry, Offer
from catalog.offer import set_price
from catalog.seed import seed
from llmhub.audit.actor import COMMAND_LINE, Actor
from llmhub.audit.models import AuditEvent
from llmhub.config import BadFile, apply_file, check
from llmhub.config.schema import label_of
from llmhub.people import organisation
from llmhub.people.models import Team
from providers.credential import set_credential
from providers.credential_state import set_weight, take_out
from providers.models import Credential, Provider
from providers.rates import Rates
from tests.config.applying import apply_as_planned
from tests.config.test_findings import EXAMPLE

pytestmark = pytest.mark.django_db

LAB = '[providers.lab]\nkind = "custom"\nbase_url = "http://10.0.0.5:8000/v1"\n'
MODEL = '[models."acme/small"]\ncontext = 8_000\n[models."acme/small".offers.lab]\nid = "small-1"\n'
PRICE = 'input = "0.15"\noutput = "0.60"\n'
FILE = Actor(kind="file", label="llmhub.toml", role="owner")


@pytest.fixture
def apply(tmp_path):
    def write_and_apply(*texts):
        path = tmp_path / "llmhub.toml"
        path.write_text("".join(texts))
        return apply_as_planned(path).changes

    return write_and_apply


def refusal(apply, *texts):
    with pytest.raises(BadFile) as caught:
        apply(*texts)
    return str(caught.value)


def test_the_example_of_the_docs_becomes_true(apply):
    seed()

    apply(EXAMPLE)

    small = CatalogEntry.objects.get(slug="acme/small-1")
    assert (small.name, small.context_tokens, small.origin) == ("Acme Small 1", 128_000, "file")
    offer = small.offers.get()
    assert (offer.provider.slug, offer.upstream_id, offer.rank) == ("lab", "small-1", 10)
    assert list(
        offer.prices.order_by("effective_from", "above_input_tokens").values_list(
            "above_input_tokens", "input", "cache_read"
        )
    ) == [
        (0, Decimal("0.15"), Decimal("0.015")),
        (100_000, Decimal("0.30"), Decimal("0.03")),
        (0, Decimal("0.10"), None),
    ]
    assert offer.prices.latest("effective_from").effective_from.year == 2190
    lab = Provider.objects.get(slug="lab")
    assert (lab.dialect, lab.needs_credential) == ("chat", False)
    assert Alias.objects.get(name="fast").entry == small
    assert Team.objects.get(slug="support").name == "Support"
    assert organisation.current().time_zone == "Europe/Berlin"
    assert Credential.objects.get(provider__slug="openai").reference == "env:OPENAI_API_KEY"
    assert Offer.objects.filter(entry__slug="openai/gpt-6-luna").count() == 3


def test_a_second_application_changes_nothing_and_writes_no_audit_event(apply):
    seed()
    assert apply(EXAMPLE)
    events = AuditEvent.objects.count()

    assert apply(EXAMPLE) == ()
    assert not seed().anything()
    assert apply(EXAMPLE) == ()

    assert AuditEvent.objects.count() == events


def test_the_changes_are_the_audit_events_under_the_file_s_name(apply):
    changes = apply(LAB, MODEL, PRICE)

    assert changes == (
        "provider.created provider:lab",
        "model.created model:acme/small",
        "offer.added model:acme/small",
        "price.set model:acme/small",
    )
    assert set(AuditEvent.objects.values_list("actor_kind", "actor")) == {("file", "llmhub.toml")}


def test_a_file_with_a_mistake_changes_nothing(apply):
    message = refusal(apply, LAB, MODEL, PRICE, '[aliases]\nfast = "acme/smal"\n')

    assert message == ("llmhub.toml:11:1: aliases.fast: 'acme/smal' is no model: did you mean 'acme/small'?")
    assert not Provider.objects.exists()
    assert not AuditEvent.objects.exists()


def test_what_a_write_function_refuses_is_a_finding_and_undoes_all_before_it(apply):
    message = refusal(
        apply, LAB, '[providers.far]\nkind = "custom"\nbase_url = "http://169.254.169.254/v1"\n'
    )

    assert message.startswith(
        "llmhub.toml:6:1: providers.far.base_url: 169.254.169.254 is a metadata or link-local address"
    )
    assert not Provider.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_file_that_is_no_toml_or_not_there_changes_nothing(apply, tmp_path):
    assert refusal(apply, "[hub\n").startswith("llmhub.toml:1:5: is no TOML")
    with pytest.raises(ValueError, match="cannot read"):
        apply_file(tmp_path / "none.toml", FILE)


def test_check_looks_references_up_in_the_database():
    create_entry(actor=COMMAND_LINE, slug="acme/large")

    assert check('[aliases]\nfast = "acme/large"\n') == []
    (finding,) = check('[aliases]\nfast = "acme/larg"\n')
    assert (finding.line, finding.column, finding.path, finding.did_you_mean) == (
        2,
        1,
        "aliases.fast",
        "acme/large",
    )


def test_a_changed_fact_and_price_follow_and_the_old_price_stays(apply):
    apply(LAB, MODEL, PRICE)

    changes = apply(LAB, MODEL.replace("8_000", "9_000"), PRICE.replace("0.15", "0.10"))

    assert changes == ("model.changed model:acme/small", "price.set model:acme/small")
    assert CatalogEntry.objects.get().context_tokens == 9_000
    prices = Offer.objects.get().prices.order_by("effective_from").values_list("input", flat=True)
    assert list(prices) == [Decimal("0.15"), Decimal("0.10")]


def test_a_price_written_in_other_digits_is_the_same_price(apply):
    apply(LAB, MODEL, PRICE)

    assert apply(LAB, MODEL, PRICE.replace("0.15", "0.150")) == ()


def test_a_model_without_a_price_is_unpriced_and_not_free(apply):
    apply(LAB, MODEL)

    assert not Offer.objects.get().prices.exists()


def test_what_left_the_file_is_taken_away(apply):
    apply(LAB, MODEL, PRICE, '[aliases]\nfast = "acme/small"\n[teams.support]\n')

    changes = apply(LAB)

    assert changes == (
        "alias.removed alias:fast",
        "offer.withdrawn model:acme/small",
        "model.withdrawn model:acme/small",
    )
    assert Team.objects.filter(slug="support").exists()
    assert apply(LAB) == ()


def test_it_comes_back_as_the_same_rows(apply):
    apply(LAB, MODEL, PRICE)
    before = (CatalogEntry.objects.get().pk, Offer.objects.get().pk)
    apply(LAB)

    apply(LAB, MODEL, PRICE)

    assert (CatalogEntry.objects.listed().get().pk, Offer.objects.get(withdrawn_at=None).pk) == before
    assert Offer.objects.get().prices.count() == 1


def test_another_id_at_the_provider_is_another_offer(apply):
    apply(LAB, MODEL, PRICE)

    apply(LAB, MODEL.replace("small-1", "small-2"), PRICE)

    assert Offer.objects.get(withdrawn_at=None).upstream_id == "small-2"


def test_what_a_person_wrote_is_left_alone_unless_the_file_names_it(apply):
    create_entry(actor=COMMAND_LINE, slug="acme/small", context_tokens=5)
    large = create_entry(actor=COMMAND_LINE, slug="acme/large")
    add_alias(actor=COMMAND_LINE, name="big", entry=large)

    apply(LAB, MODEL)

    assert CatalogEntry.objects.get(slug="acme/small").context_tokens == 8_000
    assert CatalogEntry.objects.listed().filter(slug="acme/large").exists()
    assert Alias.objects.filter(name="big").exists()


def test_a_model_cannot_leave_while_a_person_s_alias_stands_for_it(apply):
    apply(LAB, MODEL)
    add_alias(actor=COMMAND_LINE, name="fast", entry=CatalogEntry.objects.get())

    assert "acme/small cannot be withdrawn while fast stands for it" in refusal(apply, LAB)


def test_a_name_can_go_from_an_alias_to_a_model(apply):
    apply(LAB, MODEL, '[aliases]\nfast = "acme/small"\n')

    apply(LAB, MODEL, "[models.fast]\n")

    assert CatalogEntry.objects.listed().filter(slug="fast").exists()
    assert not Alias.objects.exists()


def test_an_alias_is_pointed_elsewhere(apply):
    apply(LAB, MODEL, '[models."acme/large"]\n[aliases]\nfast = "acme/small"\n')

    changes = apply(LAB, MODEL, '[models."acme/large"]\n[aliases]\nfast = "acme/large"\n')

    assert changes == ("alias.moved alias:fast",)


def test_models_may_replace_each_other_in_any_order(apply):
    apply('[models."acme/a"]\nreplacement = "acme/b"\n[models."acme/b"]\n')

    assert CatalogEntry.objects.get(slug="acme/a").replacement == "acme/b"


# --- what comes with llmhub ----------------------------------------------------------------------

LUNA = '[models."openai/gpt-6-luna".offers.openai]\nid = "gpt-6-luna"\n'


def luna():
    return Offer.objects.get(provider__slug="openai", upstream_id="gpt-6-luna")


def newest_input():
    return luna().prices.order_by("-effective_from", "above_input_tokens").first().input


@pytest.mark.parametrize(("rank", "says"), [(7, "rank = 7\n"), (100, "")])
def test_a_bundled_offer_can_have_a_price_of_the_file_and_gets_its_own_back(apply, rank, says):
    seed()
    apply(LUNA, says, 'input = "0.09"\noutput = "0.4"\n')
    assert (newest_input(), luna().rank) == (Decimal("0.09"), rank)
    assert not seed().anything()

    changes = apply("")

    assert "offer.given_back model:openai/gpt-6-luna" in changes
    assert (newest_input(), luna().rank, luna().withdrawn_at) == (Decimal("0.1"), 100, None)
    assert apply("") == ()
    assert not seed().anything()


def test_a_bundled_model_can_have_a_fact_of_the_file_and_gets_its_own_back(apply):
    seed()
    before = CatalogEntry.objects.get(slug="openai/gpt-6-luna").context_tokens
    apply('[models."openai/gpt-6-luna"]\ncontext = 5_000\n')
    assert CatalogEntry.objects.get(slug="openai/gpt-6-luna").context_tokens == 5_000
    assert not seed().anything()

    apply("")

    entry = CatalogEntry.objects.get(slug="openai/gpt-6-luna")
    assert (entry.context_tokens, entry.origin, entry.withdrawn_at) == (before, "bundled", None)
    assert apply("") == ()


def test_a_fact_that_the_file_only_repeats_is_the_file_s_too(apply):
    seed()
    same = CatalogEntry.objects.get(slug="openai/gpt-6-luna").context_tokens

    assert apply(f'[models."openai/gpt-6-luna"]\ncontext = {same}\n') == (
        "model.changed model:openai/gpt-6-luna",
    )

    assert CatalogEntry.objects.get(slug="openai/gpt-6-luna").origin == "file"


def test_a_bundled_model_that_is_only_offered_elsewhere_goes_on_following_the_bundle(apply):
    seed()

    apply(LAB, '[models."openai/gpt-6-luna".offers.lab]\nid = "luna"\n')

    assert CatalogEntry.objects.get(slug="openai/gpt-6-luna").origin == "bundled"


def test_a_price_of_a_person_on_an_offer_the_file_names_without_one_stays(apply):
    seed()
    set_price(actor=COMMAND_LINE, offer=luna(), tiers=[Rates(Decimal("0.08"), Decimal("0.4"))])

    apply(LUNA)

    assert newest_input() == Decimal("0.08")


# --- providers and their credentials -------------------------------------------------------------


def references():
    return sorted(Credential.objects.values_list("reference", flat=True))


def test_the_references_of_a_provider_are_exactly_those_of_the_file(apply):
    apply(LAB, 'credentials = ["env:ONE", "file:/two"]\n')
    assert references() == ["env:ONE", "file:/two"]

    changes = apply(LAB, 'credentials = ["env:ONE", "env:THREE"]\n')

    assert references() == ["env:ONE", "env:THREE"]
    assert changes == ("credential.set provider:lab", "credential.removed provider:lab")


TWO = """credentials = [
  "env:ONE",
  {ref = "file:/two", label = "second", weight = 3},
]
"""


def credentials():
    return {row.label: (row.reference, row.weight) for row in Credential.objects.all()}


def test_several_credentials_have_labels_and_weights(apply):
    apply(LAB, TWO)
    assert credentials() == {"env:ONE": ("env:ONE", 1), "second": ("file:/two", 3)}
    assert apply(LAB, TWO) == ()

    changes = apply(LAB, TWO.replace("weight = 3", "weight = 5"))

    assert credentials()["second"] == ("file:/two", 5)
    assert changes == ("credential.changed provider:lab",)


def test_another_reference_under_the_same_label_replaces_and_what_is_left_out_goes(apply):
    apply(LAB, TWO)

    changes = apply(LAB, TWO.replace("file:/two", "file:/three").replace('"env:ONE",', ""))

    assert credentials() == {"second": ("file:/three", 3)}
    assert changes == ("credential.set provider:lab", "credential.removed provider:lab")


def test_a_table_without_a_weight_leaves_it_as_people_set_it(apply):
    apply(LAB, 'credentials = ["env:ONE"]\n')
    set_weight(actor=COMMAND_LINE, provider=Provider.objects.get(), label="env:ONE", weight=7)

    assert apply(LAB, 'credentials = ["env:ONE"]\n') == ()
    assert credentials() == {"env:ONE": ("env:ONE", 7)}


def test_one_that_its_provider_refused_is_not_brought_back_by_the_next_start(apply):
    apply(LAB, TWO)
    kept = Credential.objects.get(label="second")
    take_out(kept.pk, kept, reason="refused")

    assert apply(LAB, TWO) == ()
    assert Credential.objects.get(label="second").disabled_reason == "refused"


def test_a_label_of_the_file_that_somebody_took_over_is_the_file_s_again(apply):
    apply(LAB, TWO)
    set_credential(
        actor=COMMAND_LINE, provider=Provider.objects.get(), label="second", secret="sk-by-hand-000001"
    )

    apply(LAB, TWO)

    assert credentials()["second"] == ("file:/two", 3)


def test_a_reference_that_the_command_line_set_is_not_the_file_s_to_remove(apply):
    apply(LAB, TWO)
    provider = Provider.objects.get()
    set_credential(actor=COMMAND_LINE, provider=provider, label="env:MINE", reference="env:MINE")

    apply(LAB, "credentials = []\n")

    assert credentials() == {"env:MINE": ("env:MINE", 1)}


def test_without_a_list_the_credentials_are_left_alone_and_an_empty_list_removes_them(apply):
    apply(LAB, 'credentials = ["env:ONE"]\n')

    assert apply(LAB) == ()
    assert references() == ["env:ONE"]
    apply(LAB, "credentials = []\n")
    assert references() == []


def test_a_secret_that_somebody_entered_stays(apply):
    apply(LAB)
    set_credential(actor=COMMAND_LINE, provider=Provider.objects.get(), secret="sk-entered-by-hand-0001")

    apply(LAB, 'credentials = ["env:ONE"]\n')
    apply(LAB, "credentials = []\n")

    assert Credential.objects.get().label == "default"


def test_a_new_address_clears_the_credentials_and_sets_those_of_the_file(apply):
    apply(LAB, 'credentials = ["env:ONE"]\n')
    set_credential(actor=COMMAND_LINE, provider=Provider.objects.get(), secret="sk-entered-by-hand-0001")

    apply(LAB.replace("10.0.0.5", "10.0.0.6"), 'credentials = ["env:ONE"]\n')

    assert references() == ["env:ONE"]


def test_no_secret_and_no_reference_s_value_is_in_the_audit_log(apply, monkeypatch):
    monkeypatch.setenv("ONE", "sk-the-secret-itself")

    apply(LAB, 'credentials = ["env:ONE"]\n')

    assert not [event for event in AuditEvent.objects.all() if "sk-the" in str(event.after)]


@pytest.mark.parametrize("reference", ["env:ONE", "file:/" + "a" * 60, "file:/" + "b" * 200 + "/key"])
def test_a_label_fits_and_tells_two_apart(reference):
    assert len(label_of(reference)) <= 60
    assert label_of(reference + "2") != label_of(reference)


def test_a_provider_is_changed(apply):
    apply(LAB)

    changes = apply(LAB, 'name = "The lab"\ndialect = "anthropic"\nneeds_credential = true\n')

    lab = Provider.objects.get()
    assert (lab.name, lab.dialect, lab.needs_credential) == ("The lab", "messages", True)
    assert changes == ("provider.changed provider:lab",)


def test_a_team_is_renamed_and_keeps_its_short_name(apply):
    apply('[teams.support]\nname = "Support"\n')

    changes = apply('[teams.support]\nname = "Customer support"\n')

    assert changes == ("team.renamed team:support",)
    assert Team.objects.get(slug="support").name == "Customer support"
    assert apply("[teams.support]\n") == ()
