"""A suite's own file is no file of questions: asked as one, it would go to addresses that suite.yaml does not name."""

from __future__ import annotations

import shlex
from functools import lru_cache
from pathlib import Path
from typing import Final

from steelyard.errors import InputError
from steelyard.tasks.suite_file import DROPPED, SAMPLES, SUITE
from steelyard.tasks.suite_images import IMAGES
from steelyard.tasks.suite_variants import VARIANTS
from steelyard.tasks.suite_vault import VAULT

__all__ = ["check_no_suite", "check_no_suite_image"]

_ITEMS: Final = (SAMPLES, DROPPED, VARIANTS, VAULT)


def check_no_suite(path: Path) -> None:
    """Raise InputError, naming the suite's folder, for a file that holds a suite's items; links are followed."""
    for folder in dict.fromkeys((path.parent, path.resolve().parent)):
        if (folder / SUITE).is_file() and any(_is_same(path, folder / name) for name in _ITEMS):
            raise InputError(
                f"holds items of a suite, which go to the addresses alone that its {SUITE} names: give the suite's "
                f"folder, {shlex.quote(str(folder))}",
                where=path,
            )


@lru_cache(maxsize=256)
def check_no_suite_image(folder: str) -> None:
    """Raise InputError for a folder (without links in its path) with images of a suite, which others may not get.

    A folder that holds none when it is first looked at is not looked at again.
    """
    place = Path(folder)
    for each in (place, *place.parents):
        if each.name == IMAGES and (each.parent / SUITE).is_file():
            raise InputError(
                f"holds images of a suite, which go to the addresses alone that its {SUITE} names: give the suite's "
                f"folder, {shlex.quote(str(each.parent))}, or copy those that may be seen by others",
                where=place,
            )


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # one of them is not there
        return False
