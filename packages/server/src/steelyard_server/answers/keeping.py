"""Where indexes of answers lie, and the mark by which the server knows its own.

They hold no text, are in no backup, and may be deleted at any time: they are made again from the run.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steelyard_server.answers.form import HEAD, MAGIC, MAX_HEADER, mark_of
from steelyard_server.database.beneath import make_folders, open_file, opened, remove, unlink

if TYPE_CHECKING:
    from collections.abc import Container

    from steelyard_server.database.folder import DataFolder

__all__ = ["clear_indexes", "index_names", "keep_index", "remove_index", "secret_of"]

_KEY_FILE: Final = "answers.key"
_KEY_BYTES: Final = 32
_OLD_SECONDS: Final = 86_400.0


def index_names(key: str) -> tuple[str, str, str]:
    """Where the index of the run in the folder ``key`` lies, below the data folder."""
    return "answers", key[:2], key


def secret_of(data: DataFolder) -> bytes:
    """The key of the server's mark, which is made where there is none. Raises OSError where it cannot be."""
    place = data.secrets.name, _KEY_FILE
    with contextlib.suppress(FileNotFoundError), open_file(data.path, *place) as file:
        found = file.read(_KEY_BYTES + 1)
        if len(found) == _KEY_BYTES:
            return found
        unlink(data.path, *place)  # a crash cut it off: no index has a mark by it
    make_folders(data.path, data.secrets.name)
    new = secrets.token_bytes(_KEY_BYTES)
    temporary = f"{_KEY_FILE}.{secrets.token_hex(4)}"
    with opened(data.path, data.secrets.name) as folder:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(new)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, _KEY_FILE, src_dir_fd=folder, dst_dir_fd=folder)
        except FileExistsError:  # another thread was first
            return secret_of(data)
        finally:
            os.unlink(temporary, dir_fd=folder)
    return new


def keep_index(data: DataFolder, made: Path, key: str) -> None:
    """Put the server's mark on an index that a process of ours made, and move it to its place.

    ``made`` lies in the data folder. Raises OSError where that fails, and for what is no index.
    """
    secret = secret_of(data)
    with opened(made.parent) as source:
        descriptor = os.open(made.name, os.O_RDWR | os.O_NOFOLLOW, dir_fd=source)
        with os.fdopen(descriptor, "r+b") as file:
            magic, header_bytes, table_bytes, _ = HEAD.unpack(file.read(HEAD.size).ljust(HEAD.size, b"\0"))
            if magic != MAGIC or header_bytes > MAX_HEADER:
                raise OSError(0, "no index")
            header, table = file.read(header_bytes), file.read(table_bytes)
            file.seek(0)
            file.write(HEAD.pack(MAGIC, header_bytes, table_bytes, mark_of(secret, header, table)))
            file.flush()
            os.fsync(file.fileno())
        *above, name = index_names(key)
        make_folders(data.path, *above)
        with opened(data.path, *above) as target:
            os.rename(made.name, name, src_dir_fd=source, dst_dir_fd=target)
            os.fsync(target)


def remove_index(data: DataFolder, key: str) -> None:
    """Remove an index, where there is one."""
    remove(data.path, *index_names(key))


def clear_indexes(data: DataFolder, known: Container[str]) -> None:
    """Remove the indexes of folders that no row names: of runs that are gone. One younger than a day stays."""
    root = index_names("00")[0]
    with contextlib.suppress(FileNotFoundError), opened(data.path, root) as folder:
        for above in os.listdir(folder):
            with contextlib.suppress(OSError), opened(data.path, root, above) as inner:
                for name in os.listdir(inner):
                    changed = os.stat(name, dir_fd=inner, follow_symlinks=False).st_mtime
                    if name not in known and changed < time.time() - _OLD_SECONDS:
                        remove(data.path, root, above, name)
