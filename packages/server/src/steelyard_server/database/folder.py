"""The data folder of a platform: what lies where in it.

::

    DATA/
      steelyard-data         one line, which says that this folder is ours, and its format
      folder-id              random, made by the first server: by it a team's database knows this folder again
      restoring              only while a backup is restored into this folder
      serve.lock             held by the process that serves
      lock, postgres.lock    held by the process that started the database, and by the database itself
      secrets/               0700: passwords of the embedded database; keys. Never in a backup
      binaries-VERSION/      as root alone: a copy of PostgreSQL's programs
      postgres/              0700, of the user that the database runs as: cluster/ and socket/
      postgres.log
      runs/                  the sealed folders that were pushed
      erasures.jsonl         who was erased, by number
      withdrawals.jsonl      which runs were withdrawn, by seal and project
      answers/               lists of the answers of runs, made from the runs; never in a backup
      incoming/              what is being received; never in a backup
      jobs/                  what the server's own runs are at; never in a backup

Nothing in it may be a link. As root nothing but ``postgres/`` may be another user's: who could put a link into a folder
could choose where root writes and deletes.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from steelyard.errors import InputError
from steelyard.util.atomic_file import write_file
from steelyard_server.database.beneath import read_small

__all__ = ["FORMAT", "DataFolder", "folder_id", "open_data_folder"]

FORMAT: Final = "steelyard-data/1"
_MARK: Final = "steelyard-data"
_RESTORING: Final = "restoring"
_MAX_MARK_BYTES: Final = 200
_ID: Final = "folder-id"
_ID_DIGITS: Final = 32


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The places of one data folder; ``path`` is absolute."""

    path: Path

    @property
    def lock(self) -> Path:
        """Held by the process that started the embedded database."""
        return self.path / "lock"

    @property
    def serve_lock(self) -> Path:
        """Held by the process that serves, whosever the database is."""
        return self.path / "serve.lock"

    @property
    def restoring(self) -> Path:
        """Is there while a backup is restored: what it leaves where it was killed is no platform."""
        return self.path / _RESTORING

    @property
    def postgres_lock(self) -> Path:
        """Held by every process of the embedded database itself."""
        return self.path / "postgres.lock"

    @property
    def secrets(self) -> Path:
        """Passwords and keys, readable by the server's user alone."""
        return self.path / "secrets"

    @property
    def passwords(self) -> Path:
        """The passwords of the embedded database."""
        return self.secrets / "database.json"

    @property
    def secret_key(self) -> Path:
        """The keys by which secrets in the database are encrypted, where no other file is named."""
        return self.secrets / "secret.key"

    @property
    def postgres(self) -> Path:
        """What belongs to the user that the embedded database runs as."""
        return self.path / "postgres"

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.postgres / "cluster"

    @property
    def socket(self) -> Path:
        """The folder of the database's Unix socket."""
        return self.postgres / "socket"

    @property
    def log(self) -> Path:
        """The embedded database's log."""
        return self.path / "postgres.log"

    @property
    def runs(self) -> Path:
        """The sealed folders of runs that were pushed."""
        return self.path / "runs"

    @property
    def erasures(self) -> Path:
        """What was erased: a backup from before is restored with it."""
        return self.path / "erasures.jsonl"

    @property
    def withdrawals(self) -> Path:
        """Which runs were withdrawn: a backup from before is restored with it."""
        return self.path / "withdrawals.jsonl"

    @property
    def incoming(self) -> Path:
        """What is being received and was not accepted yet."""
        return self.path / "incoming"

    @property
    def jobs(self) -> Path:
        """The folders of runs that workers do."""
        return self.path / "jobs"


def open_data_folder(path: Path, *, create: bool = True, restoring: bool = False) -> DataFolder:
    """The data folder at ``path``; an empty or missing one is made ours, readable by its owner alone.

    With ``restoring`` it is marked as one into which a backup is being restored, and opened by nobody else until
    :attr:`DataFolder.restoring` is gone. Raises InputError where it is a file, a link that leads nowhere, a folder of
    something else, of another format, or of a restore that was cut off; where something in it is a link; and as root
    where anything but the database is another user's.
    """
    folder = DataFolder(Path(os.path.realpath(path)))  # the folder itself may be named by a link: it is followed once
    mark = folder.path / _MARK
    try:
        if path.is_symlink() and not path.exists():
            raise InputError("is a link that leads nowhere: give --data a folder", where=path)
        if create and not folder.path.exists():
            folder.path.mkdir(mode=0o700, parents=True)
        if _is_there(mark):
            _check_owners(folder)
            _check_mark(mark, folder.path)
            _check_restored(folder)
            return folder
        if not folder.path.is_dir():
            raise InputError("is no folder: give --data a folder of its own", where=folder.path)
        _check_restored(folder)
        if any(folder.path.iterdir()):
            raise InputError(
                "holds something else than a platform's data: give --data an empty or a new folder", where=folder.path
            )
        if not create:
            raise InputError("is empty: steelyard serve --data FOLDER makes a platform there", where=folder.path)
        _check_owners(folder)
        folder.path.chmod(0o700)
        if restoring:
            _make(folder.restoring, "a backup is being restored into this folder\n")
        _make(mark, FORMAT + "\n")
    except OSError as error:
        raise InputError(f"cannot be used as the data folder: {error.strerror}", where=folder.path) from None
    return folder


