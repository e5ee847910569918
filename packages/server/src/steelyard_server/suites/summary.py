"""What the pages show of a suite without any text of its items: taken by the process that reads its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from steelyard.records import Record
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from steelyard.tasks.suite_task import SuiteTask

__all__ = ["ItemLine", "SeenBy", "SuiteSummary", "item_lines", "suite_summary"]

_MOST: Final = 40


class SeenBy(Record, frozen=True, kw_only=True):
    """A recipient on the suite's own record, with the number of items that it got, or may have got."""

    recipient: str
    items: int


class SuiteSummary(Record, frozen=True, kw_only=True):
    """A suite that can be read. ``endpoints`` and ``readers`` are those of its ``suite.yaml``; ``categories`` its tags.

    ``seen`` is what its own ``exposures.jsonl`` says of this version; ``reviewed`` what its ``review.jsonl`` says.
    """

    name: str
    number: int
    digest: str
    about: str
    language: str
    items: int
    without_answer: int
    with_images: int
    variants: int
    groups: int
    categories: tuple[tuple[str, int], ...]
    difficulty: tuple[tuple[str, int], ...]
    prompts: tuple[str, ...]
    scorer: str
    choices: tuple[str, ...]
    endpoints: tuple[str, ...]
    readers: tuple[str, ...]
    sealed_at: str
    signed_by: str
    released: int
    reviewed: int
    seen: tuple[SeenBy, ...]


class ItemLine(Record, frozen=True, kw_only=True):
    """An item with its place from 1, the line of its file, the digest of what a reviewer sees, and a change before."""

    id: str
    line: int
    sha256: str
    item: str
    decision: str
    change: str


def suite_summary(suite: SuiteTask) -> SuiteSummary:
    """Take it from a suite that was read; raises InputError for a record of exposures or reviews that is none."""
    from steelyard.suites.exposures import exposed_items, read_exposures
    from steelyard.suites.review import read_review
    from steelyard.tasks.suite_seal import parts_of

    items, file = list(suite.rows.items()), suite.file
    exposed = exposed_items([each for each in read_exposures(suite.folder) if each.suite == suite.suite])
    tags = Counter(tag for item in items for tag in item.tags)
    seal = suite.seal
    return SuiteSummary(
        name=file.suite,
        number=file.version,
        digest=suite.suite,
        about=one_line(file.about, 300),
        language=file.language,
        items=len(items),
        without_answer=suite.rows.without_answer,
        with_images=sum(bool(item.images) for item in items),
        variants=len(suite.variants.lines),
        groups=len({item.group for item in items if item.group}),
        categories=tuple((one_line(tag, 60), count) for tag, count in tags.most_common(_MOST)),
        difficulty=tuple(sorted(Counter(item.difficulty for item in items if item.difficulty).items())),
        prompts=tuple(one_line(each, 60) for each in [*suite.prompts][:_MOST]),
        scorer=one_line(str(suite.definition.scorer.get("name", "")), 60),
        choices=file.choices,
        endpoints=tuple(one_line(each, 300) for each in file.endpoints),
        readers=tuple(one_line(each, 200) for each in file.readers),
        sealed_at=one_line(seal.at, 40) if seal else "",
        signed_by=seal.signer if seal else "",
        released=len(parts_of(seal, suite.rows.ids).released) if seal else 0,
        reviewed=read_review(suite.folder).number_reviewed(items),
        seen=tuple(
            SeenBy(recipient=one_line(recipient, 300), items=len(suite.variants.originals(counts)))
            for recipient, counts in sorted(exposed.items())[:200]
        ),
    )


def item_lines(suite: SuiteTask) -> Iterator[ItemLine]:
    """The items in their order."""
    from steelyard.evidence.canonical import canonical, without_defaults
    from steelyard.suites.review import read_review, seen_digest

    review = read_review(suite.folder)
    for item in suite.rows.items():
        change = review.change_of(item)
        yield ItemLine(
            id=item.id,
            line=suite.rows.ids[item.id],
            sha256=seen_digest(item),
            item=canonical(without_defaults(item)).decode(),
            decision="" if change is None else change.decision,
            change="" if change is None else canonical(without_defaults(change)).decode(),
        )
