"""Who this hub is at its provider of single sign-on, read from the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from llmhub.lib import env

_LOCAL = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class OidcClient:
    """A client of one provider; without an issuer, single sign-on is off."""

    issuer: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    creates: bool = False  # people who are nobody here yet

    @property
    def provider(self) -> str:
        """How people know the provider, "" when there is none: its host."""
        return urlsplit(self.issuer).netloc


def from_environment(*, embedded: bool) -> OidcClient:
    """Return the client that the environment names. Raises `BadEnvironment` on half of one."""
    found = OidcClient(
        issuer=env.text(
            "LLMHUB_OIDC_ISSUER",
            meaning="the OpenID Connect provider that people sign in by; with the two above, or none of them",
            example="https://login.example.com/realms/staff",
        ),
        client_id=env.text(
            "LLMHUB_OIDC_CLIENT_ID", meaning="what that provider calls this hub", example="llmhub"
        ),
        client_secret=env.text(
            "LLMHUB_OIDC_CLIENT_SECRET", meaning="what it knows this hub by", example="(from the provider)"
        ),
        creates=env.switch(
            "LLMHUB_OIDC_CREATE",
            default=False,
            meaning="who signs in by that provider and is nobody here yet is let in, with the lowest role",
        ),
    )
    _check(found, embedded=embedded)
    return found


def _check(client: OidcClient, *, embedded: bool) -> None:
    three = (client.issuer, client.client_id, client.client_secret)
    if not any(three):
        return
    if not all(three):
        raise env.BadEnvironment(
            "LLMHUB_OIDC_ISSUER, LLMHUB_OIDC_CLIENT_ID and LLMHUB_OIDC_CLIENT_SECRET belong together: "
            "set all three or none"
        )
    issuer = urlsplit(client.issuer)
    is_here = embedded and issuer.hostname in _LOCAL
    if not issuer.hostname or issuer.scheme not in ({"http", "https"} if is_here else {"https"}):
        raise env.BadEnvironment(f"LLMHUB_OIDC_ISSUER={client.issuer!r}: use an https:// address")
