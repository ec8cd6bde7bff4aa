"""Settings → Configuration: the whole configuration as a file, and what differs from the one in use."""

from __future__ import annotations

import pytest

from llmhub.audit.actor import COMMAND_LINE
from llmhub.config import export
from llmhub.people.team import create_team
from providers.credential import set_credential
from tests.config.applying import every_row

pytestmark = pytest.mark.django_db
URL = "/settings/configuration/"


@pytest.fixture
def in_use(settings, tmp_path):
    """A function: this text is the file that is applied at the start."""

    def use(text: str) -> None:
        (tmp_path / "hub.toml").write_text(text)
        settings.CONFIG_FILE = str(tmp_path / "hub.toml")

    return use


def test_the_file_is_shown_and_can_be_downloaded(signed_in, lab, team):
    set_credential(actor=COMMAND_LINE, provider=lab, secret="sk-typed-in-by-hand-0001")
    admin = signed_in("admin")

    page, file = admin.get(URL), admin.get(f"{URL}llmhub.toml")

    assert "[providers.lab]" in page.text
    assert "No file is applied at the start" in page.text
    assert "of lab was typed in: enter it again" in page.text
    assert "sk-typed" not in page.text
    assert file.text == export().text
    assert file.headers["Content-Disposition"] == 'attachment; filename="llmhub.toml"'
    assert URL in admin.get("/settings/").text


def test_what_differs_from_the_file_in_use_is_shown_and_nothing_is_changed(signed_in, in_use, team):
    create_team(actor=COMMAND_LINE, name="Growth")
    in_use('[teams.support]\nname = "Help desk"\n')
    admin = signed_in("admin")
    before = every_row()

    page = admin.get(URL).text

    assert "teams.support: changed\n    name: Support → Help desk" in page
    assert "Differs" in page
    assert "Made by people and not in the file: 1" in page
    assert every_row() == before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[teams.support]\n", "Nothing would change"),
        ("[teams.support]\nnmae = 1\n", "hub.toml:2:1: teams.support.nmae: is unknown"),
    ],
)
def test_a_file_that_agrees_and_one_that_cannot_be_applied(signed_in, in_use, team, text, says):
    in_use(text)

    assert says in signed_in("admin").get(URL).text


def test_a_file_that_is_gone_is_said(signed_in, settings):
    settings.CONFIG_FILE = "/nowhere/hub.toml"

    assert "cannot read &#x27;/nowhere/hub.toml&#x27;" in signed_in("admin").get(URL).text


def test_a_viewer_is_neither_shown_nor_offered_it(signed_in):
    viewer = signed_in("viewer")

    assert viewer.get(URL).status_code == 403
    assert viewer.get(f"{URL}llmhub.toml").status_code == 403
    assert URL not in viewer.get("/settings/").text
