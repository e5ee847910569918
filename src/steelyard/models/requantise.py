"""Other models from one GGUF file: the same weights in another quantisation, by llama.cpp.

They are real models that differ a little, for comparisons, panels and watches on one machine. All of them are of one
family: they share their weights and so most of their errors.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from steelyard.errors import InputError
from steelyard.models import Settings
from steelyard.models.embedded_file import ensure_smollm2, sha256_of_file
from steelyard.models.in_process import threads_to_use
from steelyard.models.llama import check_gguf, check_installed, quantisation_types, quantise
from steelyard.util.atomic_file import PARTIAL

__all__ = ["Requantised", "requantise", "source_file"]

_LITTLE_ROOM = 50_000_000  # bytes: where so few are free, a failed write is blamed on them


@dataclass(frozen=True, kw_only=True)
class Requantised:
    """A file that was made: its type, its SHA-256 and size, and the SHA-256 of the file that it came from."""

    path: Path
    type: str
    sha256: str
    bytes: int
    source: Path
    source_sha256: str


def source_file(uri: str, option: str = "--from") -> Path:
    """The file of ``embedded:smollm2`` (fetched on first use) or ``gguf:PATH``.

    Raises InputError, naming ``option``, for another URI, and where there is no such file.
    """
    kind, _, rest = uri.partition(":")
    if uri == "embedded:smollm2":
        return ensure_smollm2()
    if kind != "gguf" or not rest:
        raise InputError(f"{option} {uri[:60]!r}: give gguf:PATH or embedded:smollm2")
    path = Path(rest).expanduser()
    if not path.is_file():
        raise InputError("there is no such file: give the path of a GGUF file", where=path)
    return path


def requantise(uri: str, target: Path, type_name: str) -> Requantised:
    """Write the weights of ``uri`` in the type ``type_name`` to the new file ``target``; nothing is left half-made.

    The quantised weights are taken as they are, so what was lost before stays lost. Raises InputError for an unknown
    type, a file that is there, one that is not GGUF, and one that cannot be written; MissingDependency without
    llama.cpp.
    """
    check_installed("steelyard model requantise")
    types = quantisation_types()
    if type_name.upper() not in types:
        raise InputError(f"--as {type_name[:40]!r} is not a type that llama.cpp writes here: {', '.join(types)}")
    if target.exists() or target.is_symlink():
        raise InputError("is there already: give the path of a new file", where=target)
    if not target.parent.is_dir():
        raise InputError("lies in no existing folder: make it first", where=target)
    source = source_file(uri)
    check_gguf(source)
    partial = target.with_name(target.name + PARTIAL)
    try:
        _write(source, partial, target, types[type_name.upper()])
        sha256, size = sha256_of_file(partial), partial.stat().st_size
        _move(partial, target)
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", where=target) from None
    finally:
        partial.unlink(missing_ok=True)
    return Requantised(
        path=target,
        type=type_name.upper(),
        sha256=sha256,
        bytes=size,
        source=source,
        source_sha256=sha256_of_file(source),
    )


def _write(source: Path, partial: Path, target: Path, kind: int) -> None:
    with partial.open("wb"):  # a folder without permission is told before anything is computed
        pass
    try:
        quantise(source, partial, kind, threads=threads_to_use(Settings()))
    except InputError as error:
        free = shutil.disk_usage(partial.parent).free
        if free < _LITTLE_ROOM or "iostream error" in str(error):
            raise InputError(
                f"cannot be written whole: {free / 1e6:,.0f} MB are free on its disk", where=target
            ) from None
        raise
    with partial.open("rb") as file:
        os.fsync(file.fileno())


def _move(partial: Path, target: Path) -> None:
    """Give the file its name, unless another file got it meanwhile."""
    try:
        os.link(partial, target)
    except FileExistsError:
        raise InputError("is there already: give the path of a new file", where=target) from None
    except OSError:  # a file system without hard links
        partial.rename(target)
