"""The rows of a claim sheet, with the facts of their benchmarks and footnotes, as the desk screen reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from steelyard.claims.benchmarks import Benchmark, key_of, keys_in, lookup
from steelyard.records import Claim, ClaimSheet, Protocol

__all__ = ["DETECTOR", "SHOWN", "Footnotes", "Row", "rows_of", "short"]

DETECTOR = "desk_screen"
SHOWN = 4  # how many names or lines a message lists before "and N more"

# zero_one: each answer is right or wrong. graded: within 0 to 1, with partial credit. unbounded: may exceed that range.
Scoring = Literal["zero_one", "graded", "unknown", "unbounded"]

_ZERO_ONE = re.compile(
    r"accuracy|acc|acc ?norm|acc ?char|em|(?:quasi )?exact ?match|pass@1|resolved|mc1|(?:relaxed|strict) accuracy"
)
_GRADED = re.compile(r"\b(?:f1|anls|chrf|bleu|rouge|mc2|win ?rate)")
# A metric with one of these words is within 0 to 1, unless a word of the second list shifts or scales it.
_BOUNDED = re.compile(
    _GRADED.pattern
    + r"|\b(?:accurac(?:y|ies)|acc|em|match|mc1|pass|precision|recall|resolved|success|solved?|correct)\b"
)
_SHIFTED = re.compile(
    r"\b(?:gain|improvement|delta|difference|change|relative|lift|loss|error|normali[sz]ed|adjusted|corrected|over|minus"
    r"|vs|human)\b"
)
_AVERAGED = re.compile(
    r"averag|\bmean\b|\bmacro|weighted|multiple|several|generations|\bruns\b|\bseeds\b|\bpasses\b|partial|credit|"
    r"best[- ]of|majority|maj@|cons@|consensus|median|bootstrap|exclud|omit|dropp|skipp|\bsubset",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Row:
    """One claim with its id in the sheet, its benchmark if known, and the footnotes on averaging."""

    id: str
    claim: Claim
    fact: Benchmark | None
    footnotes: Footnotes

    @property
    def name_keys(self) -> frozenset[str]:
        """Every name of the row's task, for the search in footnotes."""
        own = key_of(self.claim.task)
        return self.fact.keys | {own} if self.fact else frozenset({own})

    @property
    def in_range(self) -> bool:
        """Whether the value is within its unit's range; ratings and points have no range."""
        return not self.claim.is_proportion or 0 <= self.claim.number <= self.claim.scale

    @property
    def items(self) -> int | None:
        """The items behind the value: as stated, otherwise the benchmark's size if the value covers all of it."""
        return self.claim.samples or (self.fact.whole_size if self.fact else None)

    @cached_property
    def scoring(self) -> Scoring:
        """How the metric scores an answer, as far as the sheet and the benchmark's facts show."""
        metric = self.claim.metric
        if not metric:
            return "unknown" if self.fact is None else "zero_one" if self.fact.zero_one else "graded"
        bare = re.sub(r"\(.*?\)", "", re.sub(r"[\s_\-]+", " ", metric.casefold())).strip()
        if _ZERO_ONE.fullmatch(bare):
            return "unknown" if self.fact and not self.fact.zero_one else "zero_one"
        if _SHIFTED.search(bare) or not _BOUNDED.search(bare):
            return "unbounded"
        return "graded" if _GRADED.search(bare) else "unknown"

    @cached_property
    def averaging_remarks(self) -> tuple[str, ...]:
        """The sheet's remarks on how this row was averaged: the row's own note first, then the footnotes."""
        own = (
            self.claim.note,
            self.claim.metric,
            *(
                text
                for name in Protocol.__struct_fields__
                if isinstance(text := getattr(self.claim.protocol, name), str)
            ),
        )
        return tuple(text for text in own if _AVERAGED.search(text)) + self.footnotes.about(self.name_keys)

    @property
    def averaging_beside(self) -> tuple[str, ...]:
        """The remarks to quote in a note: if some name the task, only those."""
        named = self.footnotes.naming(self.name_keys)
        return named or self.averaging_remarks

    @property
    def states_plain_average(self) -> bool:
        """Whether the sheet states items, passes and unweighted 0/1 scores, and nothing that contradicts them.

        Where averaging over subtasks is customary, only ``average: micro`` rules it out.
        """
        claim = self.claim
        if not (claim.is_proportion and self.in_range and claim.samples and isinstance(claim.repeats, int)):
            return False
        if self.scoring != "zero_one" or claim.average not in ("", "micro"):
            return False
        customary = self.fact is not None and "subtasks" in self.fact.averaging
        return not (claim.average == "" and customary) and not self.averaging_remarks


class Footnotes:
    """The footnotes on averaging, found by the tasks that they name; one without a task applies to all."""

    def __init__(self, footnotes: tuple[str, ...], task_keys: frozenset[str]) -> None:
        self._by_key: dict[str, list[str]] = {}
        self._general: list[str] = []
        for footnote in filter(_AVERAGED.search, footnotes):
            named = task_keys.intersection(keys_in(footnote))
            for key in named:
                self._by_key.setdefault(key, []).append(footnote)
            if not named:
                self._general.append(footnote)

    def naming(self, keys: frozenset[str]) -> tuple[str, ...]:
        """The footnotes on averaging that name one of these tasks."""
        return tuple(dict.fromkeys(footnote for key in sorted(keys) for footnote in self._by_key.get(key, ())))

    def about(self, keys: frozenset[str]) -> tuple[str, ...]:
        """The footnotes on averaging that name one of these tasks, then those that name no task."""
        return (*self.naming(keys), *self._general)


def short(text: str, limit: int = 240) -> str:
    """Text of the sheet, cut to ``limit`` characters; it is escaped where it is shown."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def rows_of(sheet: ClaimSheet) -> list[Row]:
    """The sheet's rows, each with its benchmark and its footnotes."""
    facts = [lookup(claim.task) for claim in sheet.claims]
    known = {fact.id: fact for fact in facts if fact}.values()
    keys = {key_of(claim.task) for claim in sheet.claims}.union(*(fact.keys for fact in known))
    footnotes = Footnotes(sheet.footnotes, frozenset(keys))
    return [
        Row(f"claims[{index}]", claim, fact, footnotes)
        for index, (claim, fact) in enumerate(zip(sheet.claims, facts, strict=True))
    ]
