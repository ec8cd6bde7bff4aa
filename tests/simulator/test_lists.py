"""Model lists of files: sent as they stand, another one at a later reading."""

from __future__ import annotations

import json

import pytest

from llmhub.simulator.exchange import Request
from llmhub.simulator.hits import Hits
from llmhub.simulator.lists import Lists
from llmhub.simulator.provider import SimulatedProvider
from llmhub.simulator.recordings import Recordings

ROW = {"id": "acme/one", "name": "One", "pricing": {"prompt": "0.000001"}, "context_length": 8_000}
DEARER = {**ROW, "pricing": {"prompt": "0.000002"}}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "acme.json").write_text(json.dumps([ROW]))
    (tmp_path / "acme.2.json").write_text(json.dumps({"data": [DEARER, {"id": "acme/new"}]}))
    (tmp_path / "acme.4.json").write_text("[]")
    return tmp_path


@pytest.fixture
def get(folder):
    """Ask a provider whose lists stand in a folder."""
    provider = SimulatedProvider(Hits(), Recordings(None), Lists(folder))

    def _get(path, **headers):
        answer = provider.answer(provider.hits.add(Request("GET", path, headers)))
        return answer.status, json.loads(b"".join(answer.parts))

    _get.begin_again = lambda: provider.control(Request("DELETE", "/_hits", {}))
    return _get


def test_a_list_is_sent_as_it_stands_and_changes_with_the_reading(get):
    prefix = "/listed/acme/latency/0/v1/models"

    lists = [get(prefix)[1]["data"] for _ in range(5)]

    assert lists == [[ROW], [DEARER, {"id": "acme/new"}], [DEARER, {"id": "acme/new"}], [], []]


def test_each_prefix_begins_with_the_first_and_so_does_a_new_start(get):
    get("/listed/acme/v1/models")

    assert get("/listed/acme/tag/b/v1/models")[1]["data"] == [ROW]
    assert get("/listed/acme/v1/models")[1]["data"] != [ROW]
    get.begin_again()
    assert get("/listed/acme/v1/models", **{"anthropic-version": "2023-06-01"})[1]["data"] == [ROW]


def test_one_model_is_no_reading(get):
    assert get("/listed/acme/v1/models/acme/one") == (200, ROW)
    assert get("/listed/acme/v1/models/acme/none")[0] == 404
    assert get("/listed/acme/v1/models")[1]["data"] == [ROW]


def test_a_list_can_be_changed_meanwhile(get, folder):
    (folder / "acme.json").write_text(json.dumps([DEARER]))

    assert get("/listed/acme/v1/models")[1]["data"] == [DEARER]


@pytest.mark.parametrize(
    ("name", "told"),
    [("none", "no list 'none'"), ("broken", "broken.json: Expecting"), ("nameless", "each with an `id`")],
)
def test_what_is_no_list_says_why(get, folder, name, told):
    (folder / "broken.json").write_text("[")
    (folder / "nameless.json").write_text('[{"name": "?"}]')

    status, body = get(f"/listed/{name}/v1/models")

    assert status == 404
    assert told in body["error"]["message"]


def test_without_a_folder_it_says_how_to_name_one():
    provider = SimulatedProvider(Hits(), Recordings(None))
    answer = provider.answer(provider.hits.add(Request("GET", "/listed/acme/v1/models", {})))

    assert b"--lists DIR" in b"".join(answer.parts)


def test_calls_do_not_care_for_the_list(get):
    assert get("/listed/acme/v1/key")[1]["data"]["label"] == "simulated"
