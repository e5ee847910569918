"""What a suite that is brought here may hold: plain files in its folder and in folders there, within bounds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from steelyard.errors import InputError
from steelyard.suites.exposures import EXPOSURES
from steelyard.suites.review import REVIEW
from steelyard.tasks.suite_file import DROPPED, SAMPLES, SUITE
from steelyard.tasks.suite_images import IMAGES
from steelyard.tasks.suite_seal import SEALS
from steelyard.tasks.suite_variants import VARIANTS
from steelyard.tasks.suite_vault import KEYS, VAULT
from steelyard_server.archive import Content, Limits

__all__ = ["LIMITS", "MAX_ITEMS", "SUITE_FILES", "is_suite_file", "suite_files"]

LIMITS: Final = Limits(size=64 << 20, files=3_000)
MAX_ITEMS: Final = 20_000
_MAX_FILE: Final = 32 << 20  # bytes
_NAME: Final = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9_-]{0,39}/)?[A-Za-z0-9][A-Za-z0-9._-]{0,119}", re.ASCII)
_FOLDER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", re.ASCII)
_TOP: Final = frozenset((SUITE, SAMPLES, VARIANTS, DROPPED, EXPOSURES, REVIEW))
_SENT_FOLDERS: Final = ("graders", IMAGES, "schemas", SEALS, "templates")
_SENT_ENDINGS: Final = (".j2", ".json")


def is_suite_file(name: str) -> bool:
    """Whether a suite here may hold a file of this name; the keys of an encrypted one never leave its owner."""
    return _NAME.fullmatch(name) is not None and not name.startswith(f"{KEYS}/")


def _is_folder(name: str) -> bool:
    return _FOLDER.fullmatch(name) is not None


SUITE_FILES: Final = Content("suite", is_suite_file, _is_folder, lambda _: _MAX_FILE)


def suite_files(folder: Path) -> list[str]:
    """The files of a suite's folder that would be sent, sorted: what a suite is made of, and nothing else there.

    Raises InputError for an encrypted suite, and for a file whose name is none that a suite here has.
    """
    if (folder / VAULT).exists():
        raise InputError(
            "is encrypted, and a platform has no key to it: bring a copy that is opened (steelyard suite encrypt COPY "
            "--undo)",
            where=folder,
        )
    found = [each.name for each in folder.iterdir() if each.name in _TOP or each.name.endswith(_SENT_ENDINGS)]
    for name in _SENT_FOLDERS:
        if (folder / name).is_dir():
            found += [f"{name}/{each.name}" for each in (folder / name).iterdir() if not each.name.startswith(".")]
    for name in found:
        if not is_suite_file(name):
            raise InputError(
                f"{name[:120]!r} cannot be sent: names have letters, digits, '.', '_' and '-', in folders of one level",
                where=folder,
            )
    return sorted(found)