def folder_id(folder: DataFolder, *, create: bool = True) -> str:
    """The folder's random id, 32 hexadecimal digits; made where there is none, under :attr:`DataFolder.serve_lock`.

    Without ``create`` it is "" there. Raises InputError where it cannot be read or written, or is something else.
    """
    try:
        if not _is_there(folder.path / _ID):
            if not create:
                return ""
            write_file(folder.path / _ID, secrets.token_hex(_ID_DIGITS // 2).encode() + b"\n", 0o600)
        found = (read_small(_MAX_MARK_BYTES, folder.path, _ID) or b"").decode("ascii", "replace").strip()
    except OSError as error:
        raise InputError(f"{_ID} cannot be used: {error.strerror}", where=folder.path) from None
    if len(found) != _ID_DIGITS or not set(found) <= set("0123456789abcdef"):
        raise InputError(f"{_ID} is not as it was written: restore the folder from a backup", where=folder.path)
    return found


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _check_owners(folder: DataFolder) -> None:
    """Nothing is a link; as root nothing is another user's, or can be replaced by one, but what is in ``postgres/``."""
    is_root = os.geteuid() == 0
    if is_root:
        for above in folder.path.parents:
            _check_above(above, folder)
    _check_entry(folder.path, folder, is_root=is_root)
    for path in _entries(folder.path):
        _check_entry(path, folder, is_root=is_root and path != folder.postgres)
        if path in (folder.runs, folder.secrets):
            for inner in _entries(path):
                _check_entry(inner, folder, is_root=is_root)


def _check_entry(path: Path, folder: DataFolder, *, is_root: bool) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:  # a file that was being written
        return
    if stat.S_ISLNK(found.st_mode):
        raise InputError(
            f"{path} is a link, and no link is followed in a data folder: put the folder itself there, or mount "
            "it (mount --bind)",
            where=folder.path,
        )
    if not is_root:
        return
    if found.st_uid != 0:
        raise InputError(
            f"{path} belongs to another user, who could lead root's writes elsewhere: start steelyard as that "
            f"user, or give root all but the folder postgres (chown root {path})",
            where=folder.path,
        )
    if stat.S_ISDIR(found.st_mode) and found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise InputError(
            f"{path} can be written by others, who could lead root's writes elsewhere: chmod go-w {path}",
            where=folder.path,
        )


def _check_above(above: Path, folder: DataFolder) -> None:
    """Whoever may rename what is in a folder above may put another folder into this one's place."""
    found = above.stat()
    is_shared = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not found.st_mode & stat.S_ISVTX
    if found.st_uid != 0 or is_shared:
        raise InputError(
            f"others than root can rename what is in {above}: start steelyard as the user whose it is, or give --data "
            "a folder below root's own alone, such as /var/lib/steelyard",
            where=folder.path,
        )


def _entries(path: Path) -> Iterator[Path]:
    try:
        yield from path.iterdir()
    except (FileNotFoundError, NotADirectoryError):
        return


def _check_restored(folder: DataFolder) -> None:
    if _is_there(folder.restoring):
        raise InputError(
            "a backup is being restored into it, or its restore was cut off: if none runs, delete the folder and "
            "restore again",
            where=folder.path,
        )


def _check_mark(mark: Path, folder: Path) -> None:
    found = (read_small(_MAX_MARK_BYTES, folder, mark.name) or b"").decode("utf-8", "replace").strip()
    if found != FORMAT:
        raise InputError(
            f"is of the format {found[:80]!r}, and this version of steelyard reads {FORMAT}: use the version that made "
            "it, or restore a backup of it into a new folder",
            where=folder,
        )


def _make(path: Path, text: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(path, "w", encoding="utf-8", opener=lambda name, _: os.open(name, flags, 0o644)) as file:
        file.write(text)
