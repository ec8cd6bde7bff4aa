"""Send a case as somebody, keep nothing of what it changed, and say what is wrong with the answer."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from functools import cached_property
from http.cookies import SimpleCookie
from typing import Any

import jsonschema_rs
from django.db import transaction
from django.test import Client
from pydantic import ValidationError

from llmhub.lib.rest import FailureAnswer
from tests.access.sides import CANARY
from tests.fuzz.cases import Case

Secret = Callable[[str, Case], str]  # what a text gives away that it must not, or nothing


class Judge:
    """Knows what the API says that it answers."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = json.loads(json.dumps(schema))
        self._validators: dict[tuple[str, str], Any] = {}
        self._said = _Said()
        self.answered: dict[int, int] = {}  # answers by status

    def faults(self, client: Client, case: Case, hidden: Secret | None = None) -> Iterator[str]:
        """What is wrong with the answer to this client."""
        status, kind, text = self._ask(client, case)
        self.answered[status] = self.answered.get(status, 0) + 1
        if status >= 500:
            yield f"{status}: {self._said.last or text[:300]}"
        elif status >= 400:
            yield from _no_error_of_ours(status, kind, text)
        else:
            yield from self._undocumented(case, status, kind, text)
        if hidden is not None and (found := hidden(text, case)):
            yield f"{status}: it says {found}"

    def _ask(self, client: Client, case: Case) -> tuple[int, str, str]:
        cookies, self._said.last = client.cookies.output(), ""
        with transaction.atomic():
            answer = client.generic(
                case.method, case.url, case.body or b"",
                content_type=case.headers.get("content-type", "application/json"),
                headers={name: value for name, value in case.headers.items() if name != "content-type"},
            )  # fmt: skip
            text = b"".join(answer).decode()
            transaction.set_rollback(True)
        client.cookies = SimpleCookie(cookies.replace("Set-Cookie: ", ""))
        return answer.status_code, answer.headers.get("content-type", ""), text

    def _undocumented(self, case: Case, status: int, kind: str, text: str) -> Iterator[str]:
        said = self._operation(case)["responses"].get(str(status))
        if said is None:
            yield f"{status} is not in the schema"
            return
        schema = said.get("content", {}).get("application/json", {}).get("schema")
        if schema is None or not kind.startswith("application/json"):
            return
        key = (case.operation, str(status))
        if key not in self._validators:
            self._validators[key] = jsonschema_rs.validator_for(
                {**schema, "components": self._schema["components"]}
            )
        for error in self._validators[key].iter_errors(json.loads(text)):
            yield f"{status} is not as documented: {str(error)[:300]}"
            break

    def _operation(self, case: Case) -> dict[str, Any]:
        method, path = case.operation.split(" ", 1)
        return self._schema["paths"][path][method.lower()]

    @cached_property
    def operations(self) -> int:
        """How many operations there are."""
        return sum(len(methods) for methods in self._schema["paths"].values())


def _no_error_of_ours(status: int, kind: str, text: str) -> Iterator[str]:
    """What an error lacks that every error of the API has."""
    if not kind.startswith("application/json"):
        yield f"{status} is {kind or 'nothing'}: {text[:100]}"
        return
    try:
        error = FailureAnswer.model_validate_json(text).error
    except ValidationError as exc:
        yield f"{status} is no error as documented: {exc.errors()[0]['msg']}: {text[:200]}"
        return
    if not error.message or not error.code:
        yield f"{status} says nothing: {text[:200]}"


class _Said(logging.Handler):
    """The last traceback that the API logged."""

    def __init__(self) -> None:
        super().__init__()
        self.last = ""
        for name in ("llmhub.api", "django.request"):
            logging.getLogger(name).addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the last lines of a traceback."""
        if record.exc_info and record.exc_info[1]:
            frames = traceback.extract_tb(record.exc_info[1].__traceback__)
            ours = [f"{each.filename.split('/')[-1]}:{each.lineno}" for each in frames[-6:]]
            self.last = f"{record.exc_info[1]!r:.300} at {' > '.join(ours)}"


def of_the_other_team(hidden, secrets) -> Secret:
    """What of team B is in a text, beside what the request named itself."""

    def look(text: str, case: Case) -> str:
        if CANARY in f"{case.url}{case.body!r}":
            return next((each for each in secrets if each in text), "")
        found = hidden.search(text)
        return text[max(0, found.start() - 80) : found.end() + 40] if found else ""

    return look
