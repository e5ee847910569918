r"""Sets of code points, with Python's own meaning of ``\w``, ``\d``, ``\s`` and of case."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cache

__all__ = ["EVERYTHING", "Partition", "Ranges", "category", "complement", "in_either_case", "one", "union"]

Ranges = tuple[tuple[int, int], ...]  # sorted, disjoint and half-open

END = 0x110000
EVERYTHING: Ranges = ((0, END),)


def one(first: int, last: int | None = None) -> Ranges:
    """One code point, or all from ``first`` to ``last``."""
    return ((first, (first if last is None else last) + 1),)


def union(sets: Iterable[Ranges]) -> Ranges:
    """What is in any of the sets."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(each for ranges in sets for each in ranges):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return tuple(found)


def complement(ranges: Ranges) -> Ranges:
    """What is not in the set."""
    edges = [0, *(edge for each in ranges for edge in each), END]
    return tuple((start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end)


@cache
def _all() -> str:
    return "".join(map(chr, range(END)))


@cache
def category(letter: str, ascii_only: bool) -> Ranges:
    r"""The code points that ``\w``, ``\d`` or ``\s`` matches in Python."""
    runs = re.finditer(rf"\{letter}+", _all(), re.ASCII if ascii_only else 0)
    return tuple(run.span() for run in runs)


@cache
def _cased() -> tuple[str, Ranges]:
    """The code points that another one equals where case makes no difference, and perhaps a few more."""
    changed = {each for each in _all() if each.lower() != each or each.upper() != each}
    found = "".join(sorted(changed | {each.lower() for each in changed if len(each.lower()) == 1}))
    return found, union(one(ord(each)) for each in found)


def in_either_case(ranges: Ranges, items: str, ascii_only: bool) -> Ranges:
    r"""What a class matches under ``re.IGNORECASE``: Python is asked, for each cased code point.

    ``ranges`` are its members otherwise; ``items`` is what stands between its brackets, since Python reads ``\w`` there
    in another way than the letters that it has.
    """
    texts, cased = _cased()
    matched = re.findall(f"[{items}]", texts, re.IGNORECASE | (re.ASCII if ascii_only else 0))
    uncased = complement(union([complement(ranges), cased]))
    return union([*(one(ord(each)) for each in matched), uncased])


class Partition:
    """Splits the code points into *cells* that none of the given sets tells apart.

    (The minterms of symbolic automata: Veanes, de Halleux and Tillmann 2010, "Rex".)
    ``cells[number]`` is the first code point of a cell, ``inside[set]`` the numbers of the cells in a set.
    """

    def __init__(self, sets: Sequence[Ranges]) -> None:
        changes: dict[int, int] = {0: 0}  # where, and which sets begin or end there, a bit each
        for number, ranges in enumerate(sets):
            for edge in (edge for each in ranges for edge in each):
                changes[edge] = changes.get(edge, 0) ^ (1 << number)
        changes.pop(END, None)
        self._starts = sorted(changes)
        self._cell_of: list[int] = []
        numbers: dict[int, int] = {}
        self.cells: list[int] = []
        members = 0
        for start in self._starts:
            members ^= changes[start]
            if members not in numbers:
                numbers[members] = len(self.cells)
                self.cells.append(start)
            self._cell_of.append(numbers[members])
        self.inside = [[cell for bits, cell in numbers.items() if bits >> which & 1] for which in range(len(sets))]

    def cell(self, code_point: int) -> int:
        """The number of the cell that holds a code point."""
        return self._cell_of[bisect_right(self._starts, code_point) - 1]
