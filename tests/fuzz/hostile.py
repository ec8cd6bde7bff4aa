"""What is put in the place of a value: words for addresses and headers, JSON texts for bodies."""

from __future__ import annotations

WORDS = (
    "", " ", "%", "_", "\\", "'", '"', "' OR 1=1 --", "'; DROP TABLE billing_apikey; --", ")", "%%%s",
    "{0}", "${x}",
    "\0", "a\0b", "\ud800", "\udfff\ud800", "\ufeff", "\u202e", "\u0661\u0662", "\U0001f600" * 60,
    "i\u0307" * 90,
    "NaN", "Infinity", "-Infinity", "1e309", "-1e309", "1E+400", "-1", "0", "-0", "1.5", "0x10", "1_000",
    str(2**31), str(2**32), str(2**63), str(2**63 - 1), str(-(2**63) - 1), str(2**64), "9" * 400, "9" * 5000,
    "null", "true", "[]", "{}", "None", "undefined", "../../etc/passwd", "..%2f..", "a/b/c", "//", "a?b#c",
    "\r\nX: y",
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00",
    "0001-01-01", "9999-12-31", "2026-02-30", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "2026-W01-1",
    "24:61",
    "1969-12-31T23:59:59Z", "253402300800", "-62135596801", "P1Y", "x" * 201, "x" * 251, "x" * 9000, "=1+1",
    "1970-01-01T00:00:00.0000000001Z", "req_", "req_zzz", "-", "LTE", "bnVsbA==", "W10=", "id", "-id",
    "__class__",
    "day", "month", "key", "team", "model", "usd", "Europe/Berlin", "../UTC", "http://[", "http://[::1",
    "http://a:b",
    "//evil.test", "javascript:alert(1)", "http://x:99999/", "mara@", "@", "a@b@c", "\u00e4@\u00f6.test",
)  # fmt: skip
SHARP = ("'", '"', "\\", "%", "'--", "')", "\0")  # behind a word: where words end in what is made of them
JSON = (
    "null", "true", "false", "0", "-1", "1.5", "-0.0", "1e-400", "1e309", "-1e309", "NaN", "Infinity",
    "-Infinity",
    str(2**31), str(2**63), str(2**63 - 1), str(-(2**63) - 1), str(2**64), "9" * 400, "9" * 5000, "1e18",
    "1e300",
    "[]", "{}", "[null]", "[[]]", "[{}]", '{"":{}}', '{"a":null}', '[""]', '["x","x"]', "[1,1]", "[-1]",
    f"[{2**63}]",
    "[" * 60 + "]" * 60, "[" * 900 + "]" * 900, "[" * 50_000 + "]" * 50_000, "[" * 300,
    '{"a":' * 60 + "1" + "}" * 60, '{"a":' * 900 + "1" + "}" * 900, '{"a":' * 30_000 + "1" + "}" * 30_000,
    '"\\ud800"', '"\\udfff\\ud800"', '["\\ud800"]', '{"\\ud800":"\\ud800"}', '"\\u0000"', '{"\\u0000":1}',
    '["\\u0000"]',
    "[" + ",".join(["1"] * 9000) + "]", "[" + ",".join(['"x"'] * 9000) + "]",
    "{" + ",".join(f'"k{n}":1' for n in range(3000)) + "}", '"' + "x" * 10_001 + '"',
    '"' + "\U0001f600" * 3000 + '"',
    '{"$gt":""}', '{"__proto__":{}}', '{"id":1,"id":2}', "'x'", "[1,]", "// x", "",
)  # fmt: skip
BODIES = (
    b"", b" ", b"{", b"}", b"[]", b"null", b'"x"', b"1", b"NaN", b"{]", b"\xff\xfe", b"\xef\xbb\xbf{}",
    b"\x00",
    b"{}" * 2, b'{"a":1}' + b"\x00", b"a=1&b=2", b"\xed\xa0\x80", b'{"name":"\xed\xa0\x80"}', b"[" * 100_000,
    b'{"a":' * 100_000, '{"name":"x"}'.encode("utf-16"), b"9" * 5000, b"{" + b" " * 2**20 + b"}",
    b'{"name":"' + b"x" * (2**20 + 1) + b'"}', b"--x\r\nContent-Disposition: form-data\r\n\r\n--x--",
)  # fmt: skip
HEADERS = (
    ("content-type", "application/xml"), ("content-type", "application/json; charset=utf-7"),
    ("content-type", "application/json; charset=nothing"), ("content-type", ""), ("content-type", "x"),
    ("content-type", "multipart/form-data"), ("content-type", "multipart/form-data; boundary=x"),
    ("content-type", "application/x-www-form-urlencoded"), ("content-type", "application/json" * 50),
    ("accept", "application/xml"), ("accept", "*/*;q=nan"), ("accept-language", "x" * 5000),
    ("accept-language", "\xff"),
    ("cookie", "sessionid=\x01; csrftoken=\xff"), ("cookie", "=;=;;;"), ("x-csrftoken", "x" * 900),
    ("x-forwarded-for", "not, an, address"), ("x-forwarded-for", "1" * 9000), ("x-forwarded-proto", "x"),
    ("x-real-ip", "::::"), ("if-none-match", '"x'), ("if-modified-since", "yesterday"),
    ("range", "bytes=-1-"),
    ("authorization", "Bearer"), ("authorization", "Bearer " + "x" * 9000), ("authorization", "Bearer \xff"),
    ("authorization", "Basic x"), ("authorization", "Bearer a b c"), ("x-http-method-override", "DELETE"),
    ("hx-request", "true"), ("hx-current-url", "http://["), ("hx-current-url-uri-autoencoded", "true"),
    ("referer", "http://["), ("origin", "null"), ("x-request-id", "\x01" * 300), ("expect", "200-ok"),
    ("traceparent", "00-x"), ("idempotency-key", "x" * 9000), ("user-agent", "\xff" * 900),
    ("content-encoding", "gzip"),
)  # fmt: skip
