"""Bodies on their way out."""

from __future__ import annotations

import tracemalloc

import msgspec
import pytest

from providers.wire import encoded

MIB = 1024 * 1024


@pytest.mark.parametrize("letters", [0, 10, 3 * MIB])
@pytest.mark.parametrize("field", ["messages", "input", "else"])
def test_a_body_of_any_size_is_sent_with_the_bytes_of_its_values(letters, field):
    body = {
        "model": msgspec.Raw(b'"m"'),
        field: msgspec.Raw(b'[ "%s" ]' % (b"x" * letters)),
        'a "name"': msgspec.Raw(b"1.50"),
    }

    assert encoded(body) == msgspec.json.encode(body)


def test_what_is_large_in_a_body_is_copied_once():
    body = {"model": msgspec.Raw(b'"m"'), "messages": msgspec.Raw(b'"%s"' % (b"x" * 8 * MIB))}

    tracemalloc.start()
    sent = encoded(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 1.1 * len(sent)
