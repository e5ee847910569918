"""Facts about well-known benchmarks: sizes, metrics, conventions, each with its source (``benchmarks.yaml``).

Facts only explain and annotate. A finding never rests on this table alone where a vendor did not state something.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

__all__ = ["Benchmark", "benchmarks", "benchmarks_in", "key_of", "keys_in", "lookup", "without_measure"]

_MAX_NAME = 6  # words in a benchmark's name
_MOST = 200  # characters of a name that are looked at
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_MEASURE = re.compile(
    r"\s*(?:\(\s*(?:(?:\d{1,2}|zero|few)[- ]shots?[,;]?\s*)?"
    r"(?:(?:em|exact match|acc\.?|accuracy|f1|pass@1|resolved|correct|cot|0-shot|average)\s*"
    rf"|(?:[\s0-9./\-–]|{_MONTH})+)?\)|\s[0-9]{{4}}\s?[-–]\s?[0-9]{{4}})\s*$",
    re.IGNORECASE | re.ASCII,
)
_WORD_OF_NAME = re.compile(r"[^\W_]+(?:\+{1,2}(?!\w))?")
_WITHIN_NAME = re.compile(r"[ \-_/']{0,3}")
TABLE = Path(__file__).with_name("benchmarks.yaml")


class Benchmark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One benchmark, as it is usually scored.

    ``size`` counts the samples of ``split``; of each ``per`` (language, setting) where that is set, and is None where
    it is not known or depends on a window of dates. ``averaging`` is what is usually averaged: generations
    (``passes``), subtasks or languages (``subtasks``), several metrics (``metrics``). ``chance`` is the accuracy of
    guessing, as a fraction. ``zero_one`` is whether the usual metric scores each sample 0 or 1. ``why_not`` says why no
    task can test such a number, and what can be claimed instead. ``sources`` gives a URL for each fact; facts without
    one of their own rest on ``all``.
    """

    id: str
    title: str
    aliases: tuple[str, ...] = ()
    size: int | None = None
    per: str = ""
    split: str = ""
    metric: str = ""
    protocol: str = ""
    averaging: tuple[Literal["passes", "subtasks", "metrics"], ...] = ()
    chance: float | None = None
    zero_one: bool = False
    why_not: str = ""
    hub: str = ""
    licence: str = ""
    sources: dict[str, str]

    @property
    def whole_size(self) -> int | None:
        """The number of samples behind one printed value; None where unknown."""
        return None if self.per else self.size

    @property
    def keys(self) -> frozenset[str]:
        """Every name of this benchmark, as :func:`key_of` reads it."""
        return frozenset(key_of(name) for name in (self.id, self.title, *self.aliases))


def key_of(name: str) -> str:
    """The normal form of a name: letters, digits and ``+`` (HumanEval+ is another benchmark), without case."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in folded if character.isalnum() or character == "+")


def keys_in(text: str) -> Iterator[str]:
    """The normal form of every run of up to six words, any of which may be a benchmark's name."""
    words = [key for word in re.split(r"[^\w+]+|_", text) if (key := key_of(word))]
    for start in range(len(words)):
        for end in range(start + 1, min(start + _MAX_NAME, len(words)) + 1):
            yield "".join(words[start:end])


@cache
def benchmarks() -> tuple[Benchmark, ...]:
    """The whole table, in the order of the file."""
    import yaml

    rows = yaml.load(TABLE.read_bytes(), Loader=yaml.CSafeLoader)
    return msgspec.convert(rows, tuple[Benchmark, ...])


@cache
def _by_key() -> dict[str, Benchmark]:
    return {key: benchmark for benchmark in benchmarks() for key in benchmark.keys}


def without_measure(name: str) -> str:
    """A name as a table prints it, without the measure, shots or dates in brackets after it: ``DROP (3-shot F1)``.

    Only one answer's measures: ``pass@10`` is another number, and stays.
    """
    return _MEASURE.sub("", name[:_MOST])


def lookup(name: str) -> Benchmark | None:
    """Find a benchmark by id, title or alias, whatever the case, spaces, dashes and underscores; None if unknown."""
    return _by_key().get(key_of(name))


def benchmarks_in(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of each known benchmark's name in a text, from left to right, the longest name at each place."""
    words = list(_WORD_OF_NAME.finditer(text))
    first = 0
    while first < len(words):
        for last in range(min(first + _MAX_NAME, len(words)) - 1, first - 1, -1):
            start, end = words[first].start(), words[last].end()
            gaps = (text[words[i].end() : words[i + 1].start()] for i in range(first, last))
            if all(_WITHIN_NAME.fullmatch(gap) for gap in gaps) and lookup(text[start:end]):
                yield start, end
                first = last
                break
        first += 1
