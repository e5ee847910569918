"""Texts by digest: what was asked and answered, kept apart from the journal so that they can be withheld.

The journal holds only SHA-256 digests. Removing ``texts/`` from a copy of a run leaves everything else verifiable,
and the removal shows as *withheld*, not as absent. (DESIGN.md keeps one file per text; one append-only segment is the
same thing without a file creation per answer.) Neither side holds the texts: a million of them cost megabytes.
"""

from __future__ import annotations

import errno
import os
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from steelyard.errors import VerificationError
from steelyard.evidence.canonical import sha256_hex
from steelyard.evidence.layout import TEXT_SEGMENT
from steelyard.storage.journal.lines import write_whole
from steelyard.storage.store import FOLDER, Store
from steelyard.util.line_file import LineFile

__all__ = ["TextIndex", "Texts", "open_index", "read_texts"]

# A text that was written this recently is not written again: the answers of multiple choice, a sample's retries.
RECENT = 8192

DIGEST_DIGITS = 64
_BEGINS: Final = b'{"sha256":"'  # a canonical record's first bytes, before its digest
_BEYOND: Final = len(_BEGINS) + DIGEST_DIGITS

# A slot of the index: the place of a line (44 bits: 16 TB), and 20 bits of its digest.
_PLACE_BITS: Final = 44
_PLACE: Final = (1 << _PLACE_BITS) - 1


class Texts:
    """The appending side. Each text is written before the journal line that names it.

    Only recent digests are remembered, so a text may stand there more than once: readers take the first.
    """

    def __init__(self, run: Path, store: Store = FOLDER) -> None:
        path = run / TEXT_SEGMENT
        self._store = store
        path.parent.mkdir(mode=0o700, exist_ok=True)
        self._recent: dict[str, None] = {}  # the least recently met comes first
        self._file = path.open("ab", buffering=0)
        self._size = _cut_torn_tail(path)
        self._torn = False

    def add(self, text: str) -> str:
        """Keep a text (without lone surrogates) and give its digest; an empty text has none."""
        if not text:
            return ""
        digest = sha256_hex(text.encode())
        if digest in self._recent:
            del self._recent[digest]
        else:
            line = _encoder.encode(_Text(digest, text))
            self._write(line + b"\n")
            self._store.text(line)
            if len(self._recent) >= RECENT:
                del self._recent[next(iter(self._recent))]
        self._recent[digest] = None
        return digest

    def _write(self, line: bytes) -> None:
        if self._torn:
            raise OSError(errno.EIO, "the texts end in half a line that the disk did not take back")
        try:
            write_whole(self._file.fileno(), line)
        except OSError:
            self._torn = True  # until it is taken back: a full disk leaves no torn line between whole ones
            os.ftruncate(self._file.fileno(), self._size)
            self._torn = False
            raise
        self._size += len(line)

    def sync(self) -> None:
        """Force everything onto the disk."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Sync and close."""
        try:
            self.sync()
        finally:
            self._file.close()


class _Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sha256: str
    text: str


# Two texts, in the order of their names and without a default: so msgspec writes it as RFC 8785 does.
_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(_Text)


def _text_in(line: bytes, place: str) -> _Text:
    """The record of a line; raises VerificationError, naming its place, where its text does not hash to its digest."""
    try:
        record = _decoder.decode(line)
        actual = sha256_hex(record.text.encode())
    except ValueError:
        raise VerificationError(f"{place}: not a text record") from None
    if actual != record.sha256:
        raise VerificationError(f"{place}: the text does not hash to its digest {record.sha256[:12]!r}…")
    return record


def read_texts(run: Path) -> Iterator[tuple[str, str]]:
    """Stream (digest, text); without a folder nothing is yielded. A text may come more than once.

    Raises VerificationError where a text does not hash to its digest.
    """
    path = run / TEXT_SEGMENT
    if not path.is_file():
        return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            record = _text_in(line, f"{TEXT_SEGMENT} line {number}")
            yield record.sha256, record.text


def open_index(run: Path) -> Mapping[str, str]:
    """Text by digest, read from the disk when it is asked for; what is appended later is not seen.

    Raises VerificationError, here or when a text is read, as :func:`read_texts` does. No folder: it is empty.
    """
    path = run / TEXT_SEGMENT
    return TextIndex(path) if path.is_file() else {}


class TextIndex(Mapping[str, str]):
    """A hash table of the places of lines: twelve to sixteen bytes a text, whatever its length.

    Digests are not kept. A line is found by a few bits of its digest and known by reading it.
    """

    def __init__(self, path: Path) -> None:
        self._file = LineFile(path)
        lines = self._file.count_lines()
        size = 1 << max(4, (lines * 4 // 3).bit_length())
        self._mask = size - 1
        self._slots = array("Q", bytes(8 * size))
        for number, (place, line) in enumerate(self._file.lines(), 1):
            if not line.endswith(b"\n"):
                break  # torn: no journal line names it
            if not line.startswith(_BEGINS):
                raise VerificationError(f"{TEXT_SEGMENT} line {number}: not a text record")
            self._insert(line[len(_BEGINS) : _BEYOND], place, number)

    def _insert(self, digest: bytes, place: int, number: int) -> None:
        try:
            slot, tag = self._slot(digest.decode("ascii"))
        except ValueError:
            raise VerificationError(f"{TEXT_SEGMENT} line {number}: not a text record") from None
        slots, mask = self._slots, self._mask
        while slots[slot]:
            slot = (slot + 1) & mask
        slots[slot] = tag << _PLACE_BITS | place + 1

    def _slot(self, digest: str) -> tuple[int, int]:
        """Where a digest's search begins, and the 20 bits of it that a slot keeps."""
        return int(digest[:12], 16) & self._mask, int(digest[12:17], 16)

    def __getitem__(self, digest: str) -> str:
        found = self._find(digest)
        if found is None:
            raise KeyError(digest)
        place, line = found
        return _text_in(line, f"{TEXT_SEGMENT} byte {place}").text

    def place_of(self, digest: str) -> tuple[int, int] | None:
        """Where the line of a text begins in its file, and its bytes without the newline; None where it is not here."""
        found = self._find(digest)
        return None if found is None else (found[0], len(found[1].rstrip(b"\n")))

    def _find(self, digest: str) -> tuple[int, bytes] | None:
        if len(digest) != DIGEST_DIGITS or not digest.isascii():
            return None
        try:
            slot, tag = self._slot(digest)
        except ValueError:
            return None
        wanted = digest.encode()
        while entry := self._slots[slot]:
            if entry >> _PLACE_BITS == tag:
                place = (entry & _PLACE) - 1
                line = self._file.line_at(place)
                if line[len(_BEGINS) : _BEYOND] == wanted:
                    return place, line
            slot = (slot + 1) & self._mask
        return None

    def __contains__(self, digest: object) -> bool:
        return isinstance(digest, str) and self._find(digest) is not None

    def __iter__(self) -> Iterator[str]:
        for place, line in self._file.lines():
            digest = line[len(_BEGINS) : _BEYOND].decode("ascii", "replace")
            found = self._find(digest)
            if found is not None and found[0] == place:  # and not the same text once more
                yield digest

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _cut_torn_tail(path: Path) -> int:
    """Cut a half-written last line (its journal line was never written); the size in bytes of what is whole."""
    with path.open("r+b") as file:
        size = end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - 65536)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            end = start
            if newline >= 0:
                end = start + newline + 1
                break
        if end < size:
            file.truncate(end)
        return end
