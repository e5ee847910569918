"""Random access to the lines of a file, without loading it: millions of samples, texts by digest."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from pathlib import Path

from steelyard.errors import InputError

__all__ = ["MAX_LINE", "LineFile"]

MAX_LINE = 16 * 1024 * 1024  # bytes, as a line of a run may have

CHUNK = 1 << 17
TYPICAL_LINE_BYTES = 2048


class LineFile:
    """Reads lines by byte offset; raises InputError where the file cannot be read.

    The content must be what was indexed: :meth:`check_unchanged` detects later writes. The descriptor is closed with
    the object. ``max_line`` is the most bytes that a line may have.
    """

    def __init__(self, path: Path, max_line: int = MAX_LINE) -> None:
        self.path, self._max_line = path, max_line
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", where=path) from None
        weakref.finalize(self, os.close, self._descriptor)
        self._state = self._state_now()

    def _state_now(self) -> tuple[int, int]:
        state = os.fstat(self._descriptor)
        return state.st_size, state.st_mtime_ns

    def check_unchanged(self) -> None:
        """Raise InputError where the file was written to since it was opened."""
        if self._state_now() != self._state:
            raise InputError("was changed while in use: restore it, or start again", where=self.path)

    def _read(self, size: int, place: int) -> bytes:
        try:
            return os.pread(self._descriptor, size, place)
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", where=self.path) from None

    def count_lines(self) -> int:
        """The number of lines, including an unfinished last one; raises InputError where it cannot be read."""
        count, place, last = 0, 0, b"\n"
        while chunk := self._read(CHUNK * 8, place):
            count += chunk.count(b"\n")
            place += len(chunk)
            last = chunk[-1:]
        return count + (last != b"\n")

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Stream (offset, line with its newline); raises InputError for a line that is too long."""
        place, read, number = 0, 0, 0
        rest = bytearray()  # of a line over many chunks, which are not to be copied once for each of them
        while chunk := self._read(CHUNK, read):
            read += len(chunk)
            *whole, last = chunk.split(b"\n")
            for part in whole:
                number += 1
                line = bytes(rest) + part if rest else part
                rest.clear()
                if len(line) > self._max_line:
                    raise self._too_long(number)
                yield place, line + b"\n"
                place += len(line) + 1
            rest += last
            if len(rest) > self._max_line:
                raise self._too_long(number + 1)
        if rest:
            yield place, bytes(rest)

    def _too_long(self, number: int) -> InputError:
        return InputError(f"line is longer than {self._max_line:,} bytes", where=self.path, line=number)

    def lines_from(self, place: int) -> Iterator[tuple[int, bytes]]:
        """Stream (offset, line) from the start of a line on, reading no further than needed."""
        while line := self.line_at(place):
            yield place, line
            place += len(line)

    def line_at(self, place: int) -> bytes:
        """The line that begins at an offset, with its newline if any; raises InputError where it cannot be read."""
        data, size = b"", TYPICAL_LINE_BYTES
        while chunk := self._read(size, place + len(data)):
            end = chunk.find(b"\n")
            if end >= 0:
                return data + chunk[: end + 1]
            data += chunk
            size = min(size * 4, 1 << 24)
        return data

    def between(self, start: int, end: int) -> bytes:
        """The bytes from one offset up to another; raises InputError where the file ends before."""
        data = self._read(end - start, start)
        while len(data) < end - start:
            more = self._read(end - start - len(data), start + len(data))
            if not more:
                raise InputError("is shorter than it was", where=self.path)
            data += more
        return data
