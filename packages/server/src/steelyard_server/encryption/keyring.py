"""Encryption at rest: AES-256-GCM, each ciphertext bound to the row that it was made for.

What is encrypted can be read with the key file alone, and only as what it is: a ciphertext that is moved elsewhere,
or whose row was changed, does not decrypt.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical

__all__ = ["KEY_BYTES", "Keyring", "UnreadableError"]

KEY_BYTES: Final = 32
_FORMAT: Final = b"\x01"
_ID_BYTES, _NONCE_BYTES = 8, 12


class UnreadableError(InputError):
    """A ciphertext that no key of the ring decrypts, or that was made for something else."""


class Keyring:
    """The keys of a key file: the first encrypts, all decrypt. Its text says none of them."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """``keys`` are 32 random bytes each, at least one."""
        self._ciphers = {_derived(key, b"id")[:_ID_BYTES]: AESGCM(_derived(key, b"encryption")) for key in keys}
        self._first = next(iter(self._ciphers))

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self.ids)})"

    @property
    def ids(self) -> tuple[str, ...]:
        """What tells the keys apart: 16 hexadecimal digits each, from which no key follows."""
        return tuple(each.hex() for each in self._ciphers)

    def encrypt(self, secret: str, about: Mapping[str, Any]) -> bytes:
        """The ciphertext of a secret that belongs to what ``about`` says, as JSON."""
        nonce = os.urandom(_NONCE_BYTES)
        head = _FORMAT + self._first
        return head + nonce + self._ciphers[self._first].encrypt(nonce, secret.encode(), head + canonical(dict(about)))

    def decrypt(self, sealed: bytes, about: Mapping[str, Any]) -> str:
        """The secret; raises UnreadableError where no key made it, or for something else than ``about`` says."""
        head, rest = sealed[: 1 + _ID_BYTES], sealed[1 + _ID_BYTES :]
        cipher = self._ciphers.get(head[1:])
        if cipher is None or head[:1] != _FORMAT:
            raise UnreadableError("was encrypted by a key that is not in the secret key file")
        try:
            data = cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], head + canonical(dict(about)))
        except (InvalidTag, ValueError):
            raise UnreadableError("was changed, or encrypted for something else") from None
        return data.decode()


def _derived(key: bytes, what: bytes) -> bytes:
    """One key in the file, another for each use, from none of which the others follow."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"steelyard secrets at rest, " + what).derive(key)
