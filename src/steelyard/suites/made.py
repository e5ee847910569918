"""From what sources gave to the folder of a suite."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from steelyard.errors import InputError, NothingKept
from steelyard.records import DroppedItem
from steelyard.suites.collected import Collected
from steelyard.suites.writing import new_suite
from steelyard.tasks.suite_file import SuiteFile

__all__ = ["CANARY", "make_suite", "reasons_in_words", "suite_name"]


CANARY = "steelyard-canary-"  # begins the text by which a suite's files can be found again


def suite_name(folder: Path, given: str = "") -> str:
    """The suite's name: the one that is given, else made of the folder's."""
    name = given or re.sub(r"[^A-Za-z0-9._-]+", "-", folder.resolve().name).strip("-._")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", name):
        raise InputError(f"--name {name[:40]!r}: a name has letters, digits, '.', '_' and '-', at most 80")
    return name


def make_suite(folder: Path, suite: SuiteFile, collected: Collected) -> SuiteFile:
    """Make the folder; what the sources say of language and files goes into its ``suite.yaml``.

    Raises NothingKept, with the reasons, where no item is left: then nothing is made.
    """
    if not collected.items:
        raise NothingKept(
            f"no item is left, so there is no suite: {reasons_in_words(collected.dropped) or 'none came'}"
        )
    made = msgspec.structs.replace(
        suite,
        language="de" if collected.is_german else "en",
        default_prompt=suite.default_prompt or ("verbatim" if _is_asked_whole(suite, collected) else ""),
        canary=suite.canary or f"{CANARY}{uuid.uuid4()}",
        made_from=collected.made_from,
    )
    first, *others = collected.items
    items = [msgspec.structs.replace(first, canary=made.canary), *others]
    new_suite(folder, made, items, collected.dropped, collected.images)
    return made


def _is_asked_whole(suite: SuiteFile, collected: Collected) -> bool:
    return collected.asked_whole and not suite.choices and not any(item.choices for item in collected.items)


def reasons_in_words(dropped: Sequence[DroppedItem]) -> str:
    """How many items were thrown out by which check: ``12 duplicate, 3 empty``."""
    counts = Counter(each.check for each in dropped)
    return ", ".join(f"{count:,} {check}" for check, count in counts.most_common())
