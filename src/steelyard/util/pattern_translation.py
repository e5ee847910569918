r"""Python's regular expressions for RE2: the same matches, in time linear in the text.

RE2 knows other meanings of ``\w``, ``\b``, ``$`` and of case. So it never sees the text's characters: they are mapped
to bytes, one for each class of characters that the pattern tells apart, and the pattern is written over these bytes.
Python says which characters a class has; an ASCII letter, digit or ``_`` stands for those that ``\b`` takes for parts
of words, and a line feed for a newline that ``$`` stops at.
"""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from steelyard.errors import InputError
from steelyard.util.code_points import (
    EVERYTHING,
    Partition,
    Ranges,
    category,
    complement,
    in_either_case,
    one,
    union,
)

__all__ = ["Alphabet", "Translated", "translated"]

MAX_PATTERN: Final = 2_000
_MAX_REPEATS: Final = 1_000  # RE2's own limit
_NEWLINE: Final = 0x0A
_WORD_BYTES: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"

# Python's own parser, though its name is private: any other would be a second meaning. What it says and we do not know
# is refused.
_parse: Callable[[str], Any] = importlib.import_module("re._parser").parse

_REFUSED: Final = {
    "ASSERT": "looks ahead or behind",
    "ASSERT_NOT": "looks ahead or behind",
    "FAILURE": "looks ahead or behind",
    "GROUPREF": "refers back to a group",
    "GROUPREF_EXISTS": "depends on a group",
    "POSSESSIVE_REPEAT": "has a possessive repetition",
    "ATOMIC_GROUP": "has an atomic group",
}


@dataclass(frozen=True, slots=True)
class Alphabet:
    """Which byte stands for which character. ``final_newline``: the last newline has a byte of its own."""

    table: _Table
    final_newline: bool

    def encode(self, text: str) -> bytes:
        """A byte for each character."""
        if self.final_newline and text.endswith("\n"):
            return text[:-1].translate(self.table).encode("latin-1") + b"\n"
        return text.translate(self.table).encode("latin-1")


@dataclass(frozen=True, slots=True)
class Translated:
    """A pattern over an alphabet, as RE2 takes it.

    ``may_be_empty``: it can match nothing. ``empty_comes_last``: only where it can match nothing else there.
    """

    pattern: bytes
    alphabet: Alphabet
    names: dict[str, int]
    may_be_empty: bool
    empty_comes_last: bool


def translated(pattern: str) -> Translated:
    """The pattern for RE2. Raises InputError, in one line, for what is no pattern or cannot be had in linear time."""
    if len(pattern) > MAX_PATTERN:
        raise InputError(f"a pattern of {len(pattern):,} characters: {MAX_PATTERN:,} are the most")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "possible nested set": said to the pattern's author by Python alone
            tree = _parse(pattern)
        writer = _Writer()
        writer.sequence(tree, tree.state.flags)
        return writer.finished(tree)
    except (re.error, OverflowError, RecursionError) as error:
        raise InputError(f"{_shown(pattern)} is no pattern: {str(error) or type(error).__name__}") from None
    except _Refused as refused:
        raise InputError(f"{_shown(pattern)} {refused}, which takes no bounded time: write it without") from None
    except _Unsupported as refused:
        raise InputError(f"{_shown(pattern)} {refused}") from None


def _shown(pattern: str) -> str:
    return f"the pattern {pattern[:60]!r}{'…' * (len(pattern) > 60)}"


class _Refused(Exception):
    pass


class _Unsupported(Exception):
    pass


