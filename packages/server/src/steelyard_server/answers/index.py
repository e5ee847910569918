"""Reading an index of answers: any page of any selection by a few pieces of the file, each checked as it is read."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from steelyard.errors import SteelyardError
from steelyard_server.answers.form import (
    DIGEST_BYTES,
    FORMAT,
    HEAD,
    LISTED,
    MAGIC,
    MAX_HEADER,
    OUTCOMES,
    PIECE,
    RECORD,
    SAMPLE,
    Entry,
    Header,
    list_number,
    mark_of,
    sample_digest,
)
from steelyard_server.answers.keeping import index_names
from steelyard_server.database.beneath import open_file

if TYPE_CHECKING:
    from steelyard_server.database.folder import DataFolder

__all__ = ["AnswerIndex", "Selection", "UnusableIndexError", "open_index"]

SCANNED: Final = 1_000  # scores of one sample that are looked at for a page
KEPT: Final = 500  # pieces in memory


class UnusableIndexError(SteelyardError):
    """There is no index of these answers, or none that this server made: it is to be made again."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which answers: of one measurement (its place in the header), of one outcome, as sealed alone, of one sample."""

    measurement: int | None = None
    outcome: int | None = None
    taken: bool = False
    sample: str = ""

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return self == Selection()


class AnswerIndex:
    """One open index. Answers are numbered from 1, in the order of the sealed scores.

    Raises UnusableIndexError as soon as a piece is read that is not as it was made.
    """

    def __init__(self, file: BinaryIO, header: Header, table: bytes, body_at: int) -> None:
        self.header = header
        self._file, self._table, self._body_at = file, table, body_at
        self._pieces: dict[int, bytes] = {}
        self._starts = header.starts
        self._lists_at = header.answers * RECORD.size
        self._samples_at = self._lists_at + self._starts[-1] * LISTED.size

    @property
    def total(self) -> int:
        """How many there are."""
        return self.header.answers

    def entry(self, number: int) -> Entry:
        """One of them; raises IndexError where there is none of this number."""
        if not 1 <= number <= self.total:
            raise IndexError(number)
        return Entry._make(RECORD.unpack(self._read((number - 1) * RECORD.size, RECORD.size)))

    def count(self, selection: Selection) -> int:
        """How many are selected."""
        if selection.is_all:
            return self.total
        if selection.sample:
            return sum(1 for _ in self._of_sample(selection, self._places_of_sample(selection.sample)[:SCANNED]))
        return sum(self.header.lists[each] for each in _lists_of(selection))

    def tallies(self) -> dict[str, dict[str, int]]:
        """By measurement, how many of its answers are of each outcome."""
        return {
            asked.id: {
                outcome: sum(self.header.lists[list_number(place, number, taken)] for taken in (False, True))
                for number, outcome in enumerate(OUTCOMES)
            }
            for place, asked in enumerate(self.header.measurements)
        }

    def after(self, selection: Selection, number: int, size: int) -> list[int]:
        """The first of the selected after ``number``, at most ``size``."""
        if selection.is_all:
            return [*range(max(1, number + 1), min(number + size, self.total) + 1)]
        if selection.sample:
            places = self._places_of_sample(selection.sample, after=number)[:SCANNED]
            return [*islice(self._of_sample(selection, places), size)]
        parts = (self._list(each).after(number, size) for each in _lists_of(selection))
        return sorted(chain.from_iterable(parts))[:size]

    def before(self, selection: Selection, number: int, size: int) -> list[int]:
        """The last of the selected before ``number``, at most ``size``, in their order."""
        number = min(number, self.total + 1)
        if selection.is_all:
            return [*range(max(1, number - size), number)]
        if selection.sample:
            places = self._places_of_sample(selection.sample, before=number)[-SCANNED:]
            return [*islice(self._of_sample(selection, places[::-1]), size)][::-1]
        parts = (self._list(each).before(number, size) for each in _lists_of(selection))
        return sorted(chain.from_iterable(parts))[-size:]

    def _list(self, number: int) -> _Numbers:
        begin = self._lists_at + self._starts[number] * LISTED.size
        return _Numbers(self.header.lists[number], lambda first, count: self._listed(begin, first, count))

    def _listed(self, begin: int, first: int, count: int) -> list[int]:
        data = self._read(begin + first * LISTED.size, count * LISTED.size)
        return [place + 1 for (place,) in LISTED.iter_unpack(data)]

    def _places_of_sample(self, sample: str, after: int = 0, before: int = 1 << 32) -> range:
        """Where one sample's scores between two numbers are named; a sample is known by 64 bits of its id's digest."""
        wanted = sample_digest(sample)
        begin = _first(self.total, lambda place: self._sample(place) > (wanted, after - 1))
        return range(begin, _first(self.total, lambda place: self._sample(place) >= (wanted, before - 1)))

    def _of_sample(self, selection: Selection, places: range) -> Iterator[int]:
        """The numbers that are named there, of scores that are selected."""
        for place in places:
            number = self._sample(place)[1] + 1
            entry = self.entry(number)
            if (
                selection.measurement in (None, entry.measurement)
                and selection.outcome in (None, entry.outcome)
                and (entry.taken or not selection.taken)
            ):
                yield number

    def _sample(self, place: int) -> tuple[int, int]:
        digest, number = SAMPLE.unpack(self._read(self._samples_at + place * SAMPLE.size, SAMPLE.size))
        return digest, number

    def _read(self, place: int, length: int) -> bytes:
        """So many bytes of the body, from checked pieces."""
        first, last = place // PIECE, (place + max(length, 1) - 1) // PIECE
        data = b"".join(map(self._piece, range(first, last + 1)))
        found = data[place - first * PIECE :][:length]
        if len(found) < length:
            raise UnusableIndexError("the index is too short")
        return found

    def _piece(self, number: int) -> bytes:
        if (piece := self._pieces.get(number)) is None:
            piece = os.pread(self._file.fileno(), PIECE, self._body_at + number * PIECE)
            wanted = self._table[number * DIGEST_BYTES : (number + 1) * DIGEST_BYTES]
            if not wanted or hashlib.sha256(piece).digest()[:DIGEST_BYTES] != wanted:
                raise UnusableIndexError("the index was changed")
            if len(self._pieces) >= KEPT:
                self._pieces.clear()
            self._pieces[number] = piece
        return piece


