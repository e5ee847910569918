"""Which identity provider people sign in by: named by options or the environment, never by the database."""

from __future__ import annotations

import os
import re
import ssl
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from steelyard.errors import InputError
from steelyard.models.proxy import is_loopback

__all__ = ["CALLBACK_PATH", "SIGN_OUT_PATH", "OidcSettings", "callback_url", "is_secure_url", "oidc_settings"]

CALLBACK_PATH: Final = "/sign-in/callback"
SIGN_OUT_PATH: Final = "/sign-out/provider"
DEFAULT_CLAIM: Final = "groups"
DEFAULT_SCOPES: Final = "openid profile"
_MAX_SECRET: Final = 4096
_SCOPES: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}( [\x21\x23-\x5b\x5d-\x7e]{1,100}){0,19}")
_CLAIM: Final = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, kw_only=True)
class OidcSettings:
    """The provider, and what it knows this platform by. Its text says no secret."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    groups_claim: str = DEFAULT_CLAIM
    scopes: str = DEFAULT_SCOPES
    ca_file: Path | None = None


def oidc_settings(
    *,
    issuer: str,
    client_id: str,
    secret_file: Path | None,
    groups_claim: str = DEFAULT_CLAIM,
    scopes: str = DEFAULT_SCOPES,
    ca_file: Path | None = None,
) -> OidcSettings | None:
    """Read what the command line says; None where it names no provider.

    Raises InputError where only a part is named, for an issuer without https, and for a secret or a bundle of
    certificates that cannot be read, or that others may read.
    """
    if not issuer:
        if client_id or secret_file or ca_file or (groups_claim, scopes) != (DEFAULT_CLAIM, DEFAULT_SCOPES):
            raise InputError("single sign-on needs --oidc-issuer, --oidc-client-id and --oidc-client-secret-file")
        return None
    if not client_id or secret_file is None:
        raise InputError("--oidc-issuer needs --oidc-client-id and --oidc-client-secret-file")
    if not is_secure_url(issuer) or "?" in issuer or "#" in issuer or len(issuer) > 500:
        raise InputError(
            f"--oidc-issuer takes the https address that the provider calls itself by, not {issuer[:120]!r}"
        )
    if len(client_id) > 300 or not client_id.isprintable():
        raise InputError("--oidc-client-id is the name that the provider gave this platform")
    if not _SCOPES.fullmatch(scopes) or "openid" not in scopes.split():
        raise InputError(f"--oidc-scopes is a list such as {DEFAULT_SCOPES!r}, with openid in it")
    if not _CLAIM.fullmatch(groups_claim):
        raise InputError("--oidc-groups-claim is the name of a claim, such as groups")
    if ca_file is not None:
        _check_bundle(ca_file)
    return OidcSettings(
        issuer=issuer,
        client_id=client_id,
        client_secret=_secret_in(secret_file),
        groups_claim=groups_claim,
        scopes=scopes,
        ca_file=ca_file,
    )


def callback_url(base_url: str) -> str:
    """The address that the provider must know as this platform's redirect URI."""
    return base_url + CALLBACK_PATH


def is_secure_url(url: str) -> bool:
    """Whether an address is https, or http to this machine alone, and has no user and no blank in it."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url or not host or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def _secret_in(file: Path) -> str:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as opened:
            found = os.fstat(opened.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise InputError("--oidc-client-secret-file: is no regular file", where=file)
            if found.st_mode & 0o007:
                raise InputError("--oidc-client-secret-file: anybody can read it: chmod 600 it", where=file)
            secret = opened.read(_MAX_SECRET + 1).decode("utf-8", "replace").strip()
    except OSError as error:
        raise InputError(f"--oidc-client-secret-file: cannot be read: {error.strerror}", where=file) from None
    if not secret or len(secret) > _MAX_SECRET or not secret.isprintable():
        raise InputError("--oidc-client-secret-file: holds no secret of one line", where=file)
    return secret


def _check_bundle(file: Path) -> None:
    try:
        ssl.create_default_context(cafile=str(file))
    except (OSError, ssl.SSLError):
        raise InputError("--oidc-ca-file: holds no certificates (PEM) that can be read", where=file) from None
