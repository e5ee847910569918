"""What binds a sign-in to the browser in which it began: state, nonce and PKCE all follow from one secret cookie.

Nothing of it is kept on the server. The state is in addresses, so it is a digest from which the cookie does not follow;
so are the nonce and the verifier, which nobody can compute without the cookie.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass
from typing import Final

from steelyard_server.access.secrets import digest_of, new_secret

__all__ = ["HANDSHAKE_SECONDS", "MAX_COOKIE", "Handshake", "begin_handshake", "read_handshake"]

HANDSHAKE_SECONDS: Final = 600
MAX_COOKIE: Final = 600


@dataclass(frozen=True)
class Handshake:
    """One sign-in on its way; ``next_page`` is where it leads."""

    cookie: str
    next_page: str

    @property
    def state(self) -> str:
        """By which the answer of the provider is known as one to this browser."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """By which an ID token is known as one for this sign-in."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """The secret of PKCE: who intercepts the code lacks it."""
        return self._derived("verifier")

    @property
    def challenge(self) -> str:
        """The verifier's S256 challenge."""
        return _encoded(hashlib.sha256(self.verifier.encode()).digest())

    def is_state(self, given: str) -> bool:
        """Whether an answer belongs to this sign-in."""
        return hmac.compare_digest(self.state.encode(), given.encode())

    def _derived(self, purpose: str) -> str:
        return _encoded(hmac.new(self.cookie.encode(), f"steelyard oidc {purpose}".encode(), hashlib.sha256).digest())


def begin_handshake(next_page: str, now: float | None = None) -> Handshake:
    """A new one; its cookie is good for ten minutes."""
    until = int((time.time() if now is None else now) + HANDSHAKE_SECONDS)
    return Handshake(f"{new_secret()}.{until}.{_encoded(next_page.encode())}", next_page)


def read_handshake(cookie: str, now: float | None = None) -> Handshake | None:
    """The one of a cookie that a browser sent; None for what is none, or is too old."""
    secret, _, rest = cookie[: MAX_COOKIE + 1].partition(".")
    until, _, encoded = rest.partition(".")
    if len(cookie) > MAX_COOKIE or not digest_of(secret) or not (until.isascii() and until.isdigit()):
        return None
    if len(until) > 12 or int(until) < (time.time() if now is None else now):
        return None
    try:
        next_page = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except ValueError:
        return None
    return Handshake(cookie, next_page)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
