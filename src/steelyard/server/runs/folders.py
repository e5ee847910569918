"""The sealed folders in the data folder: written whole, named by seal and project, never changed."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steelyard.evidence import layout

if TYPE_CHECKING:
    from steelyard.server.access.callers import Membership
    from steelyard.server.database.folder import DataFolder

__all__ = ["FIRST_PROJECT", "clear_incoming", "folder_key", "folder_of", "incoming_folder", "keep"]

FIRST_PROJECT: Final = "default"  # that the migrations make


def folder_key(project: Membership, seal: str) -> str:
    """The name of a run's folder: its seal in the first project, in others 64 digits that follow from both.

    The same run in two projects is two folders: one may have brought texts that the other withholds.
    """
    if project.project == FIRST_PROJECT:
        return seal
    return hashlib.sha256(f"{project.project_id} {seal}".encode()).hexdigest()


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
    """Move a verified folder to its place, on disk to stay; one that lies there without a row is replaced."""
    for name in layout.run_files(path):
        _sync(path / name)
    for folder in (path, *(path / each for each in layout.FOLDERS if (path / each).is_dir())):
        _sync(folder)
    place = folder_of(data, key)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if place.exists():
        shutil.rmtree(place)
    path.rename(place)
    _sync(place.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
