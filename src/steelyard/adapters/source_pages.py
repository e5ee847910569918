"""The vendor's pages beside a sheet: where each claim stands on them, and which of its fields they do not state.

A page is read by the readers of an import. It is a stranger's text: bounded, and never a path or a setting.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from steelyard.adapters.benchmark_names import task_in_name
from steelyard.adapters.card_file import MAX_BYTES, tables_of
from steelyard.adapters.card_tables import Table, plain, tables_in, without_comments
from steelyard.adapters.claims_file import read_claims
from steelyard.adapters.model_card import has_model_index
from steelyard.adapters.untrusted_json import read_bytes
from steelyard.claims.benchmarks import key_of, keys_in, lookup
from steelyard.claims.decoding import stated_temperature, states_decoding
from steelyard.errors import InputError
from steelyard.evidence import layout
from steelyard.planning.footnotes import with_footnotes
from steelyard.records import Claim, ClaimSheet, Protocol, SourceFile
from steelyard.tasks.requested import RequestedProtocol
from steelyard.tasks.stated_shots import plain as plain_letters
from steelyard.tasks.stated_shots import stated_shots, without_denied, without_shots
from steelyard.util.text import one_line

__all__ = ["Page", "bound", "placed", "sealed_name"]

MOST: Final = 20_000  # passages of a page
LENGTH: Final = 200  # characters of a passage on average, with all that is said there
FIX: Final = "give it with --source FILE, or take it out of source_files"
WINDOW: Final = 4_000  # characters of a line that are read together
# A number as it is printed; the 8 of "8-shot" and the 3.5 of "3.5-turbo" are parts of words.
NUMBER: Final = re.compile(r"(?<![\w.,])\d[\d.,]*+(?!\w|-[A-Za-z])")
THOUSANDS: Final = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
BLOCK: Final = re.compile(r"</?(?:p|div|h[1-6]|li|br|hr|tr|td|th|blockquote)\b[^<>]{0,300}>", re.IGNORECASE)
LISTED: Final = re.compile(r"\s*(?:[-*+\u2022#]|\d+[.)]\s)")
PHRASES: Final = re.compile(r"[,;/()|\n]| (?:and|with) ")


class _Passage(NamedTuple):
    """A text in which a value may stand, the texts that may name its benchmark, and all that is said there."""

    line: int
    text: str
    names: tuple[str, ...]
    said: str


class Page:
    """One source, read: the first passage of each of the claims, and what it states anywhere."""

    def __init__(self, source: SourceFile, path: Path, claims: Sequence[Claim]) -> None:
        tables, text = (tables_in(source.text), source.text) if source.text else tables_of(path)
        found = chain(_in_tables(tables), [] if source.text else _in_index(path, text), _in_lines(text))
        passages = list(islice(found, MOST + 1))
        said = list(dict.fromkeys(each.said for each in passages))
        if len(passages) > MOST or sum(map(len, said)) > MOST * LENGTH:
            raise InputError(f"has over {MOST:,} lines or cells, or long ones: keep those of claims", where=source.file)
        wanted = defaultdict[str, defaultdict[str, list[tuple[str, str]]]](lambda: defaultdict(list))
        for claim in claims:
            task = task_in_name(claim.task) or claim.task
            for key in {task, key_of(claim.task), *(fact.keys if (fact := lookup(task)) else ())}:
                wanted[key][claim.value.lstrip("-")].append((claim.value, claim.task))
        self.first: dict[tuple[str, str], _Passage] = {}  # by the claim's value and task
        for each in passages:  # once for all claims: a page may have one number in each line
            numbers = _numbers(each.text)
            for of_key in [wanted[key] for name in each.names if numbers for key in _names_in(name) & wanted.keys()]:
                for claimed in chain.from_iterable(of_key.pop(number) for number in numbers & of_key.keys()):
                    self.first.setdefault(claimed, each)
        self.words = f" {' | '.join(map(_words, said))} "
        self.shots = stated_shots(None, said).numbers
        self.decoding = set[float | str]().union(*map(_decoding, said))


def sealed_name(number: int, source: SourceFile) -> str:
    """The file of a page in the folder of a run, by its number among the sources, from 1."""
    return f"{layout.SOURCES}{number:02}-{re.sub(r'[^A-Za-z0-9._-]+', '-', source.file)[-80:]}"


def bound(sheet: ClaimSheet, path: Path, given: Sequence[Path] = ()) -> tuple[ClaimSheet, dict[str, bytes]]:
    """The sheet with each claim's place on its sources, and the pages to seal by their names in the folder of a run.

    The sources are those that the sheet at ``path`` names, beside it, and the files ``given``; without any, nothing
    changes. Raises InputError, with the sheet's line, for a source that is not there or another one, for a row that is
    on none, and for a source that only the sheet names and whose SHA-256 it does not know.
    """
    named = {Path(each.file).name: each for each in sheet.source_files}  # no name leads to another folder
    places = {name: path.parent / name for name in named} | {each.name: each for each in given}
    if len(places) > 50:  # the name of a sealed one has two digits
        raise InputError(f"has {len(places)} sources, over 50: split the sheet", where=path)
    read = [_read(named.get(name, SourceFile(file=name)), place, path, given) for name, place in places.items()]
    if not read:
        return sheet, {}
    sheet = replace(with_footnotes(sheet), source_files=tuple(source for source, _ in read))
    pages = [Page(each, place, sheet.claims) for each, place in zip(sheet.source_files, places.values(), strict=True)]
    sealed = {sealed_name(number, source): data for number, (source, data) in enumerate(read, 1) if not source.text}
    claims = tuple(placed(claim, pages, str(path)) for claim in sheet.claims)
    return replace(sheet, claims=claims), sealed


def _read(source: SourceFile, path: Path, sheet: Path, given: Sequence[Path]) -> tuple[SourceFile, bytes]:
    why = "is not there" if path in given else f"is not beside the sheet: {FIX}"
    if path not in given and not source.sha256:  # a stranger's sheet may name any file of the user's
        why = f"has no sha256: {FIX}"
    elif path.is_file():
        data = read_bytes(path, MAX_BYTES)
        digest, text = hashlib.sha256(data).hexdigest(), data.decode("utf-8", "ignore")
        is_text = not text.startswith("%PDF-") and "\0" not in text and text.encode() == data
        if source.sha256 not in ("", digest):
            why = f"is not the file that the sheet names: its SHA-256 is {digest}: restore it, or import it again"
        elif is_text and source.text:
            why = "is text, and sealed whole: leave out what is typed of it"
        elif not is_text and not source.text:
            why = "is not text in UTF-8: type what a PDF or an image says, source_files: [{file: …, text: …}]"
        else:
            return replace(source, sha256=digest), data
    raise InputError(f"{source.file} {why}", where=sheet, line=source.line or None)


def placed(claim: Claim, pages: Sequence[Page], where: str) -> Claim:
    """The claim with its place on the pages, and the names of its fields that are not there.

    Raises InputError, with the sheet's line, where no page has its value beside its benchmark's name.
    """
    for number, page in enumerate(pages, 1):
        if each := page.first.get((claim.value, claim.task)):
            text = " / ".join(dict.fromkeys(filter(None, (*each.names, each.text))))
            place = f"source {number}, line {each.line}: {one_line(text, 200)}"
            return replace(claim, place=place, unsourced=_unsourced(claim, each.said, pages))
    why = "is on no source: correct the row, or give with --source the page that has it beside this name"
    raise InputError(f"{one_line(claim.task, 80)!r} {claim.value} {why}", where=where, line=claim.line or None)


# ── the passages of a page ──────────────────────────────────────────────────────────────────────────────────────────


def _in_tables(tables: Sequence[Table]) -> Iterator[_Passage]:
    """Each cell, named by the words of its row and of its column's head, and by its table's heading."""
    for table in tables:
        for row in table.rows:
            heads = [tuple(line[at].text for line in table.head if at < len(line)) for at in range(len(row))]
            labels = [cell.text for cell in row if re.search(r"[^\W\d]{2}|^(?!\D*\d).*[^\W\d]", cell.text)]
            cells = (f"{' '.join(head)}: {cell.text}" for head, cell in zip(heads, row, strict=True))
            said = "; ".join(dict.fromkeys((*labels, *cells)))  # a cell of 200 columns is 200 cells of one text
            for head, cell in zip(heads, row, strict=True):
                yield _Passage(cell.line, cell.text, tuple(dict.fromkeys((*labels, *head, table.heading))), said)


def _in_index(path: Path, text: str) -> Iterator[_Passage]:
    """The results of a model-index, or of a file of Every Eval Ever, where name and number stand lines apart."""
    sheet = None
    with suppress(InputError):  # it is text all the same
        sheet = read_claims(path) if path.suffix.lower() == ".json" or has_model_index(text) else None
    for each in sheet.claims if sheet else ():
        said = f"{each.metric}; {each.note}; " + (f"{each.shots}-shot" if each.shots is not None else "")
        yield _Passage(1, each.value, (each.task,), said)


def _in_lines(text: str) -> Iterator[_Passage]:
    """The lines outside of tables, with the one before where a sentence may go on."""
    before = ""
    for number, line in enumerate(without_comments(without_comments(text), "<table", "</table>").splitlines(), 1):
        before = before if line.strip() and "|" not in line else ""
        for block in BLOCK.split(line) if "|" not in line else ():
            for at in range(0, len(block), WINDOW // 2):
                words = plain(block[at : at + WINDOW])
                said = words if LISTED.match(block[:20]) else f"{before} {words}"
                yield _Passage(number, words, (said,), said)
                before = words[-WINDOW // 4 :]


# ── what a text says ────────────────────────────────────────────────────────────────────────────────────────────────


def _numbers(text: str) -> set[str]:
    """The numbers of a text as a sheet writes them: with a decimal point, without separators of thousands."""
    printed = [each.rstrip(".,") for each in NUMBER.findall(plain_letters(text))]
    whole = {re.sub("[.,]", "", each) for each in printed if THOUSANDS.fullmatch(each)}
    return whole.union(printed, (each.replace(",", ".") for each in printed))


def _words(text: str) -> str:
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", plain_letters(text).casefold().replace("_", " "))
    return " ".join(re.findall(r"\w+", text))


@lru_cache(maxsize=512)  # the labels and heads of a table, which each of its cells has
def _names_in(text: str) -> frozenset[str]:
    """The benchmark that a text is the name of, by its id: MMLU-Pro is not MMLU; else all that may be a name in it."""
    known = task_in_name(text)
    return frozenset({known} if known else keys_in(text))


def _decoding(text: str) -> set[float | str]:
    """What a text says of decoding, read as a claim's field is: a temperature, or that answers were sampled."""
    said = without_denied(text)
    claim = Claim(task="", value="0", metric=said, protocol=Protocol(decoding=said))
    degrees = stated_temperature(claim)
    return {degrees} if degrees is not None else {"sampled"} if states_decoding(claim) else set()