@dataclass(slots=True)
class _Writer:
    """Writes Python's syntax tree for RE2; a class of characters is a number until all of them are known."""

    parts: list[str | int] = field(default_factory=list)
    classes: dict[Ranges, int] = field(default_factory=dict)
    boundaries: set[bool] = field(default_factory=set)  # \b of Unicode words (False), of ASCII words (True)
    ends: set[bool] = field(default_factory=set)  # ^ and $ at every line (True), $ at the end alone (False)

    def sequence(self, tree: Iterable[tuple[Any, Any]], flags: int) -> None:
        for operation, argument in tree:
            name = str(operation)
            if name in _REFUSED:
                raise _Refused(_REFUSED[name])
            write = getattr(self, f"_{name.lower()}", None)
            if write is None:
                raise _Unsupported(f"has {name}, which is not known here")
            write(argument, flags)

    # ── characters ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _class(self, members: Ranges, items: str, flags: int, negated: bool = False) -> None:
        if flags & re.IGNORECASE:
            members = in_either_case(members, items, bool(flags & re.ASCII))
        if negated:
            members = complement(members)
        self.parts.append(self.classes.setdefault(members, len(self.classes)))

    def _literal(self, code_point: int, flags: int) -> None:
        self._class(one(code_point), _escaped(code_point), flags)

    def _not_literal(self, code_point: int, flags: int) -> None:
        self._class(one(code_point), _escaped(code_point), flags, negated=True)

    def _any(self, _: None, flags: int) -> None:
        self._class(EVERYTHING if flags & re.DOTALL else complement(one(_NEWLINE)), "", 0)

    def _in(self, items: list[tuple[Any, Any]], flags: int) -> None:
        sets: list[Ranges] = []
        written: list[str] = []
        negated = False
        for operation, argument in items:
            match str(operation):
                case "NEGATE":
                    negated = True
                case "LITERAL":
                    sets.append(one(argument))
                    written.append(_escaped(argument))
                case "RANGE":
                    sets.append(one(*argument))
                    written.append("-".join(map(_escaped, argument)))
                case "CATEGORY":
                    letter = str(argument).rpartition("_")[2][0].lower()
                    found, is_not = category(letter, bool(flags & re.ASCII)), "_NOT_" in str(argument)
                    sets.append(complement(found) if is_not else found)
                    written.append(f"\\{letter.upper() if is_not else letter}")
                case unknown:
                    raise _Unsupported(f"has {unknown}, which is not known here")
        self._class(union(sets), "".join(written), flags, negated)

    # ── structure ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _subpattern(self, argument: tuple[int | None, int, int, Any], flags: int) -> None:
        group, added, removed, tree = argument
        self.parts.append("(?:" if group is None else "(")
        self.sequence(tree, (flags | added) & ~removed)
        self.parts.append(")")

    def _branch(self, argument: tuple[None, list[Any]], flags: int) -> None:
        for number, tree in enumerate(argument[1]):
            self.parts.append("|" if number else "(?:")
            self.sequence(tree, flags)
        self.parts.append(")")

    def _max_repeat(self, argument: tuple[int, Any, Any], flags: int, lazy: str = "") -> None:
        least, most, tree = argument
        unbounded = str(most) == "MAXREPEAT"
        if (unbounded or most > 1) and _may_be_empty(tree):
            raise _Unsupported("repeats what can be empty: write the inner part so that it takes a character")
        if max(least, 0 if unbounded else most) > _MAX_REPEATS:
            raise _Unsupported(f"counts beyond {_MAX_REPEATS:,}: use * or + there")
        self.parts.append("(?:")
        self.sequence(tree, flags)
        self.parts.append(f"){{{int(least)},{'' if unbounded else int(most)}}}{lazy}")

    def _min_repeat(self, argument: tuple[int, Any, Any], flags: int) -> None:
        self._max_repeat(argument, flags, lazy="?")

    def _at(self, place: Any, flags: int) -> None:
        multiline = bool(flags & re.MULTILINE)
        match str(place):
            case "AT_BEGINNING_STRING":
                self.parts.append(r"\A")
            case "AT_BEGINNING":
                self.parts.append("(?m:^)" if multiline else r"\A")
                self.ends |= {True} if multiline else set()
            case "AT_END":
                self.parts.append("(?m:$)")
                self.ends.add(multiline)
            case "AT_END_STRING":
                self.parts.append(r"\z")
            case "AT_BOUNDARY":
                self.parts.append(r"\b")
                self.boundaries.add(bool(flags & re.ASCII))
            case "AT_NON_BOUNDARY":
                raise _Unsupported(r"has \B, which means something else in each version of Python")
            case unknown:
                raise _Unsupported(f"has {unknown}, which is not known here")

    # ── the alphabet ────────────────────────────────────────────────────────────────────────────────────────────────

    def finished(self, tree: Any) -> Translated:
        """The pattern over bytes, once every class is known."""
        if len(self.ends) > 1:
            raise _Unsupported("has ^ or $ for every line and $ for the end: use \\Z for the end")
        if len(self.boundaries) > 1:
            raise _Unsupported("has \\b with (?a) and without")
        word = category("w", ascii_only=True in self.boundaries)
        sets = [*self.classes, one(_NEWLINE), word]
        if not self.boundaries:
            sets.pop()
        partition = Partition(sets)
        newline, last = partition.cell(_NEWLINE), False in self.ends
        words = set(partition.inside[-1]) if self.boundaries else None
        codes = _codes(partition, words, newline, last)
        written = [
            part
            if isinstance(part, str)
            else _bracketed({code for cell in partition.inside[part] for code in codes[cell]})
            for part in self.parts
        ]
        table = _Table(partition, [each[0] for each in codes])
        return Translated(
            pattern="".join(written).encode("ascii"),
            alphabet=Alphabet(table, final_newline=last),
            names=dict(tree.state.groupdict),
            may_be_empty=_may_be_empty(tree),
            empty_comes_last=_empty_comes_last(tree),
        )


