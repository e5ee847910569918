"""A judge's verdicts against people's labels, criterion by criterion: right and wrong ones, and where they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from steelyard.judging.labels import Labelled
from steelyard.records import JudgedKey
from steelyard.stats.intervals import clopper_pearson

__all__ = ["Confusion", "Differing", "ErrorRate", "confusions", "differing"]

Word = Literal["yes", "no", "open"]


@dataclass(frozen=True)
class ErrorRate:
    """``wrong`` of ``of`` verdicts, with Clopper and Pearson's interval at 95 %."""

    wrong: int
    of: int

    @property
    def ci(self) -> tuple[float, float]:
        """The interval of the rate; all of [0, 1] without any verdict."""
        return clopper_pearson(self.wrong, self.of) if self.of else (0.0, 1.0)


@dataclass(frozen=True)
class Confusion:
    """How many labelled answers have each verdict on one criterion: first what the judge says, then what people say.

    ``split``: two people differ, so these are in no cell.
    """

    criterion: str
    yes_yes: int
    yes_no: int
    no_yes: int
    no_no: int
    open_yes: int
    open_no: int
    split: int

    @property
    def wrong_yes(self) -> ErrorRate:
        """How often the judge says yes where people say no, open verdicts left out."""
        return ErrorRate(self.yes_no, self.yes_no + self.no_no)

    @property
    def wrong_no(self) -> ErrorRate:
        """How often the judge says no where people say yes, open verdicts left out."""
        return ErrorRate(self.no_yes, self.no_yes + self.yes_yes)


@dataclass(frozen=True)
class Differing:
    """One answer and criterion on which the judge's verdict is not what people say."""

    key: JudgedKey
    judge: Word
    people: Word


def confusions(verdicts: Mapping[JudgedKey, float | None], labels: Mapping[JudgedKey, Labelled]) -> list[Confusion]:
    """The table of each criterion, by its name."""
    cells: dict[str, Counter[str]] = {key.criterion: Counter() for key in sorted(labels, key=lambda key: key.criterion)}
    for key, label in labels.items():
        if label.first is not None or label.second is not None:
            said = _people(label)
            cells[key.criterion]["split" if said is None else f"{_word(verdicts[key])}_{_word(said)}"] += 1
    return [
        Confusion(
            criterion=criterion,
            yes_yes=each["yes_yes"],
            yes_no=each["yes_no"],
            no_yes=each["no_yes"],
            no_no=each["no_no"],
            open_yes=each["open_yes"],
            open_no=each["open_no"],
            split=each["split"],
        )
        for criterion, each in cells.items()
    ]


def differing(verdicts: Mapping[JudgedKey, float | None], labels: Mapping[JudgedKey, Labelled]) -> Iterator[Differing]:
    """The answers on which both say something, and not the same, in the order of the labels."""
    for key, label in labels.items():
        said, verdict = _people(label), verdicts[key]
        if said is not None and verdict is not None and verdict != said:
            yield Differing(key, _word(verdict), _word(said))


def _people(label: Labelled) -> float | None:
    """What people say; None where they differ, or none of them says anything."""
    given = {each for each in (label.first, label.second) if each is not None}
    return given.pop() if len(given) == 1 else None


def _word(value: float | None) -> Word:
    return "open" if value is None else "yes" if value else "no"
