"""Refreshing a suite: what was seen is retired, and its twins take its place, as another version."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from steelyard.errors import InputError
from steelyard.records import DroppedItem, SuiteItem
from steelyard.suites.exposures import exposed_items, read_exposures
from steelyard.suites.rewriting import keep_canary, rewrite_suite
from steelyard.suites.twins import RULES, read_rules, twin_of
from steelyard.suites.writing import lines_of
from steelyard.tasks.suite_task import SuiteTask

__all__ = ["RETIRED", "Refreshed", "refresh_suite"]

RETIRED = "retired"  # the check that dropped.jsonl names


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """What became of a suite: items with a twin in their place, retired without one, and kept although seen."""

    twins: int
    retired: int
    kept: int
    version: int


def refresh_suite(
    suite: SuiteTask, seed: str, items: Collection[str] = (), *, all_items: bool = False, retire_all: bool = False
) -> Refreshed:
    """Put twins in the place of items that an endpoint has seen, of the named ``items``, or of all.

    An item without a twin is kept, or retired with ``retire_all``. The suite gets another version. Raises InputError
    for an encrypted suite, for an item that there is not, and where nothing would change.
    """
    if suite.rows.is_encrypted:
        raise InputError("is encrypted: steelyard suite encrypt FOLDER --undo lets you refresh it", where=suite.folder)
    if unknown := [each for each in items if each not in suite.rows.ids]:
        raise InputError(f"no item is called {unknown[0][:80]!r}", where=suite.folder)
    exposed = {item for counts in exposed_items(read_exposures(suite.folder)).values() for item in counts}
    seen = suite.variants.originals(exposed)
    wanted = set(suite.rows.ids) if all_items else set(items) or seen
    rules, where = read_rules(suite.folder), suite.folder / RULES
    before = list(suite.rows.items())
    known = [item.id for item in before]
    after: list[SuiteItem | None] = []
    dropped: list[DroppedItem] = []
    kept = 0
    for item in before:
        twin = twin_of(item, seed, rules.get(item.id), known, where) if item.id in wanted else None
        if item.id not in wanted or (twin is None and not retire_all):
            kept += item.id in wanted
            after.append(item)
            continue
        after.append(msgspec.structs.replace(twin, canary=item.canary) if twin else None)
        known += [twin.id] if twin else []
        why = "an endpoint has seen it" if item.id in seen else "you named it"
        place = f"; {twin.id} takes its place" if twin else ", and it has no twin"
        dropped.append(DroppedItem(check=RETIRED, reason=f"Retired: {why}{place}.", item=item))
    if not dropped:
        raise InputError(_nothing(wanted, kept), where=suite.folder)
    keep_canary(after, before)
    left = [item for item in after if item is not None]
    if not left:
        raise InputError("every item would be retired, so there would be no suite", where=suite.folder)
    version = suite.file.version + 1
    rewrite_suite(suite.folder, suite.file, lines_of(left), dropped, version)
    twins = len(known) - len(before)
    return Refreshed(twins=twins, retired=len(dropped) - twins, kept=kept, version=version)


def _nothing(wanted: Collection[str], kept: int) -> str:
    if not wanted:
        return "no endpoint has seen an item, so nothing is to be refreshed: name items, or --all"
    return f"none of {kept:,} items has a twin: write rules in {RULES}, or retire them without one (--retire)"
