"""Secrets at rest: the key ring, its file, and messages that give nothing away."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import traceback

import pytest

from llmhub.lib import secrets

OLD, NEW = "old-key-of-at-least-thirty-two-letters", "new-key-of-at-least-thirty-two-letters"
CANARY = "sk-Canary-51c9"


@pytest.fixture(autouse=True)
def ring(settings):
    settings.LLMHUB_SECRET_KEYS = [OLD]
    return settings


def test_what_is_sealed_opens_again_and_shows_nothing():
    sealed = secrets.encrypt(CANARY)

    assert secrets.decrypt(sealed) == CANARY
    assert CANARY not in sealed
    assert secrets.encrypt(CANARY) != sealed  # two seals of one secret cannot be told to be one


def test_the_first_key_seals_and_every_key_opens(ring):
    sealed_before = secrets.encrypt(CANARY)

    ring.LLMHUB_SECRET_KEYS = [NEW, OLD]
    sealed_after = secrets.encrypt(CANARY)
    assert (secrets.decrypt(sealed_before), secrets.decrypt(sealed_after)) == (CANARY, CANARY)

    ring.LLMHUB_SECRET_KEYS = [NEW]
    assert secrets.decrypt(sealed_after) == CANARY
    with pytest.raises(secrets.Undecryptable):
        secrets.decrypt(sealed_before)


@pytest.mark.parametrize(
    "spoil", [lambda text: text[:-4], lambda text: "x" + text, lambda _: "", lambda _: "ä"]
)
def test_what_cannot_be_opened_says_what_to_do_and_quotes_nothing(spoil):
    sealed = spoil(secrets.encrypt(CANARY))

    with pytest.raises(secrets.Undecryptable, match="LLMHUB_SECRET_KEYS") as caught:
        secrets.decrypt(sealed)

    shown = "".join(traceback.format_exception(caught.value))
    assert CANARY not in shown
    assert OLD not in shown
    assert not sealed or sealed not in shown


def test_keys_of_one_ring_serve_each_purpose_with_a_secret_of_its_own():
    assert secrets.derive(OLD, purpose="django") != secrets.derive(OLD, purpose="encryption at rest")
    assert secrets.derive(OLD, purpose="django") != secrets.derive(NEW, purpose="django")
    assert OLD not in secrets.derive(OLD, purpose="django")


def test_every_letter_of_a_long_key_counts():
    long = "k" * 200

    assert secrets.derive(long + "a", purpose="x") != secrets.derive(long + "b", purpose="x")


def test_the_key_file_is_made_once_and_for_its_owner_alone(tmp_path):
    path = tmp_path / "home" / "secret-keys"
    mask = os.umask(0)  # the mode is ours, not the shell's
    try:
        made = secrets.read_or_make_keys(path)
    finally:
        os.umask(mask)

    assert secrets.read_or_make_keys(path) == made
    assert len(made) == 1
    assert len(made[0]) >= 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_key_file_that_others_can_read_is_closed_to_them(tmp_path):
    path = tmp_path / "secret-keys"
    path.write_text(f"{NEW}\n\n{OLD}\n")
    path.chmod(0o644)

    assert secrets.read_or_make_keys(path) == [NEW, OLD]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_empty_key_file_is_never_run_with(tmp_path):
    path = tmp_path / "secret-keys"
    path.touch()

    with pytest.raises(ValueError, match="holds no key"):
        secrets.read_or_make_keys(path)


def test_processes_that_start_at_once_agree_on_the_keys(tmp_path):
    code = (
        "import sys, pathlib; from llmhub.lib import secrets;"
        "print(secrets.read_or_make_keys(pathlib.Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "new" / "secret-keys")]

    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    answers = {process.communicate(timeout=60)[0] for process in started}

    assert len(answers) == 1
    assert len(answers.pop()) > 64


def test_a_new_token_is_random_and_kept_as_a_digest():
    tokens = {secrets.new_token("llmh") for _ in range(100)}

    assert len(tokens) == 100
    assert all(re.fullmatch(r"llmh_[\w-]{43}", token) for token in tokens)
    assert len({secrets.digest(token) for token in tokens}) == 100
    assert all(len(secrets.hint(token)) == 10 for token in tokens)