def _unsourced(claim: Claim, near: str, pages: Sequence[Page]) -> tuple[str, ...]:
    """The fields of a claim that no page states: near the row, where it says something of the kind, else anywhere.

    Shots and decoding are there where the reader that reads the claim's finds the same, the others by their words.
    """
    fields: dict[str, Any] = msgspec.to_builtins(claim.protocol)
    fields |= {name: getattr(claim, name) for name in ("metric", "variant", "samples", "repeats")}
    is_there = {name: _is_on(said, pages) for name, said in fields.items()}
    if stated := _decoding(claim.protocol.decoding):
        is_there["decoding"] = stated <= (_decoding(near) or {each for page in pages for each in page.decoding})
    shots = stated_shots(None, (near,)).numbers or {each for page in pages for each in page.shots}
    is_there["shots"] = RequestedProtocol.of_claim(claim).stated_shots.numbers <= shots
    return tuple(name for name, found in is_there.items() if not found)


def _is_on(said: object, pages: Sequence[Page]) -> bool:
    """Whether a page has each phrase of a field, or its number, apart from the number of worked examples."""
    phrases = [words for each in PHRASES.split(str(said or "")) if (words := _words(without_shots(each)))]
    return all(any(f" {phrase} " in page.words for page in pages) for phrase in phrases)
