"""Personal data and secrets in items: replaced, the same value by the same placeholder within what belongs together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import msgspec

from steelyard.records import DroppedItem, SuiteItem
from steelyard.suites.collected import Collected
from steelyard.suites.redaction.diff import changes
from steelyard.suites.redaction.redactor import Placeholders, redact

__all__ = ["REDACTED", "Replaced", "redacted_items"]

REDACTED = "redacted"  # the check that throws out an item whose answer is personal


class Replaced(NamedTuple):
    """One place that was changed: where it is, and an excerpt before and after, both safe to show."""

    where: str
    before: str
    after: str


def redacted_items(collected: Collected, terms: Sequence[str] = ()) -> tuple[Collected, list[Replaced]]:
    """The items with placeholders for personal data and secrets, and what was replaced.

    Items of one group share their placeholders. An item whose right answer would be a placeholder is thrown out: no
    model could know it. ``terms`` are names that are replaced wherever they stand.
    """
    by_group: dict[str, Placeholders] = {}
    items: list[SuiteItem] = []
    dropped: list[DroppedItem] = []
    replaced: list[Replaced] = []
    for item in collected.items:
        own = f"item {item.id}" if not item.group else f"group {item.group}"
        placeholders = by_group.setdefault(own, Placeholders(terms=terms))
        found: list[Replaced] = []
        clean = _redacted(item, placeholders, found)
        replaced += found
        if clean.answer != item.answer or clean.choices != item.choices:
            bare = msgspec.structs.replace(clean, answer="", choices=())
            dropped.append(DroppedItem(check=REDACTED, reason="Its answer is personal data or a secret.", item=bare))
        else:
            items.append(clean)
    # What was thrown out before is kept in a file too.
    before = [
        msgspec.structs.replace(each, item=_redacted(each.item, Placeholders(terms=terms), []))
        for each in collected.dropped
    ]
    return replace(collected, items=tuple(items), dropped=(*before, *dropped)), replaced


def _redacted(item: SuiteItem, placeholders: Placeholders, found: list[Replaced]) -> SuiteItem:
    def clean(text: str) -> str:
        redacted = redact(text, placeholders)
        found.extend(Replaced(item.id, each.before, each.after) for each in changes(text, redacted))
        return redacted.text

    source = item.source
    return msgspec.structs.replace(
        item,
        context=clean(item.context),
        history=tuple(msgspec.structs.replace(turn, text=clean(turn.text)) for turn in item.history),
        question=clean(item.question),
        answer=clean(item.answer),
        choices=tuple(clean(choice) for choice in item.choices),
        source=None if source is None else msgspec.structs.replace(source, text=clean(source.text)),
    )