def _codes(partition: Partition, words: set[int] | None, newline: int, last: bool) -> list[tuple[int, ...]]:
    """The bytes of each cell: one, and for newlines a second one where the last newline has its own."""
    free = {True: [*_WORD_BYTES], False: [byte for byte in range(256) if byte not in _WORD_BYTES and byte != _NEWLINE]}
    found: list[tuple[int, ...]] = []
    for cell, first in enumerate(partition.cells):
        if cell == newline and not last:
            found.append((_NEWLINE,))
            continue
        kinds = [True, False] if words is None else [cell in words]
        kind = next((each for each in kinds if free[each]), None)
        if kind is None:
            raise _Unsupported("tells too many characters apart")
        code = first if first in free[kind] else free[kind][-1]
        free[kind].remove(code)
        found.append((code, _NEWLINE) if cell == newline else (code,))
    return found


class _Table(dict[int, str]):
    """From a code point to its byte as a character, filled as texts need it."""

    __slots__ = ("_codes", "_partition")

    def __init__(self, partition: Partition, codes: list[int]) -> None:
        super().__init__()
        self._partition, self._codes = partition, codes

    def __missing__(self, code_point: int) -> str:
        found = chr(self._codes[self._partition.cell(code_point)])
        if len(self) < 5_000:  # a text with every character that there is must not fill the memory
            self[code_point] = found
        return found


def _escaped(code_point: int) -> str:
    return rf"\U{code_point:08x}"


def _bracketed(codes: set[int]) -> str:
    if not codes:
        return r"[^\x00-\xff]"
    runs = union(one(code) for code in codes)
    return "[" + "".join(rf"\x{start:02x}-\x{end - 1:02x}" for start, end in runs) + "]"


def _may_be_empty(tree: Any) -> bool:
    return bool(tree.getwidth()[0] == 0)


def _empty_comes_last(tree: Any) -> bool:
    """Whether a match that is empty shows that no other begins there: each choice prefers what takes a character.

    Where it does not, as in ``|a``, Python finds both matches at one place, one after another.
    """
    for operation, argument in tree:
        match str(operation):
            case "BRANCH":
                *others, last = argument[1]
                if any(map(_may_be_empty, others)) or not _empty_comes_last(last):
                    return False
            case "SUBPATTERN":
                if not _empty_comes_last(argument[3]):
                    return False
            case "MAX_REPEAT":
                if _may_be_empty(argument[2]):
                    return False
            case "MIN_REPEAT":
                if argument[0] == 0 or _may_be_empty(argument[2]):
                    return False
    return True
