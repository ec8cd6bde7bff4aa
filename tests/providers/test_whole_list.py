"""Lists of models that go over several pages: the whole of them, or nothing."""

from __future__ import annotations

import json

import pytest

from catalog import discovery
from catalog.models import CatalogEntry
from llmhub.audit.actor import COMMAND_LINE
from providers import whole_list
from providers.adapters.list_pages import as_one, linked_page, page_after
from providers.check import Outcome
from providers.errors import BadReply, ProviderError, ProviderTimeout, ProviderUnavailable, TooLarge
from providers.model_list import fetch
from providers.models import Provider
from providers.saved_check import check_and_save
from providers.wire import Call

HERE = "https://models.example/api/v1/models"
DIALECTS = pytest.mark.parametrize("dialect", ["chat", "messages"])


def linked(next_):
    return json.dumps({"data": [], "links": {"next": next_}}).encode()


@pytest.mark.parametrize(
    ("named", "query"),
    [
        (f"{HERE}?offset=50", "offset=50"),
        ("https://MODELS.example:443/api/v1/models?cursor=a%2Fb&limit=9#x", "cursor=a%2Fb&limit=9"),
        ("/api/v1/models?page=2", "page=2"),
        ("?page=2", "page=2"),
    ],
)
def test_a_linked_page_is_asked_for_at_our_own_address(named, query):
    call = Call("GET", HERE, {"authorization": "Bearer sk-1"})

    assert linked_page(call, linked(named)) == Call("GET", f"{HERE}?{query}", call.headers)


@pytest.mark.parametrize("named", [None, "", 7, [], {}])
def test_a_list_without_a_next_page_ends(named):
    assert linked_page(Call("GET", HERE), linked(named)) is None
    assert linked_page(Call("GET", HERE), b'{"data":[],"links":[]}') is None
    assert linked_page(Call("GET", HERE), b'{"data":[]}') is None


@pytest.mark.parametrize(
    "named",
    [
        "https://elsewhere.example/api/v1/models?offset=50",
        "http://models.example/api/v1/models?offset=50",
        "https://models.example:8443/api/v1/models?offset=50",
        "https://models.example@elsewhere.example/api/v1/models?offset=50",
        "https://sk-1@models.example/api/v1/models?offset=50",
        "//elsewhere.example/api/v1/models?offset=50",
        "/api/v1/models/../keys?offset=50",
        "/api/v1/keys",
        "file:///etc/passwd",
        "https://[models.example/api/v1/models",
        "https://models.example:port/api/v1/models",
        f"?cursor={'x' * 2001}",
    ],
)
def test_a_next_page_at_another_address_is_refused(named):
    with pytest.raises(BadReply, match="another address than https"):
        linked_page(Call("GET", HERE), linked(named))


def test_a_page_after_a_model_is_asked_for_by_its_id_alone():
    call = Call("GET", f"{HERE}?limit=1000")

    assert page_after(call, b'{"data":[],"has_more":true,"last_id":"a&b/../c"}').url == (
        f"{HERE}?limit=1000&after_id=a%26b%2F..%2Fc"
    )
    assert page_after(call, b'{"data":[],"has_more":false,"last_id":"a"}') is None
    assert page_after(call, b'{"data":[]}') is None
    with pytest.raises(BadReply, match="not behind which model"):
        page_after(call, b'{"data":[],"has_more":true,"last_id":null}')


def test_pages_become_one_list_with_each_model_as_it_was_sent():
    one = as_one([b'{"data":[{"id": "a","p":0.10}],"has_more":true}', b'{"data":[{"id":"b"}]}'])

    assert one == b'{"data":[{"id": "a","p":0.10},{"id":"b"}]}'
    assert as_one([b'{ "data": [] }']) == b'{ "data": [] }'
    with pytest.raises(BadReply, match="no list of models"):
        as_one([b'{"data":[]}', b'{"data":7}'])


@pytest.fixture
def provider(db, simulator):
    """A function: a provider of a dialect whose list has these habits."""

    def _provider(dialect, *habits):
        slug = f"lab{Provider.objects.count()}"
        url = simulator.path(*habits, tag=f"pages-{dialect}")
        made = {"kind": "custom", "dialect": dialect, "base_url": url, "needs_credential": False}
        return Provider.objects.create(slug=slug, name="Lab", **made)

    return _provider


@DIALECTS
def test_every_page_is_read_and_they_are_one_list(provider, simulator, dialect):
    simulator.clear()

    found = fetch(provider(dialect, "models/45", "page/10"))

    assert len(found.listings) == 45
    assert list(found.listings)[-1] == "sim-extra-39"
    assert len(simulator.hits(f"pages-{dialect}")) == 5


@DIALECTS
@pytest.mark.parametrize(
    ("habits", "error", "said"),
    [
        (("models/45", "page/20", "list/torn"), ProviderUnavailable, "page 2 of its list of models: "),
        (("models/45", "page/20", "list/circle"), BadReply, "lead in a circle"),
        (("models/45", "page/2"), BadReply, "more than 20 pages"),
    ],
)
def test_a_list_that_cannot_be_read_to_its_end_is_none(provider, dialect, habits, error, said):
    with pytest.raises(error, match=said):
        fetch(provider(dialect, *habits))


def test_a_list_that_goes_on_at_another_server_is_none_and_nobody_is_asked_there(provider):
    with pytest.raises(BadReply, match="another address than http"):
        fetch(provider("chat", "models/9", "page/5", "list/elsewhere"))


@pytest.mark.parametrize(
    ("bound", "value", "habits", "error"),
    [
        ("MAX_BYTES", 1500, (), TooLarge),
        ("SECONDS", 0.1, ("latency/60",), ProviderTimeout),
    ],
)
def test_all_pages_together_are_bounded(provider, monkeypatch, bound, value, habits, error):
    monkeypatch.setattr(whole_list, bound, value)

    with pytest.raises(error):
        fetch(provider("chat", "models/30", "page/5", *habits))


def test_a_torn_list_fails_the_run_and_withdraws_nothing(provider):
    lab = provider("chat", "models/40", "page/30")
    first = discovery.refresh(lab, actor=COMMAND_LINE, trigger="command")
    lab.base_url = lab.base_url.replace("/tag/", "/list/torn/tag/")

    torn = discovery.refresh(lab, actor=COMMAND_LINE, trigger="command")

    assert (first.outcome, first.listed) == ("first", 40)
    assert torn.outcome == "failed"
    assert torn.said.startswith("page 2 of its list of models: ")
    assert CatalogEntry.objects.listed().count() == 40
    assert not lab.listings.exclude(missing_since=None).exists()


@DIALECTS
def test_a_saved_page_of_a_list_is_no_list(provider, dialect):
    more = {"links": {"next": f"{HERE}?offset=1"}, "has_more": True, "last_id": "a"}
    content = json.dumps({"data": [{"id": "a"}], **more}).encode()

    with pytest.raises(Exception, match="one page of several"):
        discovery.take_file(provider(dialect), content, actor=COMMAND_LINE)


@DIALECTS
def test_a_check_counts_all_pages_and_does_not_fail_for_a_torn_one(provider, dialect):
    whole = check_and_save(provider(dialect, "models/45", "page/20"))
    torn = check_and_save(provider(dialect, "models/45", "page/20", "list/torn"))

    assert whole.message == "it answers and lists 45 models"
    assert torn.outcome == Outcome.OK
    assert "cannot be read whole: page 2" in torn.message


def test_the_place_of_an_error_is_said_before_it():
    error = ProviderError("busy")
    error.add_place("page 2")

    assert error.message == "page 2: busy"
