from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import call_command

from llmhub.navigation import MENU
from llmhub.templatetags.hub import _ALERTS
from tests.console.html import blocked

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
OURS = [path for path in (ROOT / "static").rglob("*") if path.suffix in {".css", ".js", ".svg"}]
SPRITE = (ROOT / "static/icons.svg").read_text()


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", TEMPLATES, ids=relative)
def test_a_template_holds_nothing_inline(path):
    assert not blocked(path.read_text())


@pytest.mark.parametrize(
    ("html", "what"),
    [
        ('<p style="color: red">', "a style attribute"),
        ('<a onclick="go()">', "an inline handler"),
        ('<a hx-on:click="go()">', "an inline handler"),
        ("<script>go()</script>", "an inline script"),
        ("<style>p {}</style>", "an inline style"),
        ('<a href="javascript:go()">', "a script address"),
        ('<script src="https://cdn.test/x.js">', "another host"),
        ('<link rel="stylesheet" href="//cdn.test/x.css">', "another host"),
    ],
)
def test_what_is_inline_is_seen(html, what):
    assert blocked(html) == [what]


def unclosed(css: str) -> int:
    """How many rules are open at the end: all that follows an open one is swallowed by it."""
    bare = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return bare.count("{") - bare.count("}")


@pytest.mark.parametrize("path", [path for path in OURS if path.suffix == ".css"], ids=relative)
def test_every_rule_of_a_style_sheet_is_closed(path):
    assert unclosed(path.read_text()) == 0
    assert unclosed(path.read_text() + "p { color: red;") == 1


@pytest.mark.parametrize("html", ['<script src="/static/a.js"></script>', '<a href="https://docs.test/">'])
def test_what_is_a_file_of_ours_or_a_link_is_not(html):
    assert not blocked(html)


def depth(text: str) -> list[int]:
    """How many braces are open wherever a rule begins at the start of a line, and at the end."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    starts = [match.start() for match in re.finditer(r"^[.#@:\w]", text, re.MULTILINE)] + [len(text)]
    return [text[:start].count("{") - text[:start].count("}") for start in starts]


@pytest.mark.parametrize("path", [path for path in OURS if path.suffix == ".css"], ids=relative)
def test_each_rule_of_a_stylesheet_is_closed_before_the_next(path):
    assert set(depth(path.read_text())) == {0}


def test_a_rule_that_is_not_closed_is_seen():
    assert depth(".a {\n  top: 0;\n\n.b {\n  top: 0;\n}\n") == [0, 1, 1]


def icons_asked_for() -> set[str]:
    asked = {place.icon for _, places in MENU for place in places}
    asked |= {icon for _, icon in _ALERTS.values()} | {"info-circle"}
    for path in TEMPLATES:
        text = path.read_text()
        asked |= set(re.findall(r'{% icon "([^"]+)"', text)) | set(re.findall(r'\bicon="([^"]+)"', text))
    return asked


@pytest.mark.parametrize("name", sorted(icons_asked_for()))
def test_an_icon_is_in_the_sprite(name):
    assert f'<symbol id="{name}"' in SPRITE


@pytest.mark.parametrize("path", OURS, ids=relative)
def test_a_file_loads_nothing_from_elsewhere(path):
    text = path.read_text()

    assert "sourceMappingURL" not in text
    assert not re.search(r"(?:@import|url\(|fetch\(|import\()\s*[\"']?(?:https?:)?//", text)


def test_every_vendored_folder_is_documented_with_its_licence():
    readme = (ROOT / "static/vendor/README.md").read_text()

    for folder in (ROOT / "static/vendor").iterdir():
        if folder.is_dir():
            assert f"`{folder.name}/`" in readme
            assert (folder / "LICENSE").exists() or any(
                "Licensed under MIT" in path.read_text()[:600] for path in folder.glob("*.css")
            )


def test_collected_files_are_named_by_their_content_and_compressed(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path

    call_command("collectstatic", interactive=False, verbosity=0)

    collected = {path.name for path in tmp_path.iterdir()}
    assert any(re.fullmatch(r"console\.[0-9a-f]{12}\.css", name) for name in collected)
    assert any(re.fullmatch(r"console\.[0-9a-f]{12}\.css\.(br|gz)", name) for name in collected)
    css = next(path for path in tmp_path.iterdir() if re.fullmatch(r"console\.[0-9a-f]{12}\.css", path.name))
    assert re.search(r"inter-latin-wght-normal\.[0-9a-f]{12}\.woff2", css.read_text())
