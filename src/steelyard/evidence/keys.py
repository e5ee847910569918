"""Ed25519 keys: made once, kept outside every run, used to sign plans and bundles and to fix the order of samples.

A key is a PKCS#8 PEM file that its owner alone may read, with the public half (``*.pub.pem``) beside it for others to
verify with. A key's id is the SHA-256 of its 32 public bytes.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.signer import CryptoSigner, Signature, SSlibKey  # type: ignore[attr-defined]  # not in its __all__

from steelyard.errors import InputError
from steelyard.evidence import layout
from steelyard.evidence.canonical import sha256_hex

__all__ = [
    "CryptoSigner",
    "KeySigner",
    "PublicKeyInfo",
    "SSlibKey",
    "Signature",
    "default_key_path",
    "describe_key",
    "load_public",
    "load_signer",
    "public_key",
    "public_key_path",
    "refuse_inside_run",
    "secret_of",
    "sign_deterministic",
    "verify_raw",
]

PUBLIC_BYTES = 32
MAX_KEY_FILE_BYTES = 16_384

FIELD_PRIME = 2**255 - 19
ORDER_EIGHT_Y = 2707385501144840649318225287225658788936804267575313519463743609750303402022
# The y coordinates of the eight points of small order (as in libsodium's ge25519_has_small_order): such a "key"
# verifies forged signatures.
SMALL_ORDER_Y = {0, 1, FIELD_PRIME - 1, ORDER_EIGHT_Y, FIELD_PRIME - ORDER_EIGHT_Y}


class KeySigner(CryptoSigner):
    """The signer of a key file; ``path`` is that file, and beside it lies the key's ledger."""

    def __init__(self, private: Ed25519PrivateKey, path: Path) -> None:
        super().__init__(private, public_key(private.public_key().public_bytes_raw().hex()))
        self.path = path.absolute()  # a model of the user's own may change the working folder


@dataclass(frozen=True)
class PublicKeyInfo:
    """The public facts of a key: ``public`` is the 32 public bytes in hexadecimal, ``path`` the private file."""

    keyid: str
    public: str
    path: Path
    public_path: Path


def default_key_path() -> Path:
    """``$STEELYARD_KEY``, or ``key.pem`` in the user's configuration folder for Steelyard."""
    if os.environ.get("STEELYARD_KEY"):
        return Path(os.environ["STEELYARD_KEY"])
    import platformdirs

    return platformdirs.user_config_path("steelyard") / "key.pem"


def public_key_path(path: Path) -> Path:
    """The path of the public half of the key at ``path``: ``key.pem`` → ``key.pub.pem``."""
    return path.with_name(path.name.removesuffix(".pem") + ".pub.pem")


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def load_signer(path: Path | None = None) -> KeySigner:
    """The signer at ``path`` (default: :func:`default_key_path`).

    Raises InputError where there is none, where it is not an Ed25519 key, or where others than its owner may read it.
    """
    path = default_key_path() if path is None else path
    refuse_inside_run(path)
    pem = _read_key_file(path, private=True)
    try:
        private = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InputError("not an unencrypted PKCS#8 PEM key: make one with `steelyard key new`", where=path) from None
    if not isinstance(private, Ed25519PrivateKey):
        raise InputError("not an Ed25519 key: make one with `steelyard key new`", where=path)
    return KeySigner(private, path)


def describe_key(path: Path | None = None) -> PublicKeyInfo:
    """The public facts of the key whose private or public file is ``path`` (default: :func:`default_key_path`).

    Raises InputError where there is no such key.
    """
    path = default_key_path() if path is None else path
    if path.name.endswith(".pub.pem"):
        public, public_path = load_public(path), path
        path = path.with_name(path.name.removesuffix(".pub.pem") + ".pem")
    else:
        public, public_path = load_signer(path).public_key, public_key_path(path)
    return PublicKeyInfo(public.keyid, public.keyval["public"], path, public_path)


def load_public(path: Path) -> SSlibKey:
    """The public key in a PEM file (``*.pub.pem``); raises InputError where it is none."""
    pem = _read_key_file(path, private=False)
    if b"PRIVATE KEY" in pem:
        raise InputError(f"this is a private key: give its public half, {public_key_path(path).name}", where=path)
    try:
        public = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise InputError(
            "not a PEM public key, such as `steelyard key new` writes beside the key", where=path
        ) from None
    if not isinstance(public, Ed25519PublicKey):
        raise InputError("not an Ed25519 public key", where=path)
    try:
        return public_key(public.public_bytes_raw().hex())
    except ValueError as error:
        raise InputError(str(error), where=path) from None


def _read_key_file(path: Path, *, private: bool) -> bytes:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if private and mode & 0o077:
                raise InputError(f"others may read or change this key (mode {mode:04o}): chmod 600 {path}", where=path)
            return file.read(MAX_KEY_FILE_BYTES)
    except FileNotFoundError:
        fix = "make one with `steelyard key new`" if private else "give the *.pub.pem of the signer"
        raise InputError(f"no key is here: {fix}", where=path) from None
    except OSError as error:
        raise InputError(f"cannot read the key: {error.strerror}", where=path) from None


def refuse_inside_run(path: Path) -> None:
    """Raise InputError for a path inside the folder of a run."""
    for folder in path.resolve().parents:
        if os.path.lexists(folder / layout.PLAN):
            raise InputError(
                f"a key must not lie inside a run, which others will receive ({folder}): give another path", where=path
            )


# ── public keys and raw signatures ──────────────────────────────────────────────────────────────────────────────────


def public_key(public_hex: str) -> SSlibKey:
    """The verifying key of 32 public bytes in lower-case hexadecimal; raises ValueError where the key is unsafe."""
    raw = bytes.fromhex(public_hex)
    if len(raw) != PUBLIC_BYTES or raw.hex() != public_hex:
        raise ValueError("a public key is 64 lower-case hexadecimal digits")
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if y >= FIELD_PRIME or y in SMALL_ORDER_Y:
        raise ValueError("this public key is of small order or not canonical: it would verify anything")
    return SSlibKey(sha256_hex(raw), "ed25519", "ed25519", {"public": public_hex})


def sign_deterministic(signer: CryptoSigner, message: bytes) -> bytes:
    """The Ed25519 signature (64 bytes) over ``message``: the same key and message always give the same (RFC 8032)."""
    return bytes.fromhex(signer.sign(message).signature)


def verify_raw(public: SSlibKey, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` over ``message`` was made with the key."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public.keyval["public"])).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def secret_of(signer: CryptoSigner) -> bytes:
    """The 32 secret bytes of an Ed25519 key, for :mod:`steelyard.evidence.vrf`."""
    private = load_pem_private_key(signer.private_bytes, None)
    assert isinstance(private, Ed25519PrivateKey), "keys of another kind are refused where they are read"
    return private.private_bytes_raw()
