"""Reading the lines of a run that an index names: each is held against its digest before it is used.

The index has the digest of each line of the journal, the line has those of its texts, and a sample has those of its
images; so what was changed in the data folder is not shown.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, Self

import msgspec

from steelyard.errors import SteelyardError
from steelyard.evidence import layout
from steelyard.records import Attempt, RecordedScore
from steelyard.storage.journal.lines import JournalRecord, decode
from steelyard_server.answers.form import DIGEST_BYTES, Entry, Header, span_of
from steelyard_server.runs.folders import open_run_file

if TYPE_CHECKING:
    from steelyard_server.database.folder import DataFolder

__all__ = ["LONGEST", "ChangedError", "LostError", "RunReader", "Text"]

LONGEST: Final = 2_000_000  # bytes of a text's line: of a longer one nothing is read


class ChangedError(SteelyardError):
    """A file of the run is not what was received."""


class LostError(SteelyardError):
    """A file of the run is gone."""


@dataclass(frozen=True)
class Text:
    """A text, or why it is not here: *withheld* (it never came), *gone* (its file is), *long* (more than LONGEST)."""

    value: str | None
    why: str = ""
    length: int = 0


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sha256: str
    text: str


_line: Final = msgspec.json.Decoder(_Line)


class RunReader:
    """The files of one run, each opened when it is needed, until the end of the block."""

    def __init__(self, data: DataFolder, key: str) -> None:
        self._data, self._key = data, key
        self._open: dict[str, BinaryIO | None] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def attempt(self, header: Header, entry: Entry) -> Attempt:
        """The attempt of an entry; raises ChangedError where its line is another, LostError where its file is gone."""
        record = self._record(header.segments[entry.segment], entry.line, entry.digest)
        assert isinstance(record, Attempt), "the index was made of attempts"
        return record

    def note(self, header: Header, entry: Entry) -> str:
        """What the recorded score says of itself; raises as :meth:`attempt`."""
        if not entry.note:
            return ""
        record = self._record(header.segments[entry.note_segment], entry.note, entry.note_digest)
        return record.note if isinstance(record, RecordedScore) else ""

    def text(self, span: int, sha256: str, limit: int = LONGEST) -> Text:
        """The text with this digest, whose line is at ``span``; raises ChangedError where it is another one.

        A line of more than ``limit`` bytes is not read.
        """
        if not sha256:
            return Text("")
        if not span:
            return Text(None, "withheld")
        length = span_of(span).length
        if length > limit:
            return Text(None, "long", length)
        data = self._bytes(layout.TEXT_SEGMENT, span)
        if data is None:
            return Text(None, "gone")
        try:
            found = _line.decode(data)
        except msgspec.DecodeError:
            raise ChangedError(layout.TEXT_SEGMENT) from None
        if hashlib.sha256(found.text.encode()).hexdigest() != sha256:
            raise ChangedError(layout.TEXT_SEGMENT)
        return Text(found.text)

    def image_size(self, sha256: str) -> int | None:
        """The size of an image in bytes; None where it is not here."""
        name = layout.media_of(sha256)
        file = self._file(name) if layout.is_media(name) else None
        return None if file is None else os.fstat(file.fileno()).st_size

    def image(self, sha256: str) -> bytes | None:
        """The bytes of an image; None where it is not here. Raises ChangedError where they have another digest."""
        name = layout.media_of(sha256)
        file = self._file(name) if layout.is_media(name) else None
        if file is None:
            return None
        file.seek(0)
        data = file.read(layout.MAX_MEDIA_BYTES + 1)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ChangedError(name)
        return data

    def _record(self, name: str, packed: int, digest: bytes) -> JournalRecord:
        line = self._bytes(name, packed)
        if line is None:
            raise LostError(name)
        if hashlib.sha256(line).digest()[:DIGEST_BYTES] != digest:
            raise ChangedError(name)
        return decode(line)

    def _bytes(self, name: str, packed: int) -> bytes | None:
        span, file = span_of(packed), self._file(name)
        return None if file is None else os.pread(file.fileno(), span.length, span.place)

    def _file(self, name: str) -> BinaryIO | None:
        """A file of the run; None where it is gone. Raises ChangedError for a link in its place."""
        if name not in self._open:
            try:
                self._open[name] = self._stack.enter_context(open_run_file(self._data, self._key, name))
            except FileNotFoundError:
                self._open[name] = None
            except OSError:
                raise ChangedError(name) from None
        return self._open[name]
