"""Work in a process of its own."""

from __future__ import annotations

import os
import signal

import pytest

from llmhub.up.apart import Ended, run_apart


def test_it_gives_back_what_the_work_gives_and_keeps_none_of_its_memory():
    kept = []

    pid, size = run_apart(lambda: (os.getpid(), len(kept.append(bytes(50_000_000)) or kept[0])))

    assert pid != os.getpid()
    assert (size, kept) == (50_000_000, [])


def test_an_error_is_the_same_error_and_says_where():
    def fail():
        raise FileNotFoundError("no such file: llmhub.toml")

    with pytest.raises(FileNotFoundError, match=r"llmhub\.toml") as caught:
        run_apart(fail)

    assert "in fail" in caught.value.__notes__[0]


def test_a_process_that_is_killed_is_no_success():
    with pytest.raises(Ended, match="memory"):
        run_apart(lambda: os.kill(os.getpid(), signal.SIGKILL))
