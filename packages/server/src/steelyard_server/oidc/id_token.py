"""An ID token held against what was asked for: signature, issuer, audience, time and nonce. Pure, and strict."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from steelyard.errors import SteelyardError
from steelyard_server.oidc.settings import OidcSettings

if TYPE_CHECKING:
    from joserfc.jwk import Key

__all__ = [
    "ALGORITHMS",
    "NAMES",
    "IdTokenError",
    "Person",
    "UnknownKeyError",
    "groups_of",
    "person_of",
    "read_id_token",
]

# Signatures by a private key of the provider alone: no "none", and no HMAC, whose key would be the client's secret.
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
MAX_TOKEN: Final = 256 << 10
NAMES: Final = ("preferred_username", "email", "name")  # claims by which a person may be called
_LEEWAY: Final = 60.0  # seconds by which two clocks may differ
_MAX_KEYS: Final = 100
_LEAST_RSA_BITS: Final = 2048
_MOST_KEY_BITS: Final = 16384  # of each number of a key: one of four million takes a second of all requests' time
_MAX_GROUPS: Final = 2000
_MAX_GROUP: Final = 300
_NOT_NAME: Final = re.compile(r"[^A-Za-z0-9._@-]+")


class IdTokenError(SteelyardError):
    """An ID token that is not for this sign-in; the text says why, and quotes nothing of it."""


class UnknownKeyError(IdTokenError):
    """It was signed with a key that the provider did not publish, as far as we have read."""


@dataclass(frozen=True)
class Person:
    """Who signed in: ``subject`` is who it is to the provider, ``name`` what to call them."""

    subject: str
    name: str


def read_id_token(
    token: str, keys: Sequence[Mapping[str, Any]], settings: OidcSettings, nonce: str, now: float
) -> dict[str, Any]:
    """The claims of a token that is whole and for this sign-in.

    ``keys`` are the members of the provider's key set, ``now`` the time in seconds. Raises UnknownKeyError where its
    key is not among them, IdTokenError for anything else.
    """
    claims = _signed_claims(token, keys)
    if claims.get("iss") != settings.issuer:
        raise IdTokenError("it was issued by another provider")
    _check_audience(claims, settings.client_id)
    _check_time(claims, now)
    given = claims.get("nonce")
    # JSON may have half of a pair of surrogates, which has no form in UTF-8.
    if not isinstance(given, str) or not hmac.compare_digest(given.encode("utf-8", "replace"), nonce.encode()):
        raise IdTokenError("it belongs to another sign-in (nonce)")
    return claims


def person_of(claims: Mapping[str, Any]) -> Person:
    """The subject, and a name of plain letters; raises IdTokenError without a subject."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or not subject.isprintable():
        raise IdTokenError("it names no subject")
    given = (claims.get(name) for name in NAMES)
    named = next((each for each in given if isinstance(each, str) and each.strip()), "")
    plain = _NOT_NAME.sub("-", named[:200]).strip("-._@")[:60].rstrip("-._@")
    return Person(subject, plain or "person")


def groups_of(claims: Mapping[str, Any], claim: str) -> frozenset[str] | None:
    """The groups that a claim names; None where it is not there. Raises IdTokenError where it cannot be read."""
    elsewhere = claims.get("_claim_names")
    if isinstance(elsewhere, Mapping) and claim in elsewhere:
        raise IdTokenError(
            "the provider sent a link in the place of the groups, since there are too many: let it send those alone "
            "that are assigned to this application"
        )
    found = claims.get(claim)
    if found is None:
        return None
    named = [found] if isinstance(found, str) else found
    if not isinstance(named, list) or len(named) > _MAX_GROUPS or not all(isinstance(each, str) for each in named):
        raise IdTokenError(f"its claim {claim} is no list of names")
    return frozenset(each for each in named if 0 < len(each) <= _MAX_GROUP and each.isprintable())


def _signed_claims(token: str, keys: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    from joserfc import jws, jwt
    from joserfc.errors import JoseError

    class Registry(jws.JWSRegistry):
        max_header_length = 4096
        max_payload_length = MAX_TOKEN
        max_signature_length = 2048

    if len(token) > MAX_TOKEN:
        raise IdTokenError("it is too long")
    registry = Registry(algorithms=list(ALGORITHMS), strict_check_header=False)
    try:
        header = jws.extract_compact(token.encode(), registry=registry).protected
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS or "crit" in header or "b64" in header:
            raise IdTokenError("it is not signed as a provider signs (alg)")
        key = _key(keys, algorithm, key_id)
        return dict(jwt.decode(token, key, algorithms=[algorithm], registry=registry).claims)
    except (JoseError, ValueError, TypeError, RecursionError):  # the last one for JSON that is too deep
        raise IdTokenError("its signature does not hold") from None


def _key(keys: Sequence[Mapping[str, Any]], algorithm: str, key_id: object) -> Key:
    """The key by its id; without one in the token, the only one that can be meant."""
    kind = "EC" if algorithm.startswith("E") else "RSA"
    usable = [
        key
        for key in keys[:_MAX_KEYS]
        if key.get("kty") == kind and key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm
    ]
    if key_id is not None:
        usable = [key for key in usable if key.get("kid") == key_id]
    if len(usable) != 1:
        raise UnknownKeyError("it was signed with a key that the provider does not publish")
    return _imported(usable[0])


def _imported(key: Mapping[str, Any]) -> Key:
    from joserfc.jwk import JWKRegistry

    public = {name: value for name, value in key.items() if name in ("kty", "kid", "n", "e", "crv", "x", "y")}
    if public["kty"] == "RSA" and len(str(public.get("n", ""))) * 6 < _LEAST_RSA_BITS:  # base64url
        raise IdTokenError("it is signed with a key that is too short")
    if any(len(str(public.get(name, ""))) * 6 > _MOST_KEY_BITS + 16 for name in ("n", "e", "x", "y")):
        raise IdTokenError(f"it is signed with a key that is too long: {_MOST_KEY_BITS:,} bits are the most")
    return JWKRegistry.import_key(public)


def _check_audience(claims: Mapping[str, Any], client: str) -> None:
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience
    if not isinstance(named, list) or client not in named:
        raise IdTokenError("it is for another application (aud)")
    party = claims.get("azp")
    if (len(named) > 1 or party is not None) and party != client:
        raise IdTokenError("it is for another application (azp)")


def _check_time(claims: Mapping[str, Any], now: float) -> None:
    expires, issued, begins = (claims.get(name) for name in ("exp", "iat", "nbf"))
    if not _is_time(expires) or expires <= now - _LEEWAY:
        raise IdTokenError("it has expired")
    if not _is_time(issued) or issued > now + _LEEWAY:
        raise IdTokenError("it is from the future: compare the clocks")
    if begins is not None and (not _is_time(begins) or begins > now + _LEEWAY):
        raise IdTokenError("it is not yet valid: compare the clocks")


def _is_time(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12
