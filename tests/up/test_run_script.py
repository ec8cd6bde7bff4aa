"""The script that needs only python3: whose index it asks, what it keeps, what it says to an old Python."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def script(monkeypatch):
    loader = SourceFileLoader("run_script", str(ROOT / "run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("run_script", loader))
    loader.exec_module(module)
    monkeypatch.setattr(module, "PYTHON", Path(sys.executable))
    return module


@pytest.fixture
def pip_alone(tmp_path):
    """An environment in which pip is set up by one file and nothing else."""

    def make(text: str, **variables: str) -> dict[str, str]:
        file = tmp_path / "pip.conf"
        file.write_text(text)
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "SSL_"))
        }
        return {**inherited, "PIP_CONFIG_FILE": str(file), **variables}

    return make


def test_uv_asks_the_index_that_pip_is_set_up_for(script, pip_alone):
    environment = pip_alone(
        "[global]\nindex-url = https://index.test/simple\ntimeout = 7\n"
        "[install]\nfind-links = /a /b\ntrusted-host = index.test\n",
        PIP_EXTRA_INDEX_URL="https://more.test/simple https://third.test/simple",
        PIP_CERT="/etc/ca.pem",
    )

    uv = script.uv_environment(environment)

    expected = {
        "UV_DEFAULT_INDEX": "https://index.test/simple",
        "UV_INDEX": "https://more.test/simple https://third.test/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/a,/b",
        "UV_INSECURE_HOST": "index.test",
        "UV_HTTP_TIMEOUT": "7",
        "SSL_CERT_FILE": "/etc/ca.pem",
    }
    assert {name: uv[name] for name in expected} == expected


def test_the_environment_beats_the_file_and_uvs_own_words_beat_pips(script, pip_alone):
    environment = pip_alone(
        "[global]\nindex-url = https://file.test/simple\n",
        PIP_INDEX_URL="https://pip.test/simple",
        UV_HTTP_TIMEOUT="99",
        PIP_DEFAULT_TIMEOUT="5",
    )

    uv = script.uv_environment(environment)

    assert uv["UV_DEFAULT_INDEX"] == "https://pip.test/simple"
    assert uv["UV_HTTP_TIMEOUT"] == "99"


def test_an_old_python_is_told_what_to_install(script, monkeypatch):
    monkeypatch.setattr(script.shutil, "which", lambda _: None)

    with pytest.raises(SystemExit, match=r"llmhub needs Python 3\.11 or newer"):
        script.start_over_with_newer_python()


def test_an_old_python_can_read_the_script_that_far():
    ast.parse((ROOT / "run").read_text(), feature_version=(3, 8))


def test_without_a_command_it_says_which_there_are():
    done = subprocess.run([sys.executable, str(ROOT / "run")], capture_output=True, text=True)

    assert done.returncode == 1
    assert "./run up" in done.stderr


def pins(name: str) -> dict[str, str]:
    lock = (ROOT / name).read_text()
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.MULTILINE))


def test_development_installs_the_product_in_the_same_versions():
    product, everything = pins("requirements.lock"), pins("requirements-dev.lock")

    assert len(product) > 30
    assert product.items() <= everything.items()


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "requirements-tool.lock"])
def test_a_lock_has_a_hash_for_everything_and_an_address_for_nothing(name):
    lock = (ROOT / name).read_text()

    entries = re.split(r"\n(?=\S)", lock.strip())
    assert not [entry for entry in entries if "--hash=sha256:" not in entry]
    assert "://" not in lock


@pytest.fixture
def apt(script, monkeypatch, tmp_path):
    """A function: put an apt-get on the PATH that notes its words and ends with these statuses in turn."""

    def make(*statuses: int, root: bool = True) -> Path:
        notes, left = tmp_path / "notes", tmp_path / "left"
        left.write_text("\n".join(map(str, statuses)) + "\n")
        program = tmp_path / "apt-get"
        program.write_text(
            f'#!/bin/sh\necho "$@" >> {notes}\nstatus=$(head -n 1 {left})\nsed -i 1d {left}\nexit $status\n'
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        monkeypatch.setattr(script.os, "geteuid", lambda: 0 if root else 1000)
        return notes

    return make


PACKAGE = f"python3.{sys.version_info[1]}-venv"


@pytest.mark.parametrize(("statuses", "calls"), [((0,), 1), ((100, 0, 0), 3)])
def test_root_gets_the_package_that_debian_splits_off(script, apt, statuses, calls):
    notes = apt(*statuses)

    script.install_venv_package()

    said = notes.read_text().splitlines()
    assert len(said) == calls
    assert said[-1] == f"-q install -y {PACKAGE}"


@pytest.mark.parametrize(("statuses", "root"), [((100, 100), True), ((), False)])
def test_anybody_else_is_told_its_name(script, apt, statuses, root):
    apt(*statuses, root=root)

    with pytest.raises(SystemExit, match=f"sudo apt install {PACKAGE}"):
        script.install_venv_package()


def test_what_it_starts_keeps_compiled_files_beside_the_environment_whatever_the_shell_says(
    script, monkeypatch
):
    started = {}
    monkeypatch.setattr(script, "bring_up_to_date", lambda **_words: None)
    monkeypatch.setattr(script.os, "execve", lambda *words: started.update(words[-1]))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")

    script.main(["doctor"])

    assert "PYTHONDONTWRITEBYTECODE" not in started
    assert started["PYTHONPYCACHEPREFIX"] == str(script.VENV / "pycache")
