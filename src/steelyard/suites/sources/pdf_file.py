"""PDF: the text of each page by PDFium, without headers, footers and hyphenation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from steelyard.errors import InputError
from steelyard.suites.sources.document import MAX_CHARACTERS, MAX_PAGES, Extracted
from steelyard.suites.sources.page_text import joined_lines, plain_text, vocabulary_of, without_hyphenation
from steelyard.suites.sources.repeated_lines import without_repeated_lines

__all__ = ["extract_pdf"]

_MIN_LETTERS = 20  # of a whole document: stamps and page numbers of a scan are no text


def extract_pdf(data: bytes) -> Extracted:
    """The text of a PDF by page.

    Raises InputError for one that has a password, no text (a scan), too many pages or too much text, or that PDFium
    cannot open.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).casefold() or "security" in str(error).casefold():
            raise InputError("has a password: save a copy without one") from None
        raise InputError("is not a PDF that can be opened (damaged, or another kind of file)") from None
    if len(document) > MAX_PAGES:
        raise InputError(f"has {len(document):,} pages, more than {MAX_PAGES:,}: split it into several files")
    return _cleaned(list(_raw_pages(document)))


def _raw_pages(document: Any) -> Iterator[str | None]:
    """The text of each page as PDFium gives it; None for a page that it cannot read."""
    import pypdfium2

    total = 0
    for place in range(len(document)):
        try:
            page = document[place]
            textpage = page.get_textpage()
            text = textpage.get_text_range() if textpage.count_chars() > 0 else ""
            textpage.close()
            page.close()
        except pypdfium2.PdfiumError:
            yield None
            continue
        total += len(text)
        if total > MAX_CHARACTERS:
            raise InputError(f"holds more than {MAX_CHARACTERS:,} characters: split it into several files")
        yield text


def _cleaned(raw: list[str | None]) -> Extracted:
    pages = [plain_text(page or "") for page in raw]
    if sum(sum(map(str.isalpha, page)) for page in pages) < _MIN_LETTERS:
        raise InputError("holds no text, as a scan: run a text recognition over it first, such as ocrmypdf")
    bare, removed = without_repeated_lines(pages)
    words = vocabulary_of(bare)
    done = tuple(joined_lines(without_hyphenation(page, words)) for page in bare)
    damaged, empty = raw.count(None), sum(not page for page in pages) - raw.count(None)
    notes = (
        f"{removed:,} lines of headers and footers were left out." if removed else "",
        f"{empty:,} of {len(pages):,} pages hold no text: are they scans?" if empty > 0 else "",
        f"{damaged:,} of {len(pages):,} pages cannot be read." if damaged else "",
    )
    return Extracted(pages=done, notes=tuple(filter(None, notes)))
