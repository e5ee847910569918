"""What is asked of a provider, and what becomes of one that answers wrongly: on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from packages.server.tests.oidc.stub import CLIENT, SECRET, Stub, rsa_key, stub_provider
from steelyard_server.oidc.handshake import begin_handshake
from steelyard_server.oidc.id_token import IdTokenError
from steelyard_server.oidc.provider import Provider, ProviderError, SignedIn
from steelyard_server.oidc.settings import OidcSettings

CALLBACK = "https://evals.example/sign-in/callback"


@pytest.fixture
def stub() -> Iterator[Stub]:
    with stub_provider() as found:
        yield found


def settings(issuer: str, **more: Any) -> OidcSettings:
    return OidcSettings(issuer=issuer, client_id=CLIENT, client_secret=SECRET, **more)


def signed_in(stub: Stub, provider: Provider | None = None, **claims: Any) -> SignedIn:
    async def go() -> SignedIn:
        asked = provider or Provider(settings(stub.address))
        handshake = begin_handshake("/")
        query = {n: v[0] for n, v in parse_qs(urlsplit(await asked.address(handshake, CALLBACK)).query).items()}
        return await asked.signed_in(stub.code(query, **claims), handshake, CALLBACK)

    return asyncio.run(go())


def test_what_is_asked_has_state_nonce_and_a_challenge(stub: Stub) -> None:
    stub.discovery = {"authorization_endpoint": stub.address + "/authorize?tenant=1"}
    handshake = begin_handshake("/")
    address = asyncio.run(Provider(settings(stub.address)).address(handshake, CALLBACK))
    assert address.startswith(stub.address + "/authorize?tenant=1&response_type=code&")
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert query["redirect_uri"] == CALLBACK
    assert query["code_challenge_method"] == "S256"
    found = (query["state"], query["nonce"], query["code_challenge"])
    assert found == (handshake.state, handshake.nonce, handshake.challenge)
    assert handshake.verifier not in address
    assert query["scope"] == "openid profile"


def test_groups_come_from_the_token_or_else_from_userinfo_of_the_same_person(stub: Stub) -> None:
    assert signed_in(stub, groups=["a"]).groups == {"a"}
    assert "/userinfo" not in stub.asked
    stub.userinfo = {"sub": "248289761001", "groups": ["b"]}
    assert signed_in(stub).groups == {"b"}
    stub.userinfo = {"sub": "somebody else", "groups": ["admins"]}
    with pytest.raises(IdTokenError, match="somebody else"):
        signed_in(stub)
    stub.discovery = {"userinfo_endpoint": None}
    assert signed_in(stub).groups == frozenset()


def test_a_new_key_is_looked_for_once_more_and_an_unknown_one_only_once(stub: Stub) -> None:
    provider = Provider(settings(stub.address))
    signed_in(stub, provider)
    signed_in(stub, provider)
    assert stub.asked.count("/jwks") == stub.asked.count("/.well-known/openid-configuration") == 1
    stub.key, stub.published = rsa_key("two"), [rsa_key("two").as_dict(private=False)]
    signed_in(stub, provider)
    assert stub.asked.count("/jwks") == 2
    stub.key = rsa_key("three")
    with pytest.raises(IdTokenError, match="does not publish"):
        signed_in(stub, provider)
    assert stub.asked.count("/jwks") == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"issuer": "http://127.0.0.1:1"}, "another name"),
        ({"token_endpoint": None}, "token_endpoint"),
        ({"jwks_uri": "http://192.0.2.1/jwks"}, "jwks_uri"),
        ({"jwks_uri": "file:///etc/passwd"}, "jwks_uri"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"),
        ({"token_endpoint": "https://user:password@id.example/"}, "token_endpoint"),
        ({"token_endpoint": ["https://id.example/"]}, "token_endpoint"),
        ({"code_challenge_methods_supported": ["plain"]}, "S256"),
    ],
)
def test_a_discovery_that_names_something_else_is_refused(stub: Stub, change: dict[str, Any], message: str) -> None:
    stub.discovery = change
    with pytest.raises(ProviderError, match=message):
        signed_in(stub)


def test_a_provider_elsewhere_cannot_send_us_to_this_machine() -> None:
    provider = Provider(settings("https://id.example"))
    for address in ("https://localhost/token", "https://127.0.0.1/token", "http://127.0.0.1:5432/", "https://[::1]/"):
        with pytest.raises(ProviderError, match=r"this machine|no https address"):
            provider._endpoint({"token_endpoint": address}, "token_endpoint")


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 500, 503])
def test_what_is_no_answer_is_one_line_and_no_redirect_is_followed(stub: Stub, status: int) -> None:
    stub.status = status
    with pytest.raises(ProviderError, match=f"status {status}, server_error") as caught:
        signed_in(stub)
    assert "script" not in str(caught.value)
    assert stub.asked == ["/.well-known/openid-configuration"]


def test_those_who_wait_for_a_provider_that_is_away_are_told_together(stub: Stub) -> None:
    stub.status = 503

    async def many() -> list[object]:
        provider = Provider(settings(stub.address))
        asked = (provider.address(begin_handshake("/"), CALLBACK) for _ in range(20))
        return [*await asyncio.gather(*asked, return_exceptions=True)]

    assert [type(each) for each in asyncio.run(many())] == [ProviderError] * 20
    assert stub.asked == ["/.well-known/openid-configuration"]


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"[" * 100_000, b'"' + b"x" * (2 << 20) + b'"'])
def test_what_is_no_document_or_too_long_is_refused(stub: Stub, body: bytes) -> None:
    class Wrong(Stub):
        def answer(self, path: str, form: dict[str, str], authorization: str) -> tuple[int, Any]:
            return 200, body

    stub.__class__ = Wrong
    with pytest.raises(ProviderError):
        signed_in(stub)


def test_a_code_is_redeemed_once_with_the_verifier(stub: Stub) -> None:
    async def twice() -> None:
        provider, handshake = Provider(settings(stub.address)), begin_handshake("/")
        query = {n: v[0] for n, v in parse_qs(urlsplit(await provider.address(handshake, CALLBACK)).query).items()}
        code = stub.code(query)
        await provider.signed_in(code, handshake, CALLBACK)
        with pytest.raises(ProviderError, match="status 400, invalid_grant"):
            await provider.signed_in(code, handshake, CALLBACK)
        stolen = stub.code(query)
        with pytest.raises(ProviderError, match="invalid_grant"):
            await provider.signed_in(stolen, begin_handshake("/"), CALLBACK)

    asyncio.run(twice())


def test_nobody_there_is_one_line(stub: Stub) -> None:
    with stub_provider() as gone:
        address = gone.address
    with pytest.raises(ProviderError, match="does not answer"):
        signed_in(stub, Provider(settings(address)))


def test_a_proxy_and_a_bundle_are_used(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, certificate: tuple[Path, Path]
) -> None:
    provider = Provider(settings("https://id.example", ca_file=certificate[0]))
    monkeypatch.setenv("HTTPS_PROXY", stub.address)
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(ProviderError, match=r"id\.example does not answer"):
        asyncio.run(provider.address(begin_handshake("/"), CALLBACK))
    assert stub.tunnels == ["id.example:443"]
    trusted = [
        each._trusted().cert_store_stats()["x509"] for each in (Provider(settings("https://id.example")), provider)
    ]
    assert trusted[1] == trusted[0] + 1
