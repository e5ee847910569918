"""What every writer is, and the item that a question with its source becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from steelyard.records import DroppedItem, SourceSpan, SuiteItem
from steelyard.scorers.ifeval.texts import language_of
from steelyard.suites.collected import Collected, item_id, joined
from steelyard.suites.sources.document import Document
from steelyard.suites.sources.passages import Passage
from steelyard.tasks.suite_file import MadeFrom

__all__ = ["Progress", "Redact", "Writer", "as_it_is", "collected_from", "item_of"]

Progress = Callable[[int, int], None]  # passages done, of how many
Redact = Callable[[Passage], str]  # the passage's text as it may be sent and kept


def as_it_is(passage: Passage) -> str:
    """The passage's own text: nothing is redacted."""
    return passage.text


class Writer(Protocol):
    """Writes items from passages. What it throws out is in ``dropped``, each with its reason."""

    async def write(self, passages: Sequence[Passage]) -> Collected:
        """Write the items, in the order of the passages; there may be none, and then ``dropped`` says why."""
        ...


def item_of(
    passage: Passage, question: str, answer: str = "", span: tuple[int, int] | None = None, context: str = ""
) -> SuiteItem:
    """An item from a passage: ``span`` is a place in the page's text, by default all of the passage without its text.

    Items of one document are a group: their scores are not independent.
    """
    document = passage.document
    start, end = span or (passage.start, passage.end)
    return SuiteItem(
        id=item_id(question, (), answer),
        question=question,
        answer=answer,
        context=context,
        group=document.name,
        source=SourceSpan(
            file=document.name,
            sha256=document.sha256,
            page=document.page_number(passage.place),
            start=start,
            end=end,
            text=passage.page_text[start:end] if span else "",
        ),
    )


def collected_from(
    passages: Sequence[Passage], items: Sequence[SuiteItem], dropped: Sequence[DroppedItem]
) -> Collected:
    """What a writer made of passages, with the documents that they are from."""
    documents: dict[str, Document] = {passage.document.name: passage.document for passage in passages}
    german = sum(language_of(passage.text) == "de" for passage in passages)
    made_from = tuple(
        MadeFrom(file=name, sha256=document.sha256, items=sum(item.group == name for item in items))
        for name, document in documents.items()
    )
    remarks = tuple(f"{document.name}: {note}" for document in documents.values() for note in document.notes)
    return joined(
        (
            Collected(
                items=tuple(items),
                dropped=tuple(dropped),
                made_from=made_from,
                is_german=2 * german > len(passages),
                remarks=remarks,
            ),
        )
    )
