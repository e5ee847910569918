"""The key by which the runs of a project's jobs are signed, and its ledger: to ask again costs level here, too.

Without a ledger whoever starts a job often enough gets any verdict once. So each project has a key of its own, made by
its first job, which lies with its ledger in ``secrets/projects/`` of the data folder: on this machine, in no backup.
What was asked under a key that is lost is counted on by the next one (``carrying.py``).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError, StorageError

if TYPE_CHECKING:
    from steelyard.evidence.keys import KeySigner
    from steelyard_server.database.folder import DataFolder

__all__ = ["key_id_of_project", "signer_of_project"]

WAIT_SECONDS: Final = 60.0  # for another process that makes a key: it takes less than a second
PAUSE_SECONDS: Final = 0.05


def signer_of_project(data: DataFolder, project: int) -> KeySigner:
    """The signer of the project with this number; its key and ledger are made where they are missing.

    A ledger that is missing beside a key is begun anew, and every later bundle says so. Raises InputError where key or
    ledger cannot be made or used, StorageError where another process keeps the lock for a minute: try again.
    """
    from steelyard.evidence.keys import load_signer
    from steelyard.evidence.ledger_file import ledger_path, open_new_ledger

    path = _path(data, project)
    with _alone(path.parent):
        if not os.path.lexists(path):
            _make_key(path)
        signer = load_signer(path)
        if not os.path.lexists(ledger_path(path)):
            open_new_ledger(ledger_path(path), signer, with_key=False)
    return signer


def _make_key(path: Path) -> None:
    """A key with its public half and its ledger: made beside, and the key comes to its place last.

    So a full disk or a kill leaves a project without a key, for which the next job makes one, and never with half.
    """
    from steelyard.evidence.ledger_file import ledger_path, read_ledger
    from steelyard.evidence.new_key import create_key

    ledger = ledger_path(path)
    if os.path.lexists(ledger) and read_ledger(ledger).count(b"\n") > 1:
        raise InputError("the key of this ledger is gone: put it back, or move the ledger away", where=ledger)
    made = path.parent / "new"
    try:
        if made.exists():
            shutil.rmtree(made)
        create_key(made / path.name)
        for name in sorted(os.listdir(made), key=lambda name: name == path.name):
            os.replace(made / name, path.parent / name)
        made.rmdir()
    except OSError as error:
        raise InputError(f"cannot make the key of a project here: {error.strerror}", where=path.parent) from None


def key_id_of_project(data: DataFolder, project: int) -> str:
    """The id of the project's key; "" where no job has made one yet, or it cannot be read."""
    from steelyard.evidence.keys import load_public, public_key_path

    try:
        return load_public(public_key_path(_path(data, project))).keyid
    except InputError:
        return ""


def _path(data: DataFolder, project: int) -> Path:
    return data.secrets / "projects" / f"{project}.pem"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """While the block lasts no other process makes keys here: two jobs may be a project's first.

    Raises StorageError where another one keeps the lock for a minute: it may be held up, or stopped.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InputError(f"cannot keep the keys of projects here: {error.strerror}", where=folder) from None
    try:
        _lock(lock)
        yield
    finally:
        os.close(lock)


def _lock(descriptor: int) -> None:
    ends_at = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > ends_at:
                raise StorageError("another job keeps the keys of projects locked: it may be held up") from None
            time.sleep(PAUSE_SECONDS)
