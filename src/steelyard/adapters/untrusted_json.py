"""Reading untrusted JSON: no value is assumed to be present or of the right type."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from steelyard.errors import InputError

__all__ = [
    "entries",
    "file_sha256",
    "json_lines",
    "mapping",
    "number",
    "parse",
    "read_bytes",
    "read_json",
    "refused",
    "text",
    "texts",
    "whole_number",
]

MAX_FILE_BYTES = 256 * 2**20
MAX_LINE_BYTES = 64 * 2**20
MAX_COUNT = 10**12
CHUNK_BYTES = 2**20


def refused(message: str, where: str | Path | None = None, line: int | None = None) -> InputError:
    """An InputError whose message contains untrusted text: one printable line of bounded length."""
    from steelyard.util.text import one_line

    return InputError(one_line(message), where=where, line=line)


def parse(
    data: bytes | str, where: str | Path, line: int | None = None, *, parse_float: Callable[[str], Any] = float
) -> Any:
    """The value of a JSON text; raises InputError, with its place, for anything else.

    ``parse_float=Decimal`` keeps the digits of decimal numbers: 0.80 is not 0.8.
    """
    try:
        return json.loads(data, parse_float=parse_float)
    except RecursionError:
        raise InputError("JSON that is nested too deep to be a log", where=where, line=line) from None
    except (ValueError, ArithmeticError) as error:  # not JSON, not UTF-8, a number of thousands of digits
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"not JSON that can be read ({reason}): is the file whole?", where=where, line=line) from None


def read_json(path: Path, max_bytes: int = MAX_FILE_BYTES) -> Any:
    """The value of a JSON file; raises InputError where it cannot be read or is larger than ``max_bytes``."""
    return parse(read_bytes(path, max_bytes), path)


def read_bytes(path: Path, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """All bytes of a file; raises InputError where it cannot be read or is larger than ``max_bytes``."""
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path) from None
    if len(data) > max_bytes:
        raise InputError(f"larger than {max_bytes // 2**20} MiB, more than is read at once", where=path)
    return data


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Stream (line number, object) from a file of one JSON object per line; blank lines are skipped.

    Raises InputError, with the line, for anything else.
    """
    try:
        with path.open("rb") as lines:
            number = 0
            while line := lines.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    raise InputError(f"longer than {MAX_LINE_BYTES // 2**20} MiB", where=path, line=number)
                if not line.strip():
                    continue
                value = parse(line, path, number)
                if not isinstance(value, dict):
                    raise InputError("not a JSON object: a line of a log is one", where=path, line=number)
                yield number, value
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path) from None


def file_sha256(*paths: Path) -> str:
    """The SHA-256 of one file; of several, that of their digests, one per line in the given order."""
    digests = []
    for path in paths:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
        digests.append(digest.hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def entries(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """The value if it is text or a whole number (as ids are), else nothing."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < MAX_COUNT else ""


def texts(value: Any) -> list[str]:
    """The texts of a list, or a single text as a list."""
    return [text(each) for each in value] if isinstance(value, list) else [text(value)]


def whole_number(value: Any) -> int:
    """The value if it is a whole number from 0 on (and below 10¹²), else 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_COUNT else 0


def number(value: Any) -> float | None:
    """The value if it is a finite number or a truth value, else None."""
    if not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None
