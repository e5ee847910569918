"""Small files of JSON lines in the data folder that a backup from before is restored with: erasures, withdrawals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from steelyard.errors import InputError

__all__ = ["read_notes"]

_MAX_BYTES: Final = 64 << 20
Note = TypeVar("Note", bound=msgspec.Struct)


def read_notes(
    source: Path | bytes, name: str, kind: type[Note], check: Callable[[Note], object], wanted: str
) -> list[Note]:
    """The notes of a file or its bytes, which are called ``name`` then.

    Raises InputError, with the line, for what is none: ``check`` raises ValueError for it, ``wanted`` says what is one.
    """
    where = source if isinstance(source, Path) else name
    if isinstance(source, Path):
        try:
            with source.open("rb") as file:
                source = file.read(_MAX_BYTES + 1)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", where=where) from None
    if len(source) > _MAX_BYTES:
        raise InputError(f"is larger than {_MAX_BYTES >> 20} MB", where=where)
    found = []
    for number, line in enumerate(source.splitlines(), 1):
        try:
            note = msgspec.json.decode(line, type=kind)
            check(note)
        except ValueError:
            raise InputError(f"is no {wanted}", where=where, line=number) from None
        found.append(note)
    return found
