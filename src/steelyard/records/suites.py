"""Items of a private suite: what ``samples.jsonl`` and ``dropped.jsonl`` of its folder hold, one object a line."""

from __future__ import annotations

from typing import Literal

from steelyard.records.record import Record
from steelyard.records.requests import Turn

__all__ = ["DroppedItem", "ItemVariant", "SourceSpan", "SuiteItem"]


class SourceSpan(Record, frozen=True, kw_only=True):
    """Where an item comes from: a file's name, its SHA-256, and the exact text there.

    ``start`` and ``end`` count characters of the file's text as Steelyard reads it (of a page, where there are pages,
    which count from 1; of a log, in the conversation's message). An item of a table has the row's number in ``start``
    and no text.
    """

    file: str
    sha256: str = ""
    page: int | None = None
    start: int = 0
    end: int = 0
    text: str = ""


class SuiteItem(Record, frozen=True, kw_only=True):
    """One item of a suite: a question with its right answer.

    ``id`` is unique in the suite and stays through its versions. ``context`` is what the model is shown with the
    question, and ``history`` the conversation before it. With ``choices`` the answer is the text of one of them.
    ``answer`` is empty only where a judge scores: there is no right answer then, or a model answer at most.
    ``group`` names items that belong together (one document, one conversation): their scores are not independent.
    ``canary`` is never shown to a model. ``images`` are shown before the question, each by the name of its file in the
    suite's ``images/``, which is its SHA-256.
    """

    id: str
    question: str
    answer: str = ""
    choices: tuple[str, ...] = ()
    context: str = ""
    history: tuple[Turn, ...] = ()
    group: str = ""
    tags: tuple[str, ...] = ()
    difficulty: Literal["", "easy", "hard"] = ""
    source: SourceSpan | None = None
    canary: str = ""
    images: tuple[str, ...] = ()


class DroppedItem(Record, frozen=True, kw_only=True):
    """An item that is not in the suite: which check threw it out, and why, in one sentence."""

    check: str
    reason: str
    item: SuiteItem


class ItemVariant(Record, frozen=True, kw_only=True):
    """An equivalent variant of an item (``of``, by its id), which some recipients are asked in its place.

    ``digest`` is the SHA-256 of the item as it was when the variant was made.
    """

    of: str
    digest: str
    item: SuiteItem
