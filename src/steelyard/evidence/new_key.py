"""Making a key: its private file, its public half and its ledger, side by side and outside every run."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from steelyard.errors import InputError
from steelyard.evidence.keys import (
    PublicKeyInfo,
    default_key_path,
    describe_key,
    load_signer,
    public_key_path,
    refuse_inside_run,
)
from steelyard.evidence.ledger_file import ledger_path, open_new_ledger

__all__ = ["create_key"]


def create_key(path: Path | None = None) -> PublicKeyInfo:
    """Make a new key at ``path`` (default: your own place for it), mode 0600, its public half and its ledger.

    Raises InputError where a key or a ledger exists already, or where ``path`` is inside a run folder, which others
    will receive.
    """
    path = default_key_path() if path is None else path
    public_path, ledger = public_key_path(path), ledger_path(path)
    refuse_inside_run(path)
    if os.path.lexists(ledger):
        raise InputError("another key's ledger is here: give another --out, or unset STEELYARD_LEDGER", where=ledger)
    for existing in (path, public_path):
        if os.path.lexists(existing):
            raise InputError("a key is here already and is never overwritten: give another --out", where=existing)
    private = Ed25519PrivateKey.generate()
    public = private.public_key()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_new(path, pem, 0o600)
        try:
            _write_new(public_path, public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), 0o644)
        except OSError:
            path.unlink()
            raise
    except OSError as error:
        raise InputError(f"cannot write a key here: {error.strerror}; give another --out", where=path) from None
    open_new_ledger(ledger, load_signer(path), with_key=True)
    return replace(describe_key(public_path), path=path)


def _write_new(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)  # whatever the umask is
        file.write(data)
        file.flush()
        os.fsync(descriptor)
