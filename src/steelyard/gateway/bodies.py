"""Bodies as texts for the journal: unchanged where they are UTF-8, else wrapped in a small JSON object.

* a body that is not UTF-8, such as an image: ``{"recorded_body": "base64", "data": …}``
* one that is longer than a line of ``texts/`` may be, or compressed in a way that cannot be read:
  ``{"recorded_body": "omitted", "bytes": …, "sha256": …}``

Readers look at the keys, never at the start of the text: keys are sorted. A body that itself has these keys is kept
as base64, so that every text has one reading.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from typing import Any, Final

from steelyard.evidence.canonical import canonical
from steelyard.evidence.layout import MAX_LINE_BYTES
from steelyard.gateway.secrets import Secrets

__all__ = ["MAX_KEPT", "Kept", "decoded", "text_of", "wrapped"]

MAX_KEPT: Final = MAX_LINE_BYTES
_WRAPPED: Final = ({"recorded_body", "data"}, {"recorded_body", "bytes", "sha256"})
# What a line needs beside the text: its digest and the keys.
_ROOM: Final = 200
_MAX_ESCAPE: Final = 6  # \u001b for one byte


class Kept:
    """Collects a passing body: whole up to :data:`MAX_KEPT` bytes, beyond that only its length and digest."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._digest: hashlib._Hash | None = None
        self._length = 0

    def take(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._length += len(chunk)
        if self._digest is not None:
            self._digest.update(chunk)
            return
        self._data += chunk
        if self._length > MAX_KEPT:
            self._digest = hashlib.sha256(self._data)
            self._data.clear()

    def __len__(self) -> int:
        return self._length

    @property
    def data(self) -> bytes | None:
        """The whole body; None where it was too large to keep."""
        return None if self._digest is not None else bytes(self._data)

    @property
    def omitted(self) -> str:
        """The text that replaces a body which is not kept."""
        digest = hashlib.sha256(self._data) if self._digest is None else self._digest
        return _omitted(self._length, digest.hexdigest())


def decoded(data: bytes, encoding: str) -> bytes | None:
    """Decompress a body; None for an unknown encoding, and where the result is too large to keep.

    Of a truncated body, the readable part is returned.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return data
    if name not in ("gzip", "x-gzip", "deflate"):
        return None
    # "deflate" is meant to be zlib's format, and some servers send it bare.
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        reader = zlib.decompressobj(window)
        try:
            plain = reader.decompress(data, MAX_KEPT + 1)
        except zlib.error:
            continue
        return plain if len(plain) <= MAX_KEPT else None
    return None


def text_of(data: bytes, secrets: Secrets) -> str:
    """The text for a body, with every API key removed."""
    try:
        text = secrets.without(data.decode())
        if wrapped(text) is not None:
            text = _base64(text.encode())
    except UnicodeDecodeError:
        text = _base64(secrets.in_bytes(data))
    if _MAX_ESCAPE * len(text) + _ROOM > MAX_LINE_BYTES and len(canonical(text)) + _ROOM > MAX_LINE_BYTES:
        return _omitted(len(data), hashlib.sha256(data).hexdigest())
    return text


def wrapped(text: str) -> dict[str, Any] | None:
    """The JSON object that wraps a body; None where the text is the body itself."""
    if "recorded_body" not in text:
        return None
    try:
        kept = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return kept if isinstance(kept, dict) and kept.keys() in _WRAPPED else None


def _base64(data: bytes) -> str:
    return canonical({"recorded_body": "base64", "data": base64.b64encode(data).decode()}).decode()


def _omitted(length: int, digest: str) -> str:
    return canonical({"recorded_body": "omitted", "bytes": length, "sha256": digest}).decode()
