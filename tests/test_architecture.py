"""The shape of the code, as tests. Each rule is first shown to fail on code that breaks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import architecture as rules

FILES = rules.files()
SOURCES = {path: (rules.ROOT / path).read_text() for path in FILES}
PURE = {
    rules.module_name(path): rules.is_pure(source)
    for path, source in SOURCES.items()
    if path.name != "__init__.py" or source.strip()
}
BANNED_NAMES = {
    "services.py",
    "utils.py",
    "helpers.py",
    "manager.py",
    "managers.py",
    "handler.py",
    "handlers.py",
}


@pytest.mark.parametrize("path", FILES, ids=str)
def test_it_imports_only_from_lower_layers(path):
    assert not rules.imports_upward(path, SOURCES[path]), f"{path} imports from a higher layer"


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("providers/client.py", "from catalog.models import Offer"),
        ("catalog/views.py", "def page():\n    from routing.snapshot import Snapshot"),
        ("llmhub/lib/egress.py", "import llmhub.people.models"),
        ("billing/ledger.py", "from llmhub import settings"),
    ],
)
def test_an_upward_import_is_seen(path, source):
    assert rules.imports_upward(Path(path), source)


@pytest.mark.parametrize("path", [path for path in FILES if rules.is_pure(SOURCES[path])], ids=str)
def test_a_pure_module_is_pure(path):
    assert not rules.impurities(SOURCES[path])
    assert not rules.impure_neighbours(SOURCES[path], PURE), f"{path} imports a module that is not pure"


@pytest.mark.parametrize(
    "body",
    ["import httpx", "from django.db import models", "import time", "def f():\n    return datetime.now()"],
)
def test_an_impurity_is_seen(body):
    assert rules.impurities(f'"""Pure: nothing."""\n{body}')


def test_an_impure_neighbour_is_seen():
    assert rules.impure_neighbours("from billing import ledger", {"billing.ledger": False})


@pytest.mark.parametrize("path", FILES, ids=str)
def test_only_adapters_know_providers_by_name(path):
    assert not rules.provider_names(path, SOURCES[path])


def test_a_provider_name_is_seen_in_a_string_and_not_in_a_docstring():
    path = Path("routing/gateway/app.py")

    assert rules.provider_names(path, 'if kind == "openai":\n    pass') == ["openai"]
    assert not rules.provider_names(path, '"""As the OpenAI API does."""')
    assert not rules.provider_names(Path("providers/adapters/chat.py"), 'KIND = "openai"')


@pytest.mark.parametrize("path", FILES, ids=str)
def test_functions_and_files_stay_short(path):
    assert not rules.too_long(SOURCES[path])


def test_a_long_function_and_a_long_file_are_seen():
    assert rules.too_long("def f():\n" + "    x = 1\n" * 60) == ["f: 61 lines"]
    assert rules.too_long("x = 1\n" * 301) == ["the file: 301 lines"]


def test_no_file_is_named_for_nothing():
    assert not [path for path in FILES if path.name in BANNED_NAMES]


def test_the_root_package_is_empty():
    assert (rules.ROOT / "llmhub/__init__.py").read_text() == ""
