"""Single sign-on against a provider on a real port: what lets a person in, and all that does not."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client

from llmhub.audit.models import AuditEvent
from llmhub.people.models import User
from llmhub.people.oidc_client import OidcClient
from tests.fixtures.oidc import SECRET
from tests.fixtures.sign_in import give_second_factor, is_signed_in

pytestmark = pytest.mark.django_db
START = "/sign-in/provider/"


def go(client: Client, target: str = "/settings/") -> str:
    """Follow the button to the provider; return where it sends the browser back to."""
    there = client.get(f"{START}?next={target}")
    assert there.status_code == 302, there.text
    back = urlsplit(httpx.get(there.headers["Location"]).headers["Location"])
    return f"{back.path}?{back.query}"


def sign_in(client: Client):
    return client.get(go(client))


def test_without_settings_there_is_neither_button_nor_page(client):
    assert "Sign in with" not in client.get("/sign-in/").text
    assert client.get(START).status_code == 404
    assert client.get(f"{START}return/?code=x&state=y").status_code == 404


def test_a_person_with_a_verified_address_is_let_in(client, ada, provider_of_people):
    provider_of_people.say["email"] = "ADA@example.com"
    assert f"Sign in with {urlsplit(provider_of_people.issuer).netloc}" in client.get("/sign-in/").text

    response = sign_in(client)

    assert response.headers["Location"] == "/settings/"
    assert is_signed_in(client)
    assert AuditEvent.objects.latest("id").after["by"] == "single sign-on"


def test_what_the_provider_is_asked_holds_state_nonce_and_pkce(client, provider_of_people):
    asked = parse_qs(urlsplit(client.get(START).headers["Location"]).query)

    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    secrets = {asked[name][0] for name in ("state", "nonce", "code_challenge")}
    assert len(secrets) == 3
    assert min(map(len, secrets)) >= 43
    cookie = client.cookies["llmhub_oidc"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/sign-in/")


@pytest.mark.parametrize(
    "say",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": ["llmhub", "another-client"]},
        {"aud": ["llmhub", "another-client"], "azp": "another-client"},
        {"azp": "another-client"},
        {"iss": "https://another.example"},
        {"exp": 1_000_000},
        {"exp": None},
        {"iat": 9_000_000_000},
        {"sub": None},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "false"},
        {"email": None},
        {"email": 7},
        {"email": "ada\0@example.com"},
    ],
    ids=str,
)
def test_a_token_that_proves_something_else_is_refused(client, ada, provider_of_people, say):
    provider_of_people.say.update(say)

    response = sign_in(client)

    assert response.status_code == 403
    assert "did not prove who you are" in response.text
    assert not is_signed_in(client)
    assert AuditEvent.objects.latest("id").action == "session.refused"


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP256R1()), "none", "hmac"], ids=["key", "none", "hmac"]
)
def test_a_token_that_the_provider_did_not_sign_is_refused(client, ada, provider_of_people, key):
    provider_of_people.key = key

    assert sign_in(client).status_code == 403
    assert not is_signed_in(client)


def test_keys_of_rsa_and_a_client_that_posts_its_secret(client, ada, provider_of_people):
    provider_of_people.sign_with_rsa()
    provider_of_people.auth_methods = ["client_secret_post"]

    sign_in(client)

    assert is_signed_in(client)


def test_an_address_that_only_userinfo_has_counts_if_it_is_about_the_same_person(
    client, ada, provider_of_people
):
    provider_of_people.say = {}
    provider_of_people.userinfo = {"email": "ada@example.com", "email_verified": True}
    sign_in(client)
    assert is_signed_in(client)

    provider_of_people.userinfo["sub"] = "somebody else"
    other = Client()
    assert sign_in(other).status_code == 403
    assert not is_signed_in(other)


@pytest.mark.parametrize("spoil", ["state", "browser", "cookie", "code", "twice", "refusal"])
def test_an_answer_that_does_not_belong_here_is_refused(client, ada, provider_of_people, spoil):
    back = go(client)
    if spoil == "state":
        back = back.replace("state=", "state=x")
    elif spoil == "browser":
        client = Client()
    elif spoil == "cookie":
        client.cookies["llmhub_oidc"] = client.cookies["llmhub_oidc"].value.replace(
            "/settings/", "/sideways/"
        )
    elif spoil == "code":
        back = back.replace("code=", "code=x")
    elif spoil == "twice":
        client.get(back)
        client = Client()
    else:
        back = back.split("?")[0] + "?error=access_denied&" + back.split("&")[1]

    response = client.get(back)

    assert response.status_code in {403, 503}
    assert not is_signed_in(client)


def test_a_code_that_another_browser_got_is_worth_nothing_here(client, ada, provider_of_people):
    stolen = parse_qs(urlsplit(go(Client())).query)["code"][0]
    own = urlsplit(go(client))
    state = parse_qs(own.query)["state"][0]

    response = client.get(f"{own.path}?code={stolen}&state={state}")

    assert response.status_code == 503  # the provider refuses the verifier of PKCE
    assert not is_signed_in(client)


@pytest.mark.parametrize("fault", [".well-known/openid-configuration", "other issuer", "jwks", "down"])
def test_a_provider_that_is_ill_is_a_page_and_no_server_error(
    client, ada, provider_of_people, fault, settings
):
    provider_of_people.faults.add(fault)
    if fault == "down":
        settings.OIDC = replace(settings.OIDC, issuer="http://127.0.0.1:9")

    response = client.get(START)
    if response.status_code == 302:  # it fails on the way back
        response = sign_in(client)

    assert response.status_code == 503
    assert "does not answer as it should" in response.text
    assert SECRET not in response.text
    assert not is_signed_in(client)


def test_nobody_of_ours_is_refused_and_made_only_where_that_is_switched_on(
    client, db, provider_of_people, settings
):
    assert "Nobody here has the address" in sign_in(client).text
    assert not User.objects.exists()

    settings.OIDC = replace(settings.OIDC, creates=True)
    provider_of_people.say["name"] = "Ada \0L."
    sign_in(client)

    assert is_signed_in(client)
    made = User.objects.get()
    assert (made.email, made.name, made.role) == ("ada@example.com", "Ada L.", "member")
    assert not made.has_usable_password()


def test_who_was_deactivated_stays_out(client, ada, provider_of_people, settings):
    settings.OIDC = replace(settings.OIDC, creates=True)
    User.objects.update(is_active=False)

    response = sign_in(client)

    assert response.status_code == 403
    assert "was deactivated here" in response.text
    assert not is_signed_in(client)


def test_the_second_factor_is_asked_for_all_the_same(client, ada, provider_of_people):
    app, _ = give_second_factor(ada)

    assert sign_in(client).headers["Location"] == "/sign-in/code/"
    assert not is_signed_in(client)
    client.post("/sign-in/code/", {"code": app.code()})
    assert is_signed_in(client)


def test_a_stranger_does_not_have_us_ask_the_provider_again_and_again(client, provider_of_people):
    for _ in range(5):
        client.get(START)

    assert provider_of_people.asked == [".well-known/openid-configuration"]


def test_it_never_leads_to_another_host(client, ada, provider_of_people):
    assert client.get(go(client, "https://evil.test/")).headers["Location"] == "/"


def test_the_secret_is_not_in_the_representation_of_the_client():
    assert SECRET not in repr(OidcClient("https://a.test", "llmhub", SECRET))
