"""What a card says around its numbers: footnotes, other columns, rows that head a part of a table, sentences beside it.

A number that was reached with tools, by a vote or in another mode says so here, and seldom in its own cell.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from steelyard.adapters.card_headings import FENCE, level_of
from steelyard.adapters.card_tables import Cell, Table, plain, without_comments
from steelyard.claims.benchmarks import benchmarks_in, lookup
from steelyard.records import Claim
from steelyard.tasks.requested import RequestedProtocol
from steelyard.tasks.unsettled import SENTENCES, names_a_mode
from steelyard.util.text import one_line

__all__ = [
    "_MAX_TEXT",
    "footnotes_in",
    "lines_beside",
    "said_in_row",
    "sections_of",
    "sentences_beside",
    "with_shots_of_page",
]

_MAX_LINE: Final = 2000  # characters
_MAX_TEXT: Final = 1000
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
_IS_NOTE: Final = re.compile(
    r"(?:[-\u2022*] )?(?:table|tab\.|notes?|n\.b\.|caption|remarks?|(?:evaluation )?settings?|setup|legend)\b"
    r"[ \d.]{0,6}[:\u2013-]",
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


def sentences_beside(text: str, tables: Sequence[Table]) -> list[str]:
    """What the lines before and after these tables, their captions and their feet say, sentence by sentence.

    Sections on how numbers were measured, and notes on them anywhere on the page, are read as well. What the sections
    around the tables say first, and what else stands on a line of HTML with one, is farther away: of it only what
    speaks of numbers and names a mode of measuring.
    """
    near = (*lines_beside(text, tables), *_words_on_measuring(text))
    farther = (*_words_of_sections(text, tables), *_words_on_their_lines(text, tables))
    kept = [each for words in near for each in SENTENCES.split(words)]
    kept += [
        each for words in farther for each in SENTENCES.split(words) if _OF_NUMBERS.search(each) and names_a_mode(each)
    ]
    shown = (re.sub(r"^\[!\w+\]$", "", each.strip()) for each in kept)  # a kind of notice, as in Markdown
    return list(dict.fromkeys(one_line(each, _MAX_TEXT) for each in shown if re.search(r"\w", each)))


def lines_beside(text: str, tables: Sequence[Table]) -> list[str]:
    """The lines with words before and after these tables, and their captions and feet."""
    text = without_comments(text)
    lines = text.splitlines()
    said = [plain(found[2][:_MAX_LINE]) for found in _OF_TABLE.finditer(text)]
    for table in tables:
        last = max((cell.line for row in table.rows for cell in row), default=table.line)
        said += list(_words_of(reversed(lines[max(0, table.line - 1 - 4 * _ABOVE) : table.line - 1]), _ABOVE))
        said += list(_words_of(iter(lines[last : last + 4 * _BELOW]), _BELOW))
    return said


def with_shots_of_page(claims: Sequence[Claim], text: str) -> tuple[Claim, ...]:
    """The claims, those that state no worked examples with what the page says elsewhere: *MMLU (5-shot)*.

    A page of two models may say two numbers: then both stand in the note, and the claim is asked with neither.
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
    numbers = sorted(found[fact.id])
    if len(numbers) == 1:
        return msgspec.structs.replace(claim, shots=numbers[0])
    said = f"{fact.title} ({', '.join(f'{number}-shot' for number in numbers)})"
    return msgspec.structs.replace(claim, note="; ".join(filter(None, (claim.note, said))))


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
    """For each row what it stands under: the table's headings, the widest first, and its part of the table.

    A part is headed by the last row before it that has no number and one text alone; the last such row heads all.
    """
    found, section = {}, ""
    for at, row in enumerate(table.rows):
        texts = {cell.text for cell in row if cell.text}
        if len(texts) == 1 and not any(_is_number(text) for text in texts):
            section = texts.pop()
        else:
            found[at] = section
    at_the_foot = section if table.rows and len(table.rows) - 1 not in found else ""
    return {
        at: " / ".join(dict.fromkeys(filter(None, (*table.headings, text, at_the_foot)))) for at, text in found.items()
    }


def said_in_row(
    row: Sequence[Cell], apart: Collection[int], section: str, head: Sequence[Sequence[Cell]]
) -> tuple[str, str]:
    """What heads a row, and what it says beside its numbers; ``apart``: columns read elsewhere.

    Fields such as *Code* head it in columns of kinds, by the ``head``.
    """
    heading, within = [section], [""]
    for at, cell in enumerate(row):
        if at not in apart and not _is_number(cell.text):
            is_kind = not head or at >= len(head[0]) or _OF_KINDS.fullmatch(head[0][at].text) is not None
            (heading if is_kind else within).append(cell.text)
    headed, said = " / ".join(filter(None, dict.fromkeys(heading))), "; ".join(filter(None, dict.fromkeys(within)))
    return one_line(headed, _MAX_TEXT), one_line(said, _MAX_TEXT)


def _is_number(text: str) -> bool:
    """Whether a cell holds a number and little beside it; *5-shot* says how it was measured."""
    return _NUMBER.fullmatch(text) is not None and "shot" not in text.casefold()
