"""A document as plain text, and how much of one is read."""

from __future__ import annotations

from typing import Final, Literal

from steelyard.records.record import Record

__all__ = ["MAX_BYTES", "MAX_CHARACTERS", "MAX_PAGES", "Document", "Extracted", "Kind"]

Kind = Literal["pdf", "docx", "html", "markdown", "text"]

MAX_BYTES: Final = 128 << 20  # of a file
MAX_PAGES: Final = 5_000
MAX_CHARACTERS: Final = 20_000_000  # of one document's text, some 8,000 printed pages


class Extracted(Record, frozen=True, kw_only=True):
    """The text of a file, by page; ``notes`` are sentences on what was left out. ``problem``: why it cannot be read."""

    pages: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""


class Document(Record, frozen=True, kw_only=True):
    """A file as it is read: what spans of a suite count in.

    ``name`` is the path below the folder that the user named, with ``/``. ``sha256`` is that of the file's bytes.
    ``pages`` are the texts of its pages; a kind without pages has one. ``notes`` are sentences on what was left out.
    """

    name: str
    sha256: str
    kind: Kind
    pages: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def page_number(self, place: int) -> int | None:
        """The number of the page at this place, from 1, as a span states it; None for a kind without pages."""
        return place + 1 if self.kind == "pdf" else None
