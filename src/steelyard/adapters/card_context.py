"""What a card says around its numbers: footnotes, other columns, rows that head a part of a table, sentences beside it.

A number that was reached with tools, by a vote or in another mode says so here, and seldom in its own cell. Only what
may change how a claim is tested is kept.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from steelyard.adapters.card_headings import FENCE, level_of
from steelyard.adapters.card_tables import Cell, Table, plain, without_comments
from steelyard.claims.benchmarks import lookup
from steelyard.records import Claim
from steelyard.tasks.harmless_words import TOPICS
from steelyard.tasks.other_measures import changes_a_test, counted_parts, says_another_way
from steelyard.tasks.remarks import benchmarks_in, sentences_in, sentences_that_matter, unknown_words
from steelyard.tasks.requested import RequestedProtocol
from steelyard.tasks.subset import words_in
from steelyard.util.text import one_line

__all__ = ["footnotes_in", "lines_beside", "said_in_row", "sections_of", "sentences_beside", "with_shots_of_page"]

_MAX_LINE: Final = 2000  # characters
_MAX_TEXT: Final = 300
_ABOVE: Final = 4  # lines with words
_BELOW: Final = 10
_OF_SETUP: Final = re.compile(
    r"\b(?:eval\w*|benchmark\w*|experiment\w*|test\w*|measur\w+|results?|scores?) (?:\w+ )?"
    r"(?:set-?ups?|settings?|protocols?|method\w*|details?|notes?|conditions?|config\w*)\b"
    r"|\b(?:set-?up|settings|method\w*|details|notes?) (?:of|for|on) (?:\w+ )?"
    r"(?:eval|benchmark|experiment|test|result)",
    re.IGNORECASE,
)
_OF_NUMBERS: Final = re.compile(
    r"\b(?:results?|numbers|scores?|figures|benchmarks?|models|rows|tables?|eval\w+|measured|reported|tested)\b",
    re.IGNORECASE,
)
_NARROWEST: Final = 7
_FAR: Final = 400  # lines up to a section's heading
_NOTE: Final = re.compile(r"(?P<mark>\^\{[^{}]{1,3}\}|\*{1,3}|[#†‡§¶¹²³⁴⁵⁶⁷⁸⁹])\s*[:.)]?\s*(?P<text>\S.{3,})")
_OF_TABLE: Final = re.compile(r"<(caption|tfoot)\b[^<>]{0,300}>(.{0,4000}?)</\1>", re.IGNORECASE | re.DOTALL)
_A_TABLE: Final = re.compile(r"<table\b.*?(?:</table>|$)|^(?:(?!<table).)*?</table>", re.IGNORECASE)
_BLOCK: Final = re.compile(
    r"</?(?:p|div|h[1-6]|li|ul|ol|section|article|main|body|html|figure|figcaption|blockquote|br|hr|tr|td|th|tbody"
    r"|summary|details)\b[^<>]{0,300}>",
    re.IGNORECASE,
)
_MAX_PAGE: Final = 1_000_000  # characters of a line
_CAPTION: Final = "\0"  # in front of a caption
_IS_NOTE: Final = re.compile(
    r"(?:[-\u2022*] )?(?:table|tab\.|notes?|n\.b\.|caption|remarks?|(?:evaluation )?settings?|setup|legend)\b"
    r"[ \d.]{0,6}[:\u2013-]",
    re.IGNORECASE,
)
_OF_MEANS: Final = re.compile(r"\b(?:with|using|via|by|under|after|w/)(?!\w)|\+", re.IGNORECASE)
_OF_LANGUAGES: Final = re.compile(
    r"\b(?:arabic|bengali|chinese|czech|dutch|french|german|greek|hebrew|hindi|indonesian|italian|japanese|korean"
    r"|mandarin|persian|polish|portuguese|romanian|russian|spanish|swahili|swedish|telugu|thai|turkish|ukrainian"
    r"|vietnamese)\b",
    re.IGNORECASE,
)
_OF_KINDS: Final = re.compile(
    r"\W*(?:(?:benchmark |task )?(?:category|categories|kinds?|domains?|areas?|types?|groups?|fields?|subjects?|topics?"
    r"|capability|capabilities|ability|abilities|skills?|dimensions?|aspects?|tasks?|modality|modalities)|language)?\W*",
    re.IGNORECASE,
)
_SHOTS_OF: Final = re.compile(r"(?P<name>[^()|,;:]{2,60})\((?P<shots>\d{1,2})[- ]shots?\b", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[-+]?\d+(?:\.\d+)?\s*%?.{0,12}", re.DOTALL)


def footnotes_in(text: str) -> dict[str, str]:
    """What stands at the foot of a card's tables, by its mark: ``^{1}`` → *avg of 64 runs*. The first of each mark."""
    found: dict[str, str] = {}
    for line in without_comments(text).splitlines():
        if "|" in line or line.lstrip().startswith(("* ", "# ", "##")):  # a table's row, an item of a list, a heading
            continue
        if note := _NOTE.fullmatch(plain(line[:_MAX_LINE].strip().removeprefix("- "))):
            found.setdefault(note["mark"], one_line(note["text"], _MAX_TEXT))
    return found


