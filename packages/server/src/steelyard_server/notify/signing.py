"""Signatures of webhooks, as Standard Webhooks 1.0.0 says (standardwebhooks.com): HMAC-SHA256, identifier ``v1``."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Final

__all__ = ["PREFIX", "new_signing_secret", "signed_headers"]

PREFIX: Final = "whsec_"
_BYTES: Final = 32  # the specification asks for 24 to 64


def new_signing_secret() -> str:
    """A new secret as receivers are given it: ``whsec_`` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def signed_headers(secrets_: Sequence[str], message: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of an attempt at ``timestamp`` (Unix seconds), with a signature by each secret.

    What is signed is ``message.timestamp.body``; neither of the first two may have a full stop.
    """
    signed = b"%s.%d.%s" % (message.encode(), timestamp, body)
    found = [f"v1,{base64.b64encode(_hmac(secret, signed)).decode()}" for secret in secrets_]
    return {"webhook-id": message, "webhook-timestamp": str(timestamp), "webhook-signature": " ".join(found)}


def _hmac(secret: str, signed: bytes) -> bytes:
    return hmac.new(base64.b64decode(secret.removeprefix(PREFIX)), signed, hashlib.sha256).digest()
