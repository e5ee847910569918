"""Whose signature a sealed statement has, and whether it is the one that a reader requires."""

from __future__ import annotations

from pathlib import Path

from securesystemslib.dsse import Envelope

from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.evidence.bundle import check_signed
from steelyard.evidence.canonical import sha256_hex
from steelyard.evidence.envelope import MAX_ENVELOPE_BYTES, open_envelope
from steelyard.evidence.keys import load_public, public_key

__all__ = ["check_unread", "signature_words", "signed_by"]

_MAX_FILE_BYTES = 256 * 1024 * 1024


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


def check_unread(folder: Path, name: str, require_key: Path | None = None) -> tuple[str, bool]:
    """As :func:`signed_by`, of a sealed result whose rule is not here: nothing of what it found is computed again.

    The statement is ``folder/name``. Raises VerificationError also where a file of the folder was added, changed or
    removed.
    """
    document, envelope = open_envelope(layout.read_bounded(folder, name, MAX_ENVELOPE_BYTES), name)
    signer = document["predicate"].get("signer", "")
    if not isinstance(signer, str):
        raise VerificationError(f"{name}: its signer is no text")
    found = signed_by(envelope, signer, name, require_key)
    sealed = {each["name"]: each["digest"]["sha256"] for each in document["subject"]}
    files = {place.relative_to(folder).as_posix() for place in folder.rglob("*") if not place.is_dir()} - {name}
    if added := sorted(files - sealed.keys()):
        raise VerificationError(f"{added[0]}: was added: the seal does not name it")
    for file, digest in sealed.items():
        # A subject without a folder is a digest of something elsewhere, such as the answers of a run.
        if "/" in file or file in files:
            if file not in files:
                raise VerificationError(f"{file}: is missing")
            if sha256_hex(layout.read_bounded(folder, file, _MAX_FILE_BYTES)) != digest:
                raise VerificationError(f"{file}: was changed: its SHA-256 is not the one sealed")
    return found


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
