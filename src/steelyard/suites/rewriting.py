"""Changing a suite that is there: all of its files, or none, and another version where the old one is fixed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from steelyard.errors import InputError
from steelyard.records import DroppedItem, SuiteItem
from steelyard.suites.exposures import read_exposures
from steelyard.suites.writing import lines_of
from steelyard.tasks.definition_file import read_strictly
from steelyard.tasks.suite_file import DROPPED, SAMPLES, SUITE, SuiteFile
from steelyard.tasks.suite_seal import seal_path
from steelyard.tasks.suite_variants import VARIANTS
from steelyard.util.atomic_file import whole_file

__all__ = ["is_fixed", "keep_canary", "rewrite_suite"]

_VERSION = re.compile(r"^version:[ \t]*[0-9]+", re.MULTILINE)
_NAME = re.compile(r"^suite:.*$", re.MULTILINE)


def is_fixed(folder: Path, version: int, digest: str) -> bool:
    """Whether the version is sealed, or an endpoint has got items of it."""
    return seal_path(folder, version).exists() or any(each.suite == digest for each in read_exposures(folder))


def keep_canary(after: list[SuiteItem | None], items: list[SuiteItem]) -> None:
    """Move the canary of items that are dropped to the first one that stays."""
    lost = next((old.canary for old, new in zip(items, after, strict=True) if old.canary and new is None), "")
    if not lost or any(item.canary for item in after if item is not None):
        return
    for place, item in enumerate(after):
        if item is not None:
            after[place] = msgspec.structs.replace(item, canary=lost)
            return


def rewrite_suite(
    folder: Path,
    suite: SuiteFile,
    samples: bytes,
    dropped: Sequence[DroppedItem],
    version: int,
    *,
    variants: bytes | None = None,
) -> None:
    """Write the files; that with the items gets its name last, so that what it misses is in the other ones already.

    ``dropped`` is added to ``dropped.jsonl``; ``variants`` take the place of those that are there. Raises InputError
    where they cannot be written: the suite is as it was.
    """
    before = _bytes_of(folder / DROPPED)
    try:
        with ExitStack() as files:  # each file is whole on the disk before the first gets its name
            _put(files, folder / SAMPLES, samples)
            if variants is not None:
                _put(files, folder / VARIANTS, variants)
            if version != suite.version:
                _put(files, folder / SUITE, _with_version(folder / SUITE, version))
            if dropped:
                ended = before if not before or before.endswith(b"\n") else before + b"\n"
                _put(files, folder / DROPPED, ended + lines_of(dropped))
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror}); the suite is as it was", where=folder) from None


def _put(files: ExitStack, path: Path, data: bytes) -> None:
    file = files.enter_context(whole_file(path))
    file.write(data)
    file.flush()


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path) from None


def _with_version(path: Path, version: int) -> bytes:
    """``suite.yaml`` with another number of its version; all else stays as people wrote it."""
    text = path.read_bytes().decode()
    if _VERSION.search(text):
        changed = _VERSION.sub(f"version: {version}", text, count=1)
    else:
        changed = _NAME.sub(lambda line: f"{line[0].rstrip()}\nversion: {version}", text, count=1)
    check = path.with_name(path.name + ".check")
    try:
        check.write_bytes(changed.encode())
        if msgspec.structs.replace(read_strictly(path, SuiteFile), version=version) == read_strictly(check, SuiteFile):
            return changed.encode()
    except InputError:
        pass
    finally:
        check.unlink(missing_ok=True)
    raise InputError(f"set 'version: {version}' there first, on a line of its own", where=path)
