"""The sealed folders in the data folder: written whole, named by seal and project, never changed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard_server.database.beneath import make_folders, open_file, opened, remove

if TYPE_CHECKING:
    from steelyard_server.database.folder import DataFolder

__all__ = [
    "FIRST_PROJECT",
    "clear_incoming",
    "folder_key",
    "folder_of",
    "incoming_folder",
    "is_kept",
    "keep",
    "open_run_file",
]

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
    name = secrets.token_hex(16)
    make_folders(data.path, data.incoming.name, name)
    try:
        yield data.incoming / name
    finally:
        remove(data.path, data.incoming.name, name)


def clear_incoming(data: DataFolder) -> None:
    """Remove what a killed server left half-received; the lock of who serves says that nobody else receives."""
    with contextlib.suppress(FileNotFoundError), opened(data.path, data.incoming.name) as folder:
        for name in os.listdir(folder):
            remove(data.path, data.incoming.name, name)


def keep(data: DataFolder, path: Path, key: str) -> None:
    """Move a verified folder to its place, on disk to stay.

    The same one that lies there stays untouched at every moment: whoever put it there may have its row already. Another
    one, such as the rest of one that was being removed, is replaced.

    Raises OSError where a folder on the way is a link.
    """
    for name in layout.run_files(path):
        _sync(path / name)
    for folder in (path, *(path / each for each in layout.FOLDERS if (path / each).is_dir())):
        _sync(folder)
    place = folder_of(data, key)
    make_folders(data.path, data.runs.name, key[:2])
    with opened(path.parent) as source, opened(data.path, data.runs.name, key[:2]) as target:
        try:
            os.rename(path.name, key, src_dir_fd=source, dst_dir_fd=target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            if _digests(place) == _digests(path):
                return
            remove(data.path, data.runs.name, key[:2], key)
            os.rename(path.name, key, src_dir_fd=source, dst_dir_fd=target)
    _sync(place.parent)


def _digests(path: Path) -> dict[str, str]:
    """The files of a run by name; nothing where there is what no run has."""
    try:
        return {name: layout.digest_and_lines(path, name)[0] for name in layout.run_files(path)}
    except VerificationError:
        return {}


def is_kept(data: DataFolder, key: str) -> bool:
    """Whether a run's folder is in its place; it is moved there whole."""
    try:
        open_run_file(data, key, layout.BUNDLE).close()
    except OSError:
        return False
    return True


def open_run_file(data: DataFolder, key: str, name: str) -> BufferedReader:
    """A file of a run, for reading; raises OSError where it, or a folder on the way, is missing or is a link."""
    return open_file(data.path, data.runs.name, key[:2], key, *name.split("/"))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
