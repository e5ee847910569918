"""What is asked of the identity provider, and nothing else: its discovery, its keys, a token for a code, who that is.

It goes to the configured issuer's host and to the addresses that its discovery names, by https (by http to this machine
alone, where the issuer is there too), through the proxy of the environment, without redirects, and within bounds.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode, urlsplit

from steelyard.errors import InputError, SteelyardError
from steelyard.models.proxy import is_loopback, proxy_of
from steelyard_server.oidc.handshake import Handshake
from steelyard_server.oidc.id_token import (
    NAMES,
    IdTokenError,
    Person,
    UnknownKeyError,
    groups_of,
    person_of,
    read_id_token,
)
from steelyard_server.oidc.settings import OidcSettings, is_secure_url

if TYPE_CHECKING:
    import aiohttp

__all__ = ["Provider", "ProviderError", "SignedIn"]

_SECONDS: Final = 10.0
_CONNECT_SECONDS: Final = 5.0
_MAX_BYTES: Final = 1 << 20
_KEPT_SECONDS: Final = 3600.0
_AWAY_SECONDS: Final = 3.0  # so that those who wait for a provider that is away do not wait one after the other


class ProviderError(SteelyardError):
    """The provider cannot be reached, or answers something else than it should; the text is for administrators."""


@dataclass(frozen=True)
class SignedIn:
    """Who signed in, their groups, and the ID token as it came."""

    person: Person
    groups: frozenset[str]
    token: str = field(repr=False)


@dataclass(frozen=True)
class _Endpoints:
    authorization: str
    token: str
    keys: str
    userinfo: str
    sign_out: str  # "" where it has none
    posts_secret: bool


class Provider:
    """The one that is configured. What it publishes is kept for an hour."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._lock = asyncio.Lock()
        self._endpoints: tuple[float, _Endpoints] | None = None
        self._keys: tuple[float, list[dict[str, Any]]] | None = None
        self._away: tuple[float, str] = (0.0, "")

    @property
    def issuer(self) -> str:
        """By which it calls itself."""
        return self._settings.issuer

    async def address(self, handshake: Handshake, callback: str) -> str:
        """Where the browser goes to sign in. Raises ProviderError."""
        async with self._session() as session:
            endpoints = await self._discovered(session)
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": callback,
            "scope": self._settings.scopes,
            "state": handshake.state,
            "nonce": handshake.nonce,
            "code_challenge": handshake.challenge,
            "code_challenge_method": "S256",
        }
        mark = "&" if urlsplit(endpoints.authorization).query else "?"
        return endpoints.authorization + mark + urlencode(asked)

    def may_sign_out(self) -> bool:
        """Whether it may have a page to sign out at, as far as is known without asking it."""
        known = self._endpoints
        return known is None or known[0] < time.monotonic() or known[1].sign_out != ""

    async def sign_out_address(self, back: str, hint: str = "") -> str:
        """Where the browser goes to sign out there, and comes ``back`` from; "" where there is none.

        ``hint`` is an ID token that was given to this browser: without one a provider asks whether it is meant, or
        refuses. Raises ProviderError.
        """
        async with self._session() as session:
            endpoint = (await self._discovered(session)).sign_out
        if not endpoint:
            return ""
        asked = {"client_id": self._settings.client_id, "post_logout_redirect_uri": back}
        if hint:
            asked["id_token_hint"] = hint
        return endpoint + ("&" if urlsplit(endpoint).query else "?") + urlencode(asked)

    async def signed_in(self, code: str, handshake: Handshake, callback: str) -> SignedIn:
        """Who came back with this code. Raises ProviderError, and IdTokenError for a token that does not hold."""
        async with self._session() as session:
            endpoints = await self._discovered(session)
            tokens = await self._redeemed(session, endpoints, code, handshake, callback)
            token = tokens.get("id_token")
            if not isinstance(token, str):
                raise ProviderError("the identity provider gave no ID token: is the scope openid allowed there?")
            claims = await self._checked(session, endpoints, token, handshake)
            access = tokens.get("access_token")
            if endpoints.userinfo and isinstance(access, str) and self._lacks(claims):
                claims = {**await self._userinfo(session, endpoints, access, person_of(claims)), **claims}
        groups = groups_of(claims, self._settings.groups_claim)
        return SignedIn(person_of(claims), groups or frozenset(), token)

    # ── steps ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _discovered(self, session: aiohttp.ClientSession) -> _Endpoints:
        async with self._lock:
            if self._endpoints is None or self._endpoints[0] < time.monotonic():
                if time.monotonic() < self._away[0]:
                    raise ProviderError(self._away[1])
                address = self._settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
                try:
                    found = self._read_discovery(await self._asked(session, "GET", address))
                except ProviderError as error:
                    self._away = (time.monotonic() + _AWAY_SECONDS, str(error))
                    raise
                self._endpoints = (time.monotonic() + _KEPT_SECONDS, found)
            return self._endpoints[1]

    def _read_discovery(self, document: dict[str, Any]) -> _Endpoints:
        if document.get("issuer") != self._settings.issuer:
            raise ProviderError(
                "the identity provider calls itself by another name than --oidc-issuer: give the issuer that its "
                "discovery names"
            )
        methods = document.get("code_challenge_methods_supported")
        if isinstance(methods, list) and "S256" not in methods:
            raise ProviderError("the identity provider does not support PKCE with S256")
        posted = document.get("token_endpoint_auth_methods_supported")
        by_post = isinstance(posted, list) and "client_secret_basic" not in posted and "client_secret_post" in posted
        return _Endpoints(
            authorization=self._endpoint(document, "authorization_endpoint"),
            token=self._endpoint(document, "token_endpoint"),
            keys=self._endpoint(document, "jwks_uri"),
            userinfo=self._endpoint(document, "userinfo_endpoint") if "userinfo_endpoint" in document else "",
            sign_out=self._sign_out_endpoint(document),
            posts_secret=by_post,
        )

    def _endpoint(self, document: dict[str, Any], name: str) -> str:
        found = document.get(name)
        if not isinstance(found, str) or len(found) > 2000 or not is_secure_url(found) or "#" in found:
            raise ProviderError(f"the identity provider's discovery names no https address as {name}")
        if is_loopback(urlsplit(found).hostname or "") and not is_loopback(urlsplit(self.issuer).hostname or ""):
            raise ProviderError(f"the identity provider's discovery names this machine as {name}")
        return found

    def _sign_out_endpoint(self, document: dict[str, Any]) -> str:
        """Where it is no address to send anybody to, nobody is sent there, and everybody can still sign in."""
        try:
            return self._endpoint(document, "end_session_endpoint") if "end_session_endpoint" in document else ""
        except ProviderError:
            return ""

    async def _redeemed(
        self, session: aiohttp.ClientSession, endpoints: _Endpoints, code: str, handshake: Handshake, callback: str
    ) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": callback,
            "code_verifier": handshake.verifier,
        }
        settings, headers = self._settings, {}
        if endpoints.posts_secret:
            form |= {"client_id": settings.client_id, "client_secret": settings.client_secret}
        else:
            pair = f"{quote(settings.client_id, safe='')}:{quote(settings.client_secret, safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return await self._asked(session, "POST", endpoints.token, headers, form)

    async def _checked(
        self, session: aiohttp.ClientSession, endpoints: _Endpoints, token: str, handshake: Handshake
    ) -> dict[str, Any]:
        """The token's claims; a key that is not known is looked for once more, since providers change theirs."""
        begun = time.monotonic()
        keys = await self._published(session, endpoints, begun)
        try:
            return read_id_token(token, keys, self._settings, handshake.nonce, time.time())
        except UnknownKeyError:
            keys = await self._published(session, endpoints, begun + _KEPT_SECONDS)
            return read_id_token(token, keys, self._settings, handshake.nonce, time.time())

    async def _published(
        self, session: aiohttp.ClientSession, endpoints: _Endpoints, good_until: float
    ) -> list[dict[str, Any]]:
        """The provider's keys, asked for unless those that are kept are good until then."""
        async with self._lock:
            if self._keys is None or self._keys[0] <= good_until:
                found = (await self._asked(session, "GET", endpoints.keys)).get("keys")
                keys = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
                self._keys = (time.monotonic() + _KEPT_SECONDS, keys)
            return self._keys[1]

    def _lacks(self, claims: dict[str, Any]) -> bool:
        """Whether a token says no groups, or no name: many providers say them by userinfo alone."""
        return groups_of(claims, self._settings.groups_claim) is None or not any(name in claims for name in NAMES)

    async def _userinfo(
        self, session: aiohttp.ClientSession, endpoints: _Endpoints, access: str, person: Person
    ) -> dict[str, Any]:
        """What the provider's userinfo says of this very person."""
        if not access.isascii() or not access.isprintable():
            raise ProviderError("the identity provider gave an access token that cannot be sent")
        found = await self._asked(session, "GET", endpoints.userinfo, {"Authorization": f"Bearer {access}"})
        if found.get("sub") != person.subject:
            raise IdTokenError("the provider's userinfo is about somebody else")
        return found

    # ── traffic ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _session(self) -> aiohttp.ClientSession:
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=_SECONDS, sock_connect=_CONNECT_SECONDS)
        return aiohttp.ClientSession(timeout=timeout, headers={"Accept": "application/json"}, trust_env=False)

    async def _asked(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: str,
        headers: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        import aiohttp

        place = urlsplit(url).hostname
        try:
            async with session.request(
                method, url, headers=headers, data=form, allow_redirects=False, proxy=proxy_of(url), ssl=self._trusted()
            ) as reply:
                body = await _bounded(reply)
                status = reply.status
        except InputError as error:
            raise ProviderError(str(error)) from None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ProviderError(f"{place} does not answer ({type(error).__name__})") from None
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        if status != 200 or not isinstance(document, dict):
            raise ProviderError(f"{place} refused: status {status}{_reason(document)}")
        return document

    def _trusted(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._settings.ca_file is not None:
            context.load_verify_locations(cafile=str(self._settings.ca_file))
        return context


async def _bounded(reply: aiohttp.ClientResponse) -> bytes:
    body = b""
    while chunk := await reply.content.read(_MAX_BYTES + 1 - len(body)):
        body += chunk
        if len(body) > _MAX_BYTES:
            raise ValueError("too long")
    return body


def _reason(document: Any) -> str:
    """The provider's word for what it refuses, where it is one of those that the standards have."""
    word = document.get("error") if isinstance(document, dict) else None
    is_word = isinstance(word, str) and word.isascii() and word.replace("_", "").isalpha() and len(word) <= 60
    return f", {word}" if is_word else ""
