"""Whose signature a sealed statement has, and whether it is the one that a reader requires."""

from __future__ import annotations

from pathlib import Path

from securesystemslib.dsse import Envelope

from steelyard.errors import VerificationError
from steelyard.evidence.bundle import check_signed
from steelyard.evidence.keys import load_public, public_key

__all__ = ["signature_words", "signed_by"]


def signed_by(envelope: Envelope, signer: str, where: str, require_key: Path | None = None) -> tuple[str, bool]:
    """The id of the key whose signature the envelope has (empty without one), and whether it is the required key's.

    ``signer`` is the public key in hexadecimal digits that the statement names as its own, empty for none. Raises
    VerificationError where the signature is not that key's, or not by the required one; InputError for a file that is
    no public key.
    """
    trusted = None if require_key is None else load_public(require_key)
    found = ""
    if signer:
        try:
            key = public_key(signer)
        except ValueError as error:
            raise VerificationError(f"{where}: its signer: {error}") from None
        check_signed(envelope, key, where)
        found = key.keyid
    elif envelope.signatures:
        raise VerificationError(f"{where}: carries a signature and names no signer")
    if trusted is not None and found != trusted.keyid:
        said = f"signed by key {found}" if found else "not signed"
        raise VerificationError(f"{where}: {said}; required is a signature by key {trusted.keyid}")
    return found, trusted is not None


def signature_words(keyid: str, *, trusted: bool) -> str:
    """Whose signature a sealed statement that holds has, in words; ``keyid`` is empty where it has none."""
    if not keyid:
        return "not signed: anyone could have sealed it again"
    if trusted:
        return f"signed by key {keyid}, which you trust"
    return (
        f"signed by key {keyid}, which you did not name as trusted (--require-key): whoever signed may have made many "
        "keys and shown this one"
    )
