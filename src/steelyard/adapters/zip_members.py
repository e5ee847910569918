"""Members of an untrusted zip file: read one at a time, bounded, never written to disk.

Names are only compared, sizes are checked against what really comes out, members may neither overlap nor share a name.
Inspect compresses by Zstandard (method 93), which Python's own zipfile reads only from 3.14 on.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from steelyard.errors import InputError, MissingDependency

__all__ = ["Members", "open_members"]

ZSTANDARD = 93
KNOWN_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, ZSTANDARD}
MAX_MEMBER_BYTES = 256 * 2**20
MAX_MEMBERS = 2_000_000
# JSON of many alike samples is compressed some tens of times; a bomb hundreds to millions of times.
MAX_RATIO = 300
FREE_BYTES = 64 * 2**20  # a small file may have any ratio
LOCAL_HEADER_BYTES = 30
ENCRYPTED = 1


@contextmanager
def open_members(path: Path) -> Iterator[Members]:
    """Open a zip file; raises InputError where it is not one, or is malformed on purpose."""
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            yield Members(path, file, archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, ValueError, EOFError) as error:
        raise InputError(f"not a whole zip file ({str(error)[:100]}): is the log complete?", where=path) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", where=path) from None


class Members:
    """The members of one open zip file, in the order in which they were written."""

    def __init__(self, path: Path, file: Any, entries: list[zipfile.ZipInfo]) -> None:
        self._path = path
        self._file = file
        self._entries = {entry.filename: entry for entry in entries}
        self._check(entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def names(self) -> list[str]:
        """All names, in the file's order."""
        return list(self._entries)

    def read(self, name: str) -> bytes:
        """The bytes of one member.

        Raises InputError where it is damaged or too large, MissingDependency where it needs Zstandard.
        """
        entry = self._entries[name]
        data = self._expand(entry, self._packed(entry))
        if len(data) != entry.file_size or zlib.crc32(data) != entry.CRC:
            raise self._error(f"the member {name[:80]!r} is damaged: its size or checksum does not fit")
        return data

    def _packed(self, entry: zipfile.ZipInfo) -> bytes:
        self._file.seek(entry.header_offset)
        header = self._file.read(LOCAL_HEADER_BYTES)
        if len(header) != LOCAL_HEADER_BYTES or header[:4] != b"PK\x03\x04":
            raise self._error(f"the member {entry.filename[:80]!r} is not where the directory says")
        rest_of_header = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        self._file.seek(rest_of_header, 1)
        packed: bytes = self._file.read(entry.compress_size)
        return packed

    def _expand(self, entry: zipfile.ZipInfo, packed: bytes) -> bytes:
        """At most one byte more than the directory says, whatever the packed bytes would give."""
        try:
            if entry.compress_type == zipfile.ZIP_STORED:
                return packed
            if entry.compress_type == zipfile.ZIP_DEFLATED:
                return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, entry.file_size + 1)
            return _expand_zstandard(packed, entry.file_size + 1, self._path)
        except zlib.error:
            raise self._error(f"the member {entry.filename[:80]!r} is damaged: it cannot be expanded") from None

    def _check(self, entries: list[zipfile.ZipInfo]) -> None:
        if len(entries) > MAX_MEMBERS:
            raise self._error(f"{len(entries):,} members are more than a log has")
        if len(self._entries) < len(entries):
            raise self._error("two members have the same name, which no log has")
        end = 0
        for entry in sorted(entries, key=lambda each: each.header_offset):
            self._check_entry(entry)
            if entry.header_offset < end:
                raise self._error("members overlap, as in a zip bomb")
            end = entry.header_offset + LOCAL_HEADER_BYTES + entry.compress_size
        self._check_ratio(sum(e.file_size for e in entries), sum(e.compress_size for e in entries), "the whole")

    def _check_entry(self, entry: zipfile.ZipInfo) -> None:
        name = entry.filename
        shown = repr(name if len(name) <= 60 else name[:59] + "…")
        if name.startswith("/") or "\\" in name or "\0" in name or ".." in name.split("/"):
            raise self._error(f"the member {shown} names a place outside the log")
        if entry.flag_bits & ENCRYPTED:
            raise self._error(f"the member {shown} is encrypted")
        if entry.compress_type not in KNOWN_METHODS:
            raise self._error(
                f"the member {shown} is compressed by a method ({entry.compress_type}) that logs do not use"
            )
        if entry.file_size > MAX_MEMBER_BYTES:
            raise self._error(f"the member {shown} has more than {MAX_MEMBER_BYTES // 2**20} MiB")
        self._check_ratio(entry.file_size, entry.compress_size, f"the member {shown}")

    def _check_ratio(self, size: int, packed: int, what: str) -> None:
        if size > max(FREE_BYTES, MAX_RATIO * packed):
            raise self._error(f"{what} would expand {size // max(packed, 1):,} times, as a zip bomb does")

    def _error(self, message: str) -> InputError:
        return InputError(message, where=self._path)


def _expand_zstandard(packed: bytes, most: int, where: Path) -> bytes:
    try:
        import zstandard
    except ImportError:
        raise MissingDependency(
            "the log is compressed by Zstandard: install what reads it by pip install 'steelyard[logs]'", where=where
        ) from None
    try:
        with zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(packed) as reader:
            return bytes(reader.read(most))
    except zstandard.ZstdError:
        raise InputError("a member of the log is damaged: it cannot be expanded", where=where) from None