def sentences_beside(text: str, tables: Sequence[Table], model: str = "") -> list[str]:
    """What the lines before and after these tables, and their captions and feet, say that may change a test.

    The name of ``model`` is known in them. What the table's sections say first, sections on how it was measured, and
    notes anywhere on the page are farther away: of them only what says of help, modes or several answers.
    """
    known = frozenset(words_in(model))
    kept = [_that_matters(each, known) for each in dict.fromkeys(lines_beside(text, tables))]
    farther = (*_words_of_sections(text, tables), *_words_on_measuring(text), *_words_on_their_lines(text, tables))
    kept += [each for words in farther for each in sentences_in(words) if says_another_way(each)]
    return list(dict.fromkeys(one_line(each, _MAX_TEXT) for each in kept if each))


def lines_beside(text: str, tables: Sequence[Table]) -> list[str]:
    """The lines with words before and after these tables, and their captions and feet."""
    text = without_comments(text)
    lines = text.splitlines()
    said = [f"{_CAPTION}{plain(found[2][:_MAX_LINE])}" for found in _OF_TABLE.finditer(text)]
    for table in tables:
        last = max((cell.line for row in table.rows for cell in row), default=table.line)
        said += list(_words_of(reversed(lines[max(0, table.line - 1 - 4 * _ABOVE) : table.line - 1]), _ABOVE))
        said += list(_words_of(iter(lines[last : last + 4 * _BELOW]), _BELOW))
    return said


def _that_matters(line: str, known: Collection[str]) -> str:
    """Of a line near a table what may matter: a caption or a note is about the table, and is read as a whole."""
    text = line.removeprefix(_CAPTION)
    if text != line or _IS_NOTE.match(text):
        return text if _may_matter(text, TOPICS.union(known)) else ""
    return sentences_that_matter(text, known)


def with_shots_of_page(claims: Sequence[Claim], text: str) -> tuple[Claim, ...]:
    """The claims, those that state no worked examples with what the page says elsewhere: *MMLU (5-shot)*, in the note.

    A page of two models may say two numbers: then both stand there, and the claim is asked with neither.
    """
    found: dict[str, set[int]] = {}
    for line in without_comments(text).splitlines():
        if "|" not in line and "shot" in line.casefold():
            for said in _SHOTS_OF.finditer(plain(line[:_MAX_LINE])):
                spans = [said["name"][start:end] for start, end in benchmarks_in(said["name"])]
                fact = lookup(spans[-1]) if spans and said["name"].rstrip(" *").endswith(spans[-1]) else None
                if fact is not None:
                    found.setdefault(fact.id, set()).add(int(said["shots"]))
    return tuple(_with_shots(claim, found) for claim in claims) if found else tuple(claims)


def _with_shots(claim: Claim, found: Mapping[str, set[int]]) -> Claim:
    fact = lookup(claim.task)
    if fact is None or fact.id not in found or RequestedProtocol.of_claim(claim).stated_shots.in_words:
        return claim
    said = ", ".join(f"{number}-shot" for number in sorted(found[fact.id]))
    return msgspec.structs.replace(claim, note=f"{claim.note}; on the page: {fact.title} ({said})")


def _words_of(lines: Iterator[str], most: int) -> Iterator[str]:
    """The first lines with words, up to a heading or another table."""
    for line in lines:
        if "|" in line or re.match(r"\s*(?:#{1,6}\s|<table\b|```)", line, re.IGNORECASE):
            return
        words = plain(line[:_MAX_LINE]).lstrip("> ")
        if words and not _NOTE.fullmatch(words.removeprefix("- ")):  # a mark's own footnote is about what is marked
            most -= 1
            yield words
            if not most:
                return


