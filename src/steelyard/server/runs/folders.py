"""The sealed folders in the data folder: written whole, named by seal and project, never changed."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steelyard.errors import VerificationError
from steelyard.evidence import layout

if TYPE_CHECKING:
    from steelyard.server.database.folder import DataFolder

__all__ = ["FIRST_PROJECT", "clear_incoming", "folder_key", "folder_of", "incoming_folder", "keep"]

FIRST_PROJECT: Final = "default"  # that the migrations make


def folder_key(project_id: int, project: str, seal: str) -> str:
    """The name of a run's folder: its seal in the first project, in others 64 digits that follow from both.

    The same run in two projects is two folders: one may have brought texts that the other withholds.
    """
    if project == FIRST_PROJECT:
        return seal
    return hashlib.sha256(f"{project_id} {seal}".encode()).hexdigest()


def folder_of(data: DataFolder, key: str) -> Path:
    """Where the run with this key (64 hexadecimal digits) lies."""
    return data.runs / key[:2] / key


@contextmanager
def incoming_folder(data: DataFolder) -> Iterator[Path]:
    """An empty folder for what is being received; it is gone at the end of the block, unless it was kept."""
    data.incoming.mkdir(mode=0o700, exist_ok=True)
    path = data.incoming / secrets.token_hex(16)
    path.mkdir(mode=0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def clear_incoming(data: DataFolder) -> None:
    """Remove what a killed server left half-received."""
    if data.incoming.is_dir():
        for path in data.incoming.iterdir():
            shutil.rmtree(path, ignore_errors=True)


def keep(data: DataFolder, path: Path, key: str) -> None:
    """Move a verified folder to its place, on disk to stay.

    The same one that lies there stays untouched at every moment: whoever put it there may have its row already. Another
    one, such as the rest of one that was being removed, is replaced.
    """
    for name in layout.run_files(path):
        _sync(path / name)
    for folder in (path, *(path / each for each in layout.FOLDERS if (path / each).is_dir())):
        _sync(folder)
    place = folder_of(data, key)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        path.rename(place)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        if _digests(place) == _digests(path):
            return
        shutil.rmtree(place)
        path.rename(place)
    _sync(place.parent)


def _digests(path: Path) -> dict[str, str]:
    """The files of a run by name; nothing where there is what no run has."""
    try:
        return {name: layout.digest_and_lines(path, name)[0] for name in layout.run_files(path)}
    except VerificationError:
        return {}


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
