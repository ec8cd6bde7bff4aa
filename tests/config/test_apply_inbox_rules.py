"""Rules of the inbox in llmhub.toml."""

from __future__ import annotations

import pytest

from catalog.discovery_models import InboxRule
from catalog.rule_book import set_rule
from llmhub.audit.actor import COMMAND_LINE
from llmhub.config import BadFile, check, export
from llmhub.config.schema import Config
from tests.config.applying import apply_as_planned

pytestmark = pytest.mark.django_db
LAB = '[providers.lab]\nkind = "custom"\nbase_url = "http://10.0.0.5:8000/v1"\n'
CHEAPER = '[[inbox_rules]]\nkind = "price_down"\naction = "accept"\n'
AT_LAB = '[[inbox_rules]]\nkind = "price_down"\naction = "hold"\nprovider = "lab"\n'


@pytest.fixture
def apply(tmp_path):
    def write_and_apply(text):
        path = tmp_path / "llmhub.toml"
        path.write_text(LAB + text)
        return apply_as_planned(path).changes

    return write_and_apply


def there() -> set[tuple]:
    return set(InboxRule.objects.values_list("kind", "action", "provider__slug", "from_file"))


def test_the_rules_become_true_once_and_are_exported_as_they_were(apply):
    apply(CHEAPER + AT_LAB)

    assert there() == {("price_down", "accept", None, True), ("price_down", "hold", "lab", True)}
    assert apply(CHEAPER + AT_LAB) == ()
    text = export().text
    assert CHEAPER in text
    assert AT_LAB in text


def test_what_the_file_says_no_more_goes_and_what_people_made_stays(apply):
    apply(CHEAPER + AT_LAB)
    set_rule(actor=COMMAND_LINE, kind="renamed", action="ignore")

    apply(AT_LAB.replace("hold", "accept"))

    assert there() == {("price_down", "accept", "lab", True), ("renamed", "ignore", None, False)}


def test_a_rule_that_the_file_says_too_becomes_the_files(apply):
    set_rule(actor=COMMAND_LINE, kind="price_down", action="accept")
    apply(CHEAPER)
    assert there() == {("price_down", "accept", None, True)}

    apply("")
    assert there() == set()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (AT_LAB.replace('"lab"', '"lob"'), "is no provider: did you mean 'lab'?"),
        (CHEAPER.replace("price_down", "price_dwon"), "did you mean 'price_down'?"),
        (CHEAPER.replace("price_down", "facts"), "is unknown"),
        (CHEAPER.replace("accept", "take"), "is unknown: use accept, ignore, hold"),
        (CHEAPER + CHEAPER.replace("accept", "hold"), "two inbox_rules decide on price_down: write one"),
    ],
)
def test_what_makes_no_sense_is_refused(apply, text, said):
    (finding,) = check(LAB + text)
    assert said in str(finding)
    with pytest.raises(BadFile):
        apply(text)


def test_editors_are_told_the_words():
    schema = Config.model_json_schema()["$defs"]["InboxRuleSection"]["properties"]

    assert "price_down" in schema["kind"]["enum"]
    assert "facts" not in schema["kind"]["enum"]
    assert schema["action"]["enum"] == ["accept", "ignore", "hold"]