def _words_of_sections(text: str, tables: Sequence[Table]) -> list[str]:
    """What the sections of these tables say first, such as *All results are in thinking mode*.

    A section is of its heading and all narrower ones; its first words stand before any of these and before any table.
    """
    lines = without_comments(text).splitlines()
    said: list[str] = []
    for table in tables:
        level, end = _NARROWEST, min(table.line - 1, len(lines))
        for at in range(end - 1, max(-1, end - 1 - _FAR), -1):
            if found := level_of(lines[at]):
                if found < level:
                    level = found
                    said += _words_of(iter(lines[at + 1 : end]), _ABOVE)
                end = at
    return list(dict.fromkeys(said))


def _words_on_their_lines(text: str, tables: Sequence[Table]) -> Iterator[str]:
    """What stands on the lines of tables in HTML, outside of these: a whole page may be one line."""
    lines = without_comments(text).splitlines()
    ends = {max((cell.line for row in table.rows for cell in row), default=table.line) for table in tables}
    for at in sorted({table.line for table in tables} | ends):
        line = lines[at - 1][:_MAX_PAGE] if at <= len(lines) else ""  # a table of CSV has no text around it
        if "<table" in line.casefold() or "</table" in line.casefold():
            yield from filter(None, (plain(each[:_MAX_LINE]) for each in _BLOCK.split(_A_TABLE.sub("<p>", line))))


def _words_on_measuring(text: str) -> Iterator[str]:
    """What the sections of the page say whose heading is of measuring, and notes: *Note: all models had tools*."""
    is_code, is_setup = False, False
    for line in without_comments(text).splitlines():
        is_code ^= FENCE.match(line) is not None
        if is_code or "|" in line or not (words := plain(line[:_MAX_LINE]).lstrip("> ")):
            continue
        if level_of(line):
            is_setup = _OF_SETUP.search(words) is not None
        elif is_setup or (_IS_NOTE.match(words) and _OF_NUMBERS.search(words)):
            yield words


def sections_of(table: Table) -> dict[int, str]:
    """For each row the text of the last row before it that has no number and one text alone; of the last such, all.

    Before it stand the table's headings that say by what means, or in which languages.
    """
    found, section = {}, ""
    for at, row in enumerate(table.rows):
        texts = {cell.text for cell in row if cell.text}
        if len(texts) == 1 and not any(_is_number(text) for text in texts):
            section = texts.pop()
        else:
            found[at] = section
    at_the_foot = section if table.rows and len(table.rows) - 1 not in found else ""
    headings = [
        each for each in table.headings if _OF_MEANS.search(each) or _OF_LANGUAGES.search(each) or counted_parts(each)
    ]
    return {at: " / ".join(filter(None, (*headings, text, at_the_foot))) for at, text in found.items()}


def said_in_row(
    row: Sequence[Cell], apart: Collection[int], section: str, head: Sequence[Sequence[Cell]], model: str
) -> str:
    """What a row says beside its numbers that is not known to change nothing; ``apart``: columns read elsewhere.

    Fields such as *Code* are known in a row that heads a part of the table, and in columns of kinds, by the ``head``;
    what stands there follows ``beside it``, and the rest ``in its row``.
    """
    known = frozenset(words_in(model))
    beside = [section] if _may_matter(section, TOPICS | known) else []
    within: list[str] = []
    for at, cell in enumerate(row):
        if at in apart or _is_number(cell.text):
            continue
        is_kind = not head or at >= len(head[0]) or _OF_KINDS.fullmatch(head[0][at].text) is not None
        if _may_matter(cell.text, TOPICS | known if is_kind else known):
            (beside if is_kind else within).append(cell.text)
    said = {"beside it": beside, "in its row": within}
    return "; ".join(
        f"{at}: {one_line(' / '.join(dict.fromkeys(what)), _MAX_TEXT)}" for at, what in said.items() if what
    )


def _is_number(text: str) -> bool:
    """Whether a cell holds a number and little beside it; *5-shot* says how it was measured."""
    return _NUMBER.fullmatch(text) is not None and "shot" not in text.casefold()


def _may_matter(text: str, known: Collection[str]) -> bool:
    return changes_a_test(text) or bool(unknown_words(text, "", (), known))
