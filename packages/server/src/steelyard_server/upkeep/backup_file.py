"""A backup as one file: a zip of the tables, the runs' files and a manifest with the digest of every member.

What is read may be torn, tampered with or a stranger's: every member is held against the manifest before anything is
written, and again while it is written. A member's name says where it goes only in forms that this module makes itself.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, Self

import msgspec

from steelyard.errors import InputError, VerificationError
from steelyard_server.archive import is_accepted

__all__ = [
    "ERASURES",
    "FORMAT",
    "WITHDRAWALS",
    "BackupReader",
    "BackupWriter",
    "Manifest",
    "TableContent",
    "digest_of",
    "run_member",
    "table_member",
]

FORMAT: Final = "steelyard-backup/1"
_MANIFEST: Final = "manifest.json"
ERASURES: Final = "erasures.jsonl"
WITHDRAWALS: Final = "withdrawals.jsonl"
_CHUNK: Final = 1 << 18
_MAX_MANIFEST_BYTES: Final = 1 << 28
_TABLE: Final = re.compile(r"database/([a-z][a-z_]{0,60})\.copy")
# What zipfile raises for files that are none, or are damaged.
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    KeyError,
    OSError,
    OverflowError,
    RuntimeError,  # NotImplementedError, too
    ValueError,
)
_RUN_FILE: Final = re.compile(r"runs/([0-9a-f]{2})/(\1[0-9a-f]{62})/(.+)")


class TableContent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table's rows, as PostgreSQL's COPY writes these columns in text format."""

    columns: tuple[str, ...]
    rows: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a backup holds. ``schema`` are the digests of the migrations that made its tables.

    ``members`` are the SHA-256 of every other member; ``audit_lines`` and ``audit_sha256`` the audit log's head;
    ``damaged`` the files of runs that were missing or not what the database says of them, which are not in it;
    ``audit_problem`` why the log's chain was broken already, with the head that the table says.
    """

    format: str
    made_at: str
    made_with: str
    postgres: int
    schema: tuple[str, ...]
    tables: dict[str, TableContent]
    runs: int
    members: dict[str, str]
    audit_lines: int
    audit_sha256: str
    damaged: tuple[str, ...] = ()
    audit_problem: str = ""


def table_member(table: str) -> str:
    """The member with a table's rows."""
    return f"database/{table}.copy"


def run_member(key: str, name: str) -> str:
    """The member with a file of the run that has the folder with this key."""
    return f"runs/{key[:2]}/{key}/{name}"


class BackupWriter:
    """Writes members one after the other, then the manifest; the block's end closes it, whole or not."""

    def __init__(self, file: IO[bytes]) -> None:
        self.members: dict[str, str] = {}
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def add(self, name: str, chunks: Iterator[bytes]) -> str:
        """Add a member; return its SHA-256."""
        digest = hashlib.sha256()
        with self._zip.open(_entry(name), "w", force_zip64=True) as member:
            for chunk in chunks:
                digest.update(chunk)
                member.write(chunk)
        self.members[name] = digest.hexdigest()
        return self.members[name]

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest."""
        with self._zip.open(_entry(_MANIFEST), "w", force_zip64=True) as member:
            member.write(msgspec.json.encode(manifest))


class BackupReader:
    """An open backup; the constructor reads all of it, and refuses what is not exactly what its manifest says.

    Raises InputError for what is no backup or of another format, VerificationError where it is torn or was changed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except _BROKEN as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "no backup, or cut off"
            raise InputError(f"cannot be read: {reason}", where=path) from None
        try:
            self.manifest = self._read_manifest()
            self._check()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @property
    def size(self) -> int:
        """Bytes of all members, unpacked."""
        return sum(entry.file_size for entry in self._zip.infolist())

    def run_files(self) -> list[str]:
        """The members that are files of runs."""
        return [name for name in self.manifest.members if name.startswith("runs/")]

    def read(self, name: str) -> Iterator[bytes]:
        """A member's bytes in pieces; raises VerificationError at their end where they are not the manifest's."""
        digest = hashlib.sha256()
        try:
            with self._zip.open(name) as member:
                while chunk := member.read(_CHUNK):
                    digest.update(chunk)
                    yield chunk
        except _BROKEN:
            raise self._changed(f"{name} is damaged") from None
        if digest.hexdigest() != self.manifest.members[name]:
            raise self._changed(f"{name} is not what its manifest says")

    def _read_manifest(self) -> Manifest:
        try:
            with self._zip.open(_MANIFEST) as member:
                content = member.read(_MAX_MANIFEST_BYTES + 1)
            if len(content) > _MAX_MANIFEST_BYTES:
                raise ValueError
            kind = msgspec.json.decode(content, type=_Kind).format
            if kind != FORMAT:
                raise InputError(
                    f"is of the format {kind[:80]!r}, and this version of steelyard reads {FORMAT}", where=self._path
                )
            return msgspec.json.decode(content, type=Manifest)
        except KeyError:
            raise InputError("is no backup of steelyard: it has no manifest", where=self._path) from None
        except _BROKEN:
            raise self._changed("its manifest cannot be read") from None

    def _check(self) -> None:
        """Every member is named by the manifest, once, in a form that we make, and has its digest."""
        named = [entry.filename for entry in self._zip.infolist()]
        if len(set(named)) != len(named):
            raise self._changed("it has a member twice")
        if set(named) != {*self.manifest.members, _MANIFEST}:
            raise self._changed("its members are not those of its manifest")
        tables = {table_member(table) for table in self.manifest.tables}
        for name in self.manifest.members:
            run_file = _RUN_FILE.fullmatch(name)
            is_ours = name in tables and _TABLE.fullmatch(name)
            if not (name in (ERASURES, WITHDRAWALS) or is_ours or (run_file and is_accepted(run_file[3]))):
                raise self._changed(f"it has a member that no backup has: {name[:100]!a}")
        if missing := tables - set(self.manifest.members):
            raise self._changed(f"it lacks {sorted(missing)[0][:100]!a}")
        for name in self.manifest.members:
            for _ in self.read(name):
                pass

    def _changed(self, what: str) -> VerificationError:
        return VerificationError(f"{self._path}: the backup was changed or is damaged: {what}; nothing was restored")


class _Kind(msgspec.Struct):
    format: str = ""


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)  # of 1980: the manifest says when
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
