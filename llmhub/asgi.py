"""The console process: Django's own ASGI application, its static files in front of it."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.asgi import get_asgi_application
from servestatic import ServeStaticASGI

from llmhub.lib import database
from llmhub.lib.bounded import Bounded
from llmhub.lib.security import HEADERS
from llmhub.probes import Probes

_STATEMENT_SECONDS = 10  # a page that needs longer is broken: it must not hold the database up

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llmhub.settings")
settings.DATABASES["default"] = database.with_statement_limit(
    settings.DATABASES["default"], _STATEMENT_SECONDS
)


def _headers(headers: dict[str, str], path: str, url: str) -> None:
    for name, value in HEADERS.items():
        headers[name] = value


application = Probes(
    Bounded(
        ServeStaticASGI(
            get_asgi_application(),
            root=settings.STATIC_ROOT,
            prefix=settings.STATIC_URL,
            allow_all_origins=False,
            add_headers_function=_headers,
        )
    )
)
