"""Patterns that others wrote (in a task's file, a sheet, a plan): matched by RE2, which never backtracks.

They mean what they mean in Python, see :mod:`steelyard.util.pattern_translation`. What RE2 cannot do is refused: a
limit of time instead would let a verdict depend on the machine. Texts and programs are bounded too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

from steelyard.errors import InputError
from steelyard.util.pattern_translation import Translated, translated

__all__ = ["ForeignPattern", "Found", "compiled"]

MAX_INSTRUCTIONS: Final = 500  # at worst, RE2 follows each of them for each character
MAX_STEPS: Final = 500_000_000  # characters that all searches of one replacement may read

_IN_REPLACEMENT: Final = re.compile(
    r"\\(?:([1-9])(?![0-9])|g<([0-9]{1,2}|[A-Za-z_][A-Za-z0-9_]{0,60})>|(.)|\Z)", re.DOTALL
)
_ESCAPES: Final = {"\\": "\\", "n": "\n", "t": "\t", "r": "\r"}


@dataclass(frozen=True, slots=True)
class Found:
    """One match: the text of each group (None where it took no part), the whole first, and where it begins and ends."""

    groups: tuple[str | None, ...]
    start: int
    end: int


def compiled(pattern: object) -> ForeignPattern:
    """The pattern, ready to match. Raises InputError, in one line, for one that is refused."""
    if not isinstance(pattern, str):
        raise InputError(f"a pattern is a text, not {type(pattern).__name__}")
    return _compiled(pattern)


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> ForeignPattern:
    return ForeignPattern(pattern, translated(pattern))


class ForeignPattern:
    """A compiled pattern; see :func:`compiled`."""

    def __init__(self, pattern: str, translation: Translated) -> None:
        self._shown = f"the pattern {pattern[:60]!r}"
        self._translation = translation
        self._encode = translation.alphabet.encode
        self._program = self._compile(translation.pattern)
        if self._program.programsize > MAX_INSTRUCTIONS:
            raise InputError(f"{self._shown} is too large: {MAX_INSTRUCTIONS} instructions of RE2 are the most")
        self.group_count: int = self._program.groups
        self.may_be_empty = translation.may_be_empty

    def _compile(self, pattern: bytes) -> Any:
        import re2

        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.log_errors = False
        try:
            return re2.compile(pattern, options)
        except re2.error as error:
            why = error.args[0] if error.args else ""
            why = why.decode("ascii", "replace") if isinstance(why, bytes) else str(why)
            raise InputError(f"{self._shown} cannot be compiled by RE2: {why}"[:300]) from None

    @cached_property
    def _last_program(self) -> Any:
        # Each round takes the first match behind the one before, so the group holds the last: in one pass.
        return self._compile(rb"\A(?:[\x00-\xff]*?(" + self._translation.pattern + b"))*")

    def first(self, text: str) -> Found | None:
        """The first match, as ``re.search`` finds it."""
        return _found(text, self._program.search(self._encode(text)))

    def last(self, text: str) -> Found | None:
        """The last match that ``re.finditer`` finds. Raises InputError for a pattern that can match nothing."""
        if self.may_be_empty:
            raise InputError(f"{self._shown} can match nothing at all, so its last match is empty: use the first")
        encoded = self._encode(text)
        start = self._last_program.match(encoded).start(1)
        # Again from where it begins: a group that took no part in the last match may hold an earlier one's text.
        return None if start < 0 else _found(text, self._program.match(encoded, start))

    def replace(self, text: str, replacement: str) -> str:
        r"""As ``re.sub``, with ``\1`` to ``\9`` and ``\g<…>``. Raises InputError where it would take too long."""
        if self.may_be_empty and not self._translation.empty_comes_last:
            raise InputError(f"{self._shown} prefers to match nothing: put what takes a character first")
        pieces = self._pieces(replacement)
        encoded = self._encode(text)
        parts: list[str] = []
        place = copied = steps = 0
        while place <= len(text) and (match := self._program.search(encoded, place)):
            steps += len(text) - place
            if steps > MAX_STEPS:
                raise InputError(f"{self._shown} matches too often in a text of {len(text):,} characters")
            start, end = match.span()
            parts.append(text[copied:start])
            parts += [piece if isinstance(piece, str) else text[slice(*_span(match, piece))] for piece in pieces]
            copied, place = end, end + (start == end)
        return "".join([*parts, text[copied:]])

    def _pieces(self, replacement: str) -> list[str | int]:
        pieces: list[str | int] = []
        place = 0
        for each in _IN_REPLACEMENT.finditer(replacement):
            number, name, character = each.groups()
            pieces.append(replacement[place : each.start()])
            place = each.end()
            group = number or name
            if group is None:
                if character not in _ESCAPES:
                    raise InputError(rf"the replacement {replacement[:60]!r}: only \1 to \9, \g<…>, \n, \t, \r and \\")
                pieces.append(_ESCAPES[character])
                continue
            index = int(group) if group.isdigit() else self._translation.names.get(group, -1)
            if not 0 <= index <= self.group_count:
                raise InputError(f"the replacement {replacement[:60]!r}: {self._shown} has no group {group}")
            pieces.append(index)
        return [piece for piece in [*pieces, replacement[place:]] if piece != ""]


def _span(match: Any, group: int) -> tuple[int, int]:
    start, end = match.span(group)
    return max(start, 0), max(end, 0)


def _found(text: str, match: Any) -> Found | None:
    if match is None:
        return None
    spans = [match.span(number) for number in range(match.re.groups + 1)]
    texts = tuple(None if start < 0 else text[start:end] for start, end in spans)
    return Found(texts, *spans[0])