def _lists_of(selection: Selection) -> list[int]:
    outcomes = range(len(OUTCOMES)) if selection.outcome is None else [selection.outcome]
    return [
        list_number(selection.measurement, outcome, taken)
        for outcome in outcomes
        for taken in ([True] if selection.taken else [False, True])
    ]


@dataclass(frozen=True)
class _Numbers:
    """An ascending list of numbers that is read in parts: how many, and what gives so many from one place on."""

    length: int
    read: Callable[[int, int], list[int]]

    def after(self, number: int, size: int) -> list[int]:
        begin = _first(self.length, lambda place: self.read(place, 1)[0] > number)
        return self.read(begin, min(size, self.length - begin))

    def before(self, number: int, size: int) -> list[int]:
        end = _first(self.length, lambda place: self.read(place, 1)[0] >= number)
        begin = max(0, end - size)
        return self.read(begin, end - begin)


def _first(length: int, is_beyond: Callable[[int], bool]) -> int:
    """The first place for which something holds that holds for all later ones; ``length`` where there is none."""
    low, high = 0, length
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if is_beyond(middle) else (middle + 1, high)
    return low


@contextmanager
def open_index(data: DataFolder, key: str, seal: str, secret: bytes) -> Iterator[AnswerIndex]:
    """The index of the run in the folder ``key``, until the end of the block.

    Raises UnusableIndexError where there is none, where it has not this server's mark, and where it is of another run
    or of another version.
    """
    try:
        file = open_file(data.path, *index_names(key))
    except OSError:
        raise UnusableIndexError("there is no index yet") from None
    with file:
        yield _checked(file, seal, secret)


def _checked(file: BinaryIO, seal: str, secret: bytes) -> AnswerIndex:
    head = file.read(HEAD.size)
    if len(head) < HEAD.size:
        raise UnusableIndexError("the index is too short")
    magic, header_bytes, table_bytes, mark = HEAD.unpack(head)
    if magic != MAGIC or header_bytes > MAX_HEADER or table_bytes > os.fstat(file.fileno()).st_size:
        raise UnusableIndexError("this is no index")
    encoded, table = file.read(header_bytes), file.read(table_bytes)
    if not hmac.compare_digest(mark, mark_of(secret, encoded, table)):
        raise UnusableIndexError("the index has not this server's mark")
    try:
        header = msgspec.json.decode(encoded, type=Header)
    except msgspec.DecodeError:
        raise UnusableIndexError("the index is of another version") from None
    if header.format != FORMAT or header.seal != seal:
        raise UnusableIndexError("the index is of another run or version")
    return AnswerIndex(file, header, table, HEAD.size + header_bytes + table_bytes)
