"""Secrets that we give out: random, kept as digests alone, and shown once.

A session, a token and a one-time link are each 32 random bytes, so that a plain SHA-256 is enough to keep them by:
there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Final

__all__ = ["TOKEN_PREFIX", "digest_of", "form_key", "is_form_key", "new_secret", "new_token"]

TOKEN_PREFIX: Final = "steelyard_"  # noqa: S105 — so that scanners of repositories can find one that was lost
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def new_secret() -> str:
    """43 characters, of 32 random bytes."""
    return secrets.token_urlsafe(32)


def new_token() -> str:
    """An API token."""
    return TOKEN_PREFIX + new_secret()


def digest_of(secret: str) -> str:
    """The SHA-256 (hexadecimal) by which a secret is kept; "" for what cannot be one of ours."""
    if not _SECRET.fullmatch(secret.removeprefix(TOKEN_PREFIX)):
        return ""
    return hashlib.sha256(secret.encode()).hexdigest()


def form_key(cookie: str) -> str:
    """What the forms of a page carry: it follows from the cookie, which another site can neither read nor set."""
    return hmac.new(cookie.encode(), b"steelyard form", hashlib.sha256).hexdigest()


def is_form_key(cookie: str, given: str) -> bool:
    """Whether a form was drawn for this cookie."""
    return bool(cookie) and hmac.compare_digest(form_key(cookie).encode(), given.encode())
