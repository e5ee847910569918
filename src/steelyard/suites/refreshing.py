"""Refreshing a suite: what was seen is retired, and its twins take its place, as another version."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import msgspec

from steelyard.errors import InputError, NothingKept
from steelyard.records import DroppedItem, SuiteItem
from steelyard.suites.exposures import exposed_items, read_exposures
from steelyard.suites.made import reasons_in_words
from steelyard.suites.rewriting import keep_canary, rewrite_suite
from steelyard.suites.twins import RULES, read_rules, twin_of
from steelyard.suites.writing import lines_of
from steelyard.tasks.suite_file import DROPPED, SAMPLES
from steelyard.tasks.suite_task import SuiteTask

if TYPE_CHECKING:
    from steelyard.suites.writers.twins import WrittenTwins

__all__ = ["RETIRED", "Refreshed", "refresh_suite", "wanted_items", "without_rule"]

RETIRED = "retired"  # the check that dropped.jsonl names


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """What became of a suite: items with a twin in their place, retired without one, and kept although seen."""

    twins: int
    retired: int
    kept: int
    version: int


def wanted_items(suite: SuiteTask, items: Collection[str] = (), *, all_items: bool = False) -> set[str]:
    """The ids of the items that are to be refreshed: all, the named ``items``, or those that an endpoint has seen.

    An item has been seen where a variant of it was. Raises InputError for an encrypted suite, and for an item that
    there is not.
    """
    if suite.rows.is_encrypted:
        raise InputError("is encrypted: steelyard suite encrypt FOLDER --undo lets you refresh it", where=suite.folder)
    if unknown := [each for each in items if each not in suite.rows.ids]:
        raise InputError(f"no item is called {unknown[0][:80]!r}", where=suite.folder)
    wanted = set(suite.rows.ids) if all_items else set(items) or _seen(suite)
    return wanted & suite.rows.ids.keys()


def _seen(suite: SuiteTask) -> set[str]:
    exposed = exposed_items(read_exposures(suite.folder)).values()
    return suite.variants.originals({item for counts in exposed for item in counts})


def without_rule(suite: SuiteTask, wanted: Collection[str]) -> set[str]:
    """Those of the ``wanted`` items of which no rule makes twins, so that a model may write them."""
    return set(wanted) - read_rules(suite.folder).keys()


def refresh_suite(
    suite: SuiteTask,
    seed: str,
    items: Collection[str] = (),
    *,
    all_items: bool = False,
    retire_all: bool = False,
    written: WrittenTwins | None = None,
) -> Refreshed:
    """Put twins in the place of items that an endpoint has seen, of the named ``items``, or of all.

    Twins follow from the rules; for an item without one they are those that a model has ``written``, and without a
    model first names change. An item without a twin is kept, or retired with ``retire_all``. The suite gets another
    version. Raises InputError as :func:`wanted_items` does and where nothing would change; NothingKept, with the
    reasons, where no twin of a model's was kept and there is no other: then ``dropped.jsonl`` alone is written.
    """
    wanted, seen = wanted_items(suite, items, all_items=all_items), _seen(suite)
    rules, where = read_rules(suite.folder), suite.folder / RULES
    before = list(suite.rows.items())
    known = [item.id for item in before]
    after: list[SuiteItem | None] = []
    dropped: list[DroppedItem] = []
    kept = 0
    for item in before:
        twin = None
        if item.id in wanted and (written is None or item.id in rules):
            twin = twin_of(item, seed, rules.get(item.id), known, where)
        elif item.id in wanted and written is not None:
            twin = written.by_item.get(item.id)
        if item.id not in wanted or (twin is None and not retire_all):
            kept += item.id in wanted
            after.append(item)
            continue
        after.append(msgspec.structs.replace(twin, canary=item.canary) if twin else None)
        known += [twin.id] if twin else []
        why = "an endpoint has seen it" if item.id in seen else "you named it"
        place = f"; {twin.id} takes its place" if twin else ", and it has no twin"
        dropped.append(DroppedItem(check=RETIRED, reason=f"Retired: {why}{place}.", item=item))
    twins = len(known) - len(before)
    if written is not None and written.dropped and not twins:
        _give_up(suite, written.dropped)
    if not dropped:
        raise InputError(_nothing(wanted, kept), where=suite.folder)
    keep_canary(after, before)
    left = [item for item in after if item is not None]
    if not left:
        raise InputError("every item would be retired, so there would be no suite", where=suite.folder)
    version = suite.file.version + 1
    thrown_out = written.dropped if written is not None else ()
    rewrite_suite(suite.folder, suite.file, lines_of(left), [*dropped, *thrown_out], version)
    return Refreshed(twins=twins, retired=len(dropped) - twins, kept=kept, version=version)


def _give_up(suite: SuiteTask, dropped: Sequence[DroppedItem]) -> NoReturn:
    samples = (suite.folder / SAMPLES).read_bytes()
    rewrite_suite(suite.folder, suite.file, samples, dropped, suite.file.version)
    raise NothingKept(
        f"{suite.folder}: no twin was kept, and the suite is as it was: {reasons_in_words(dropped)} (each with its "
        f"reason in {DROPPED})"
    )


def _nothing(wanted: Collection[str], kept: int) -> str:
    if not wanted:
        return "no endpoint has seen an item, so nothing is to be refreshed: name items, or --all"
    return f"none of {kept:,} items has a twin: write rules in {RULES}, or retire them without one (--retire)"
