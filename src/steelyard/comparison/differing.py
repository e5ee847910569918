"""The samples on which two runs differ, some of them with their texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec

from steelyard.auditing.answers import expected_of, question_of
from steelyard.comparison.pairing import PairedTask
from steelyard.comparison.record import DifferingSample
from steelyard.comparison.scored_run import SampleAnswers, ScoredRun
from steelyard.records import Sample
from steelyard.storage.journal.texts import open_index
from steelyard.util.reasoning import split_reasoning

__all__ = ["LONGEST", "MOST", "Differing", "differing_samples"]

MOST: Final = 50  # samples of a pair of runs, shared among tasks
LONGEST: Final = 2_000  # characters of a text


class Differing(NamedTuple):
    """How many samples differ, and some of them."""

    number: int
    samples: tuple[DifferingSample, ...]


def differing_samples(
    first: ScoredRun, second: ScoredRun, tasks: Sequence[PairedTask], *, with_texts: bool = True
) -> Differing:
    """Count the samples whose scores surely differ, and show the first of each task, in the first run's order.

    Raises VerificationError where a text does not hash to its digest.
    """
    texts = (open_index(first.path), open_index(second.path)) if with_texts else ({}, {})
    share = max(1, MOST // max(1, len(tasks)))
    count, shown = 0, []
    for task in tasks:
        differ = [
            (pair, one, other)
            for pair, (one, other) in zip(task.pairs, task.answers(), strict=True)
            if one.high < other.low or other.high < one.low
        ]
        count += len(differ)
        shown += [_shown(task.task, *each, texts) for each in differ[:share]]
    return Differing(count, tuple(shown))


def _shown(
    task: str,
    names: tuple[str, str],
    one: SampleAnswers,
    other: SampleAnswers,
    texts: tuple[Mapping[str, str], Mapping[str, str]],
) -> DifferingSample:
    sample = _sample(texts[0], one.item) or _sample(texts[1], other.item)
    return DifferingSample(
        task=task,
        sample=names[0],
        first=(one.low + one.high) / 2,
        second=(other.low + other.high) / 2,
        question=None if sample is None else _cut(question_of(sample)),
        expected=None if sample is None else _cut(expected_of(sample)),
        first_answer=_answer(texts[0], one),
        second_answer=_answer(texts[1], other),
        second_sample=names[1] if names[1] != names[0] else None,
    )


def _sample(texts: Mapping[str, str], item: str) -> Sample | None:
    with suppress(KeyError, msgspec.DecodeError):
        return msgspec.json.decode(texts[item], type=Sample)
    return None


def _answer(texts: Mapping[str, str], answers: SampleAnswers) -> str | None:
    """The first repeat's answer, without reasoning; numbers where log-likelihoods were asked."""
    found = answers.answers[0] if answers.answers else ""
    if isinstance(found, tuple):
        return ", ".join(f"{value:.2f}" for value in found) or ""
    text = texts.get(str(found)) if found else ""
    return None if text is None else _cut(split_reasoning(text)[0])


def _cut(text: str) -> str:
    """The start and the end of a text: a question and an answer are often at its end."""
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f"{text[:half]} […] {text[-half:]}"
