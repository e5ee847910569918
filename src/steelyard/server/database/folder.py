"""The data folder of a platform: what lies where in it.

::

    DATA/
      steelyard-data         one line, which says that this folder is ours, and its format
      lock, postgres.lock    held by the process that started the database, and by the database itself
      secrets/               0700: passwords of the embedded database; keys. Never in a backup
      binaries-VERSION/      as root alone: a copy of PostgreSQL's programs
      postgres/              0700, of the user that the database runs as: cluster/ and socket/
      postgres.log
      runs/                  the sealed folders that were pushed
      erasures.jsonl         who was erased, by number
      incoming/              what is being received; never in a backup
      jobs/                  what the server's own runs are at; never in a backup
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from steelyard.errors import InputError

__all__ = ["FORMAT", "DataFolder", "open_data_folder"]

FORMAT: Final = "steelyard-data/1"
_MARK: Final = "steelyard-data"
_MAX_MARK_BYTES: Final = 200


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The places of one data folder; ``path`` is absolute."""

    path: Path

    @property
    def lock(self) -> Path:
        """Held by the process that started the embedded database."""
        return self.path / "lock"

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
    def incoming(self) -> Path:
        """What is being received and was not accepted yet."""
        return self.path / "incoming"

    @property
    def jobs(self) -> Path:
        """The folders of runs that workers do."""
        return self.path / "jobs"


def open_data_folder(path: Path, *, create: bool = True) -> DataFolder:
    """The data folder at ``path``; an empty or missing one is made ours, readable by its owner alone.

    Raises InputError where it is a file, a link that leads nowhere, a folder of something else, or of another format.
    """
    folder = DataFolder(Path(os.path.abspath(path)))
    mark = folder.path / _MARK
    try:
        if create and not folder.path.exists():
            folder.path.mkdir(mode=0o700, parents=True)
        if mark.is_file():
            _check_mark(mark, folder.path)
            return folder
        if not folder.path.is_dir():
            raise InputError("is no folder: give --data a folder of its own", where=folder.path)
        if any(folder.path.iterdir()):
            raise InputError(
                "holds something else than a platform's data: give --data an empty or a new folder", where=folder.path
            )
        if not create:
            raise InputError("is empty: steelyard serve --data FOLDER makes a platform there", where=folder.path)
        _make_mark(mark)
    except OSError as error:
        raise InputError(f"cannot be used as the data folder: {error.strerror}", where=folder.path) from None
    return folder


def _check_mark(mark: Path, folder: Path) -> None:
    with mark.open("rb") as file:
        found = file.read(_MAX_MARK_BYTES).decode("utf-8", "replace").strip()
    if found != FORMAT:
        raise InputError(
            f"is of the format {found[:80]!r}, and this version of steelyard reads {FORMAT}: use the version that made "
            "it, or restore a backup of it into a new folder",
            where=folder,
        )


def _make_mark(mark: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(mark, "w", encoding="utf-8", opener=lambda name, _: os.open(name, flags, 0o644)) as file:
        file.write(FORMAT + "\n")
