"""Variants of a suite's items, made by rules as twins are: numbers and texts, first names, the order of choices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from steelyard.errors import InputError
from steelyard.records import ItemVariant, SuiteItem
from steelyard.suites.collected import item_id
from steelyard.suites.rewriting import is_fixed, rewrite_suite
from steelyard.suites.twins import RULES, TwinRule, read_rules, twin_of
from steelyard.suites.writing import lines_of
from steelyard.tasks.suite_file import SAMPLES
from steelyard.tasks.suite_task import SuiteTask
from steelyard.tasks.suite_vault import item_digest

__all__ = ["Varied", "vary_suite"]

_TRIES: Final = 20
# A choice that speaks of others cannot be moved among them.
_OF_OTHERS: Final = re.compile(
    r"\b(?:all(?:e[ns]?)?|none|both|neither|either|above|below|other|keine?[srn]?|beide[sn]?|weder|oben|unten|andere[srn]?"
    r"|[A-Z] (?:and|or|und|oder) [A-Z])\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Varied:
    """What was made: items with variants, those without, all variants, and the suite's version."""

    items: int
    without: int
    variants: int
    version: int


def vary_suite(suite: SuiteTask, seed: str, count: int) -> Varied:
    """Write up to ``count`` variants of each item, itself included, in place of those that are there.

    A version that is sealed, or that an endpoint has seen, gets another number. Raises InputError for an encrypted
    suite, and where no item has a variant.
    """
    if suite.rows.is_encrypted:
        raise InputError("is encrypted, and variants would lie beside it in plain", where=suite.folder)
    rules, where = read_rules(suite.folder), suite.folder / RULES
    items = list(suite.rows.items())
    known = [item.id for item in items]
    found: list[ItemVariant] = []
    for item in items:
        for variant in _variants(item, seed, rules.get(item.id), known, where, count - 1):
            known.append(variant.id)
            found.append(ItemVariant(of=item.id, digest=item_digest(item), item=variant))
    if not found:
        raise InputError(
            f"none of {len(items):,} items has a variant: write rules in {RULES}, by which numbers or texts change",
            where=suite.folder,
        )
    version = suite.file.version + is_fixed(suite.folder, suite.file.version, suite.suite)
    samples = (suite.folder / SAMPLES).read_bytes()
    rewrite_suite(suite.folder, suite.file, samples, (), version, variants=lines_of(found))
    varied = len({each.of for each in found})
    return Varied(items=varied, without=len(items) - varied, variants=len(found), version=version)


def _variants(
    item: SuiteItem, seed: str, rule: TwinRule | None, known: Sequence[str], where: Path, most: int
) -> list[SuiteItem]:
    """Up to ``most`` variants of an item, all different and none of the ``known`` ids."""
    found: list[SuiteItem] = []
    for number in range(most):
        taken = [*known, *(each.id for each in found)]
        drawn = f"{seed}\n{number}"
        variant = twin_of(item, drawn, rule, taken, where) or _reordered(item, drawn, taken)
        if variant is None:
            break
        found.append(msgspec.structs.replace(variant, tags=item.tags, group=item.group))
    return found


def _reordered(item: SuiteItem, seed: str, taken: Sequence[str]) -> SuiteItem | None:
    """The item with its choices in another order; None without choices, and where one speaks of the others."""
    if not item.choices or any(_OF_OTHERS.search(choice) for choice in item.choices):
        return None
    for attempt in range(_TRIES):
        drawn = f"{seed}\n{item.id}\n{attempt}"
        choices = tuple(sorted(item.choices, key=lambda each: sha256(f"{drawn}\n{each}".encode()).digest()))
        name = item_id(item.question, choices, item.answer, item.images)
        if choices != item.choices and name not in (item.id, *taken):
            return msgspec.structs.replace(item, id=name, choices=choices, source=None, canary="")
    return None
