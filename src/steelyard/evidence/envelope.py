"""in-toto Statements v1 in DSSE envelopes, signed or unsigned.

Reading is as strict as writing, so that no byte of an envelope can vary: the file must be canonical JSON, its base64
must be the standard form with zero padding bits, its payload must be canonical too, unknown keys are refused, and
signatures are sorted by key id, one per key.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import UnverifiedSignatureError

from steelyard.errors import VerificationError
from steelyard.evidence.canonical import canonical, parse_canonical
from steelyard.evidence.forms import is_sha256
from steelyard.evidence.keys import CryptoSigner, Signature, SSlibKey
from steelyard.evidence.layout import MAX_BYTES, PLAN

__all__ = ["MAX_ENVELOPE_BYTES", "check_signature", "open_envelope", "seal", "statement"]

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
MAX_ENVELOPE_BYTES = MAX_BYTES[PLAN]  # a plan of thousands of rows stays below

ED25519_SIGNATURE_BYTES = 64


def statement(subjects: Mapping[str, str], predicate_type: str, predicate: Mapping[str, Any]) -> dict[str, Any]:
    """An in-toto Statement v1: ``subjects`` maps each file's name to its SHA-256 in hexadecimal."""
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(subjects.items())],
        "predicateType": predicate_type,
        "predicate": dict(predicate),
    }


def seal(document: Mapping[str, Any], signer: CryptoSigner | None) -> bytes:
    """The canonical bytes of a DSSE envelope around ``document``, signed where there is a signer."""
    envelope = Envelope(canonical(document), PAYLOAD_TYPE, {})
    if signer is not None:
        envelope.sign(signer)
    return canonical(envelope.to_dict())


def open_envelope(data: bytes, where: str | Path) -> tuple[dict[str, Any], Envelope]:
    """The statement in an envelope, and the envelope (payload, signatures by key id) to check signatures on.

    Signatures are *not* checked here: see :func:`check_signature`. Raises VerificationError, naming ``where``, for
    anything that :func:`seal` would not have written.
    """
    if len(data) > MAX_ENVELOPE_BYTES:
        raise VerificationError(f"{where}: larger than {MAX_ENVELOPE_BYTES} bytes")
    try:
        parts = _object(parse_canonical(data), {"payload", "payloadType", "signatures"}, "the envelope")
        if parts["payloadType"] != PAYLOAD_TYPE:
            raise ValueError(f"the payload's type is not {PAYLOAD_TYPE}")
        payload = _decode(parts["payload"], "the payload")
        envelope = Envelope(payload, PAYLOAD_TYPE, _signatures(parts["signatures"]))
    except ValueError as error:
        raise VerificationError(f"{where}: {error}") from None
    try:
        document = _object(parse_canonical(payload), {"_type", "predicate", "predicateType", "subject"}, "it")
        if document["_type"] != STATEMENT_TYPE:
            raise ValueError(f"not of type {STATEMENT_TYPE}")
        if not isinstance(document["predicateType"], str) or not isinstance(document["predicate"], dict):
            raise ValueError("its predicate or the predicate's type is missing")
        _check_subjects(document["subject"])
    except ValueError as error:
        raise VerificationError(f"{where}: invalid statement: {error}") from None
    return document, envelope


def check_signature(envelope: Envelope, public: SSlibKey) -> bool:
    """Whether ``envelope`` carries a signature by ``public`` that verifies over its type and payload (DSSE's PAE)."""
    signature = envelope.signatures.get(public.keyid)
    if signature is None:
        return False
    try:
        public.verify_signature(signature, envelope.pae())
    except UnverifiedSignatureError:
        return False
    return True


def _signatures(entries: Any) -> dict[str, Signature]:
    if not isinstance(entries, list):
        raise ValueError("signatures is not a list")
    found: dict[str, Signature] = {}
    for entry in entries:
        parts = _object(entry, {"keyid", "sig"}, "a signature")
        keyid = parts["keyid"]
        if not is_sha256(keyid):
            raise ValueError("a signature's keyid is not a SHA-256 in hexadecimal")
        if found and keyid <= max(found):
            raise ValueError("signatures are not sorted by keyid, one per key")
        raw = _decode(parts["sig"], "a signature")
        if len(raw) != ED25519_SIGNATURE_BYTES:
            raise ValueError("a signature is not 64 bytes long")
        found[keyid] = Signature(keyid, raw.hex())
    return found


def _check_subjects(subjects: Any) -> None:
    if not isinstance(subjects, list) or not subjects:
        raise ValueError("it names no subject")
    last = ""
    for subject in subjects:
        parts = _object(subject, {"digest", "name"}, "a subject")
        digest = _object(parts["digest"], {"sha256"}, "a subject's digest")["sha256"]
        if not is_sha256(digest):
            raise ValueError("a subject's digest is not a SHA-256 in hexadecimal")
        if not isinstance(parts["name"], str) or parts["name"] <= last:
            raise ValueError("its subjects are not sorted by name, each once")
        last = parts["name"]


def _object(value: Any, keys: set[str], what: str) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != keys:
        raise ValueError(f"{what} has not exactly the keys {', '.join(sorted(keys))}")
    return value


def _decode(text: Any, what: str) -> bytes:
    if not isinstance(text, str):
        raise ValueError(f"{what} is not base64 text")
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{what} is not standard base64") from None
    if base64.b64encode(raw).decode() != text:
        raise ValueError(f"{what} is base64 with padding bits that are not zero")
    return raw
