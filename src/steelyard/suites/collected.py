"""What a source gave for a suite: items, those that were thrown out, and what was assumed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from steelyard.records import DroppedItem, SuiteItem
from steelyard.suites.near_meaning import MeaningFound, Vectors, near_in_meaning
from steelyard.tasks.items import digest_of_item
from steelyard.tasks.suite_file import MadeFrom
from steelyard.util.text import one_line

__all__ = ["Collected", "item_id", "joined", "without_duplicates"]

_NAMED_PAIRS = 10  # near in meaning and kept: more are counted alone


@dataclass(frozen=True, kw_only=True)
class Collected:
    """Items for a suite. ``asked_whole``: questions are whole prompts, to be sent unchanged.

    ``images`` read the bytes of the images that items name.
    """

    items: tuple[SuiteItem, ...] = ()
    dropped: tuple[DroppedItem, ...] = ()
    made_from: tuple[MadeFrom, ...] = ()
    is_german: bool = False
    asked_whole: bool = False
    remarks: tuple[str, ...] = ()
    images: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)


def item_id(question: str, choices: Sequence[str], answer: str, images: Sequence[str] = ()) -> str:
    """An id that follows from what an item asks: the same in every suite that holds it."""
    return f"q-{digest_of_item(question, choices, answer, images).hex()[:16]}"


def joined(parts: Sequence[Collected]) -> Collected:
    """What several sources gave, in their order; ids are unique."""
    return Collected(
        items=_with_own_ids([item for part in parts for item in part.items]),
        dropped=tuple(each for part in parts for each in part.dropped),
        made_from=tuple(each for part in parts for each in part.made_from),
        is_german=sum(len(part.items) * (1 if part.is_german else -1) for part in parts) > 0,
        asked_whole=all(part.asked_whole for part in parts),
        remarks=tuple(remark for part in parts for remark in part.remarks),
        images={name: read for part in parts for name, read in part.images.items()},
    )


def _with_own_ids(items: Sequence[SuiteItem]) -> tuple[SuiteItem, ...]:
    seen: dict[str, int] = {}
    found = []
    for item in items:
        count = seen[item.id] = seen.get(item.id, 0) + 1
        found.append(item if count == 1 else msgspec.structs.replace(item, id=f"{item.id}-{count}"))
    return tuple(found)


def without_duplicates(collected: Collected, vectors: Vectors | None = None) -> Collected:
    """The items without near duplicates of others, which are dropped with that reason.

    With ``vectors`` (:class:`steelyard.suites.sentence_vectors.SentenceVectors`) also those that ask the same in other
    words; pairs that are near in meaning and stay are named in the remarks.

    Items that show the same context after the same conversation are compared by their questions, all others with
    what is shown: beside a long passage a changed word of the question would count for nothing. Two that show other
    images are never the same.
    """
    items = collected.items
    merged = _alike_in_one_place(items)
    by_images: dict[tuple[str, ...], list[int]] = {}
    for place in range(len(items)):
        if place not in merged:
            by_images.setdefault(items[place].images, []).append(place)
    for left in by_images.values():
        if len(left) > 1:
            merged |= _alike([_shown(items[place]) for place in left], left)
    dropped = [
        DroppedItem(
            check="duplicate",
            reason=f"Asks the same as {items[first].id} ({similarity:.0%} alike)"
            + (", with another answer." if items[first].answer != items[second].answer else "."),
            item=items[second],
        )
        for second, (first, similarity) in sorted(merged.items())
    ]
    kept = tuple(item for place, item in enumerate(items) if place not in merged)
    found = replace(collected, items=kept, dropped=(*collected.dropped, *dropped))
    return found if vectors is None else _without_same_meaning(found, vectors)


def _without_same_meaning(collected: Collected, vectors: Vectors) -> Collected:
    items = collected.items
    found = near_in_meaning(items, vectors)
    dropped = [
        DroppedItem(
            check="duplicate",
            reason=f"Asks the same as {items[pair.first].id} in other words (cosine {pair.cosine:.2f}), with the same "
            "answer.",
            item=items[pair.second],
        )
        for pair in found.merged
    ]
    gone = {pair.second for pair in found.merged}
    return replace(
        collected,
        items=tuple(item for place, item in enumerate(items) if place not in gone),
        dropped=(*collected.dropped, *dropped),
        remarks=(*collected.remarks, *_remarks(collected, found)),
    )


def _remarks(collected: Collected, found: MeaningFound) -> Iterator[str]:
    """What is near in meaning and stays, and what could not be compared."""
    if collected.is_german:
        yield "Meaning was compared by a model that reads English alone: expect few finds in German."
    if found.too_long:
        yield f"Questions too long to be compared by meaning: {found.too_long:,}."
    if found.apart:
        yield f"Pairs near in meaning of which both are kept, to be looked at in the review: {len(found.apart):,}."
    for pair in found.apart[:_NAMED_PAIRS]:
        first, second = (collected.items[place] for place in (pair.first, pair.second))
        texts = " / ".join(f"{item.id}: {one_line(item.question, 120)}" for item in (first, second))
        yield f"  {pair.cosine:.2f}, {pair.apart}: {texts}"


def _alike_in_one_place(items: Sequence[SuiteItem]) -> dict[int, tuple[int, float]]:
    """By the place of an item that is dropped, that of the one that is kept and how alike their questions are."""
    places: dict[tuple[object, ...], list[int]] = {}
    for place, item in enumerate(items):
        places.setdefault((item.context, item.history, item.images), []).append(place)
    found: dict[int, tuple[int, float]] = {}
    for same in places.values():
        if len(same) > 1:
            found |= _alike([items[place].question for place in same], same)
    return found


def _alike(texts: Sequence[str], places: Sequence[int]) -> dict[int, tuple[int, float]]:
    from steelyard.suites.duplicates import merge_duplicates

    return {places[second]: (places[first], similarity) for first, second, similarity in merge_duplicates(texts)}


def _shown(item: SuiteItem) -> str:
    return "\n".join((*(turn.text for turn in item.history), item.context, item.question))
