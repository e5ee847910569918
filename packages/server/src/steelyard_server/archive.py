"""A sealed run, or a suite, as one stream: a tar file of regular files, written by us or by GNU tar, read strictly.

What comes in is hostile. Of tar's forms the reader knows regular files, the folders of a run and GNU's long names; a
link, a device, another header, a path that no run (or no suite) has, a file or a folder twice or one byte too many ends
it. Nothing is written outside the folder that was given, and memory holds one block. Python's own ``tarfile`` reads
extended headers of any size into memory, so it does not read here.

What comes compressed may unpack to a thousand times as much, so everything that is unpacked has a bound, and not the
files alone: a folder comes once, a long name before one file, and after the end there are few zeros.
"""

from __future__ import annotations

import os
import re
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from steelyard.errors import InputError
from steelyard.evidence import layout

__all__ = ["RUN", "Content", "Limits", "Unpacker", "is_accepted", "packed", "packed_contents"]

BLOCK: Final = 512
CHUNK: Final = 1 << 18
_LONG_NAME: Final = b"L"
_REGULAR: Final = (b"0", b"\0")
_FOLDER: Final = b"5"
MAX_AFTER_END: Final = 1 << 20  # bytes: tar fills up its last record with zeros
_LONGEST_NAME: Final = 200  # bytes; the longest path of a run is shorter
_FOLDERS: Final = {"", *(each.rstrip("/") for each in layout.FOLDERS)}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive may hold: bytes of all files together, and how many files."""

    size: int = 4 << 30
    files: int = 110_000


def is_accepted(name: str) -> bool:
    """Whether a pushed run may hold a file of this name: what a seal names, the seal itself, and images."""
    return name == layout.BUNDLE or layout.is_sealable(name) or layout.is_media(name)


@dataclass(frozen=True)
class Content:
    """What an archive is of, and which names of files and folders that has; ``most`` is how large one file may be."""

    what: str
    takes: Callable[[str], bool]
    has_folder: Callable[[str], bool]
    most: Callable[[str], int | None]


def _most_bytes(name: str) -> int | None:
    return layout.MAX_MEDIA_BYTES if layout.is_media(name) else layout.MAX_BYTES.get(name)


RUN: Final = Content("run", is_accepted, _FOLDERS.__contains__, _most_bytes)


# ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def packed(run: Path, names: Iterable[str] | None = None, content: Content = RUN) -> Iterator[bytes]:
    """These files of a run, or all, as a compressed tar, piece by piece; what belongs to this machine alone stays out.

    Raises VerificationError for a link or a folder that no run has, InputError for a file that changes meanwhile.
    """
    deflate = zlib.compressobj(6, wbits=31)
    for name in layout.run_files(run) if names is None else names:
        if not content.takes(name):
            continue
        with layout.open_regular(run, name) as file:
            size = os.fstat(file.fileno()).st_size
            yield deflate.compress(_header(name, size))
            left = size
            while left:
                chunk = file.read(min(CHUNK, left))
                if not chunk:
                    raise InputError("became shorter while it was read: is the run still being written?", where=name)
                left -= len(chunk)
                yield deflate.compress(chunk)
            yield deflate.compress(bytes(-size % BLOCK))
    yield deflate.compress(bytes(2 * BLOCK)) + deflate.flush()


def packed_contents(files: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """Files by name and content as a compressed tar, piece by piece."""
    deflate = zlib.compressobj(6, wbits=31)
    for name, content in files:
        yield deflate.compress(_header(name, len(content)) + content + bytes(-len(content) % BLOCK))
    yield deflate.compress(bytes(2 * BLOCK)) + deflate.flush()


def _header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry.tobuf(tarfile.GNU_FORMAT)


# ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Unpacker:
    """Takes the stream piece by piece and writes the files into an empty folder; raises InputError at the first fault.

    :meth:`finish` must be called at the end: a stream that was cut off is refused there.
    """

    def __init__(self, folder: Path, limits: Limits, *, compressed: bool = True, content: Content = RUN) -> None:
        self.folder = folder
        self._content = content
        self.files: list[str] = []
        self.size = 0  # bytes of all files
        self._limits = limits
        self._inflate = zlib.decompressobj(wbits=31) if compressed else None
        self._held = bytearray()
        self._file: BinaryIO | None = None
        self._left = 0  # bytes of the open file that are still to come
        self._padding = 0
        self._long = 0  # bytes of a long name that are still to come
        self._name = b""  # a long name, for the next header
        self._folders: set[str] = set()
        self._ended = False
        self._after_end = 0  # bytes

    def feed(self, data: bytes) -> None:
        """Take a piece of the stream."""
        if self._inflate is None:
            self._take(data)
            return
        try:
            while data:
                self._take(self._inflate.decompress(data, CHUNK))
                data = self._inflate.unconsumed_tail
                if self._inflate.unused_data:
                    raise InputError("the archive goes on after its end")
        except zlib.error:
            raise InputError("the archive is not gzip, or is damaged") from None

    def finish(self) -> None:
        """The stream is at its end: raises InputError where a file or the archive's end is missing."""
        if self._inflate is not None:
            self._take(self._inflate.flush())
        is_whole = self._ended and (self._inflate is None or self._inflate.eof)
        if not is_whole:
            raise InputError("the archive was cut off")

    def close(self) -> None:
        """Close what is open, after an error."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _take(self, data: bytes) -> None:
        self._held += data
        while self._step():
            pass

    def _step(self) -> bool:
        """Go on by one part of the archive; False where more bytes are needed."""
        if self._ended:
            if any(self._held):
                raise InputError("the archive goes on after its end")
            self._after_end += len(self._held)
            if self._after_end > MAX_AFTER_END:
                raise InputError(f"the archive has more than {MAX_AFTER_END >> 20} MB of zeros after its end")
            self._held.clear()
            return False
        if self._left:
            return self._write()
        if self._padding:
            return self._skip_padding()
        if len(self._held) < BLOCK:
            return False
        block = bytes(self._held[:BLOCK])
        del self._held[:BLOCK]
        if self._long:
            return self._take_long_name(block)
        if not any(block):
            self._ended = True
            return True
        self._begin(block)
        return True

    def _write(self) -> bool:
        if not self._held:
            return False
        part = bytes(self._held[: self._left])
        del self._held[: len(part)]
        assert self._file is not None
        self._file.write(part)
        self._left -= len(part)
        if not self._left:
            self.close()
        return True

    def _skip_padding(self) -> bool:
        if len(self._held) < self._padding:
            return False
        del self._held[: self._padding]
        self._padding = 0
        return True

    def _take_long_name(self, block: bytes) -> bool:
        self._name, self._long = block[: self._long].rstrip(b"\0"), 0
        return True

    def _begin(self, block: bytes) -> None:
        """Read a header, and open its file."""
        size = _checked_size(block)
        kind = block[156:157]
        if kind == _LONG_NAME:
            if self._name or not 0 < size <= _LONGEST_NAME:
                raise InputError(f"the archive has a name that no {self._content.what} has")
            self._long = size
            return
        name = self._named(self._name or _short_name(block))
        self._name = b""
        if kind == _FOLDER:
            self._note_folder(name.rstrip("/"), size)
            return
        if kind not in _REGULAR:
            raise InputError(f"the archive has something that is not a regular file: {name!a}")
        if not self._content.takes(name):
            raise InputError(f"the archive has a file that no {self._content.what} has: {name!a}")
        self._open(name, size)

    def _named(self, raw: bytes) -> str:
        """A path of the archive, without the ``./`` that tar puts before it."""
        try:
            name = raw.decode("ascii")
        except UnicodeDecodeError:
            raise InputError(f"the archive has a name that no {self._content.what} has: {raw[:100]!a}") from None
        return "" if name in (".", "./") else name.removeprefix("./")

    def _note_folder(self, name: str, size: int) -> None:
        if (name and not self._content.has_folder(name)) or size:
            raise InputError(f"the archive has a folder that no {self._content.what} has: {name!a}")
        if name in self._folders:
            raise InputError(f"the archive has the folder {name or '.'} twice")
        self._folders.add(name)

    def _open(self, name: str, size: int) -> None:
        self.size += size
        if len(self.files) >= self._limits.files:
            raise InputError(f"the archive holds more than {self._limits.files:,} files")
        if self.size > self._limits.size:
            raise InputError(f"the archive holds more than {self._limits.size >> 20:,} MB")
        most = self._content.most(name)
        if most is not None and size > most:
            raise InputError(f"{name} is larger than {most} bytes")
        path = self.folder / name
        try:
            if "/" in name:
                path.parent.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            raise InputError(f"the archive has {name} twice") from None
        self.files.append(name)
        self._file = os.fdopen(descriptor, "wb")
        self._left, self._padding = size, -size % BLOCK
        if not size:
            self.close()


def _checked_size(block: bytes) -> int:
    """The size in a header whose sum is right."""
    stated = re.fullmatch(rb" *([0-7]{1,7})[\0 ]*", block[148:156])
    if stated is None or int(stated[1], 8) != sum(block) - sum(block[148:156]) + 8 * 0x20:
        raise InputError("the archive is not a tar file, or is damaged")
    size = re.fullmatch(rb"([0-7]{1,11})[\0 ]*", block[124:136])
    if size is None:
        raise InputError("the archive has a file whose size cannot be read")
    return int(size[1], 8)


def _short_name(block: bytes) -> bytes:
    prefix = block[345:500].split(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    name = block[:100].split(b"\0")[0]
    return prefix + b"/" + name if prefix else name
