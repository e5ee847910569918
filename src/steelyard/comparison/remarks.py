"""What could make a comparison of two runs mislead, one line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from steelyard.comparison.contrast import LEAST_CLUSTERS
from steelyard.comparison.pairing import PairedTask
from steelyard.comparison.scored_run import MeasuredScores, ScoredRun
from steelyard.reports.words import counted
from steelyard.stats.blocked import LEAST

__all__ = ["remarks"]

FEW_CLUSTERS = 200  # with so many a few bad groups are among them: `python -m bench.compare_skewed`

Named = tuple[str, ScoredRun]


def remarks(
    first: Named, second: Named, tasks: Sequence[PairedTask], alone: tuple[tuple[str, ...], tuple[str, ...]]
) -> Iterator[str]:
    """Sentences about what else differs between two runs, what was left out, and what was counted how."""
    for (letter, _), names in zip((first, second), alone, strict=True):
        if names and tasks:
            yield f"only {letter} measured {_listed(names)}"
    for task in tasks:
        yield from (f"{task.task}: {each}" for each in task.differences)
        yield from _unpaired(first[0], second[0], task)
        yield from _stopped((first, task.first), (second, task.second))
        yield from _grouped(task)
        yield from _asked_when((first[0], task.first), (second[0], task.second), task=task)
        if task.first.measurement.images:
            yield f"{task.task}: its questions show images; of these the texts beside them are compared and shown alone"
    yield from _same_answers(first, second, tasks)
    if tasks:
        yield from _same_endpoint(first, second, tasks)
    if first[1].model.concurrency != second[1].model.concurrency:
        several = " and ".join(f"{run.model.concurrency:,} for {letter}" for letter, run in (first, second))
        yield f"calls at a time were {several}: times are not measured alike"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")


def _unpaired(first: str, second: str, task: PairedTask) -> Iterator[str]:
    for letter, number, scores in ((first, task.only_first, task.first), (second, task.only_second, task.second)):
        if number:
            paired = {pair[0 if letter == first else 1] for pair in task.pairs}
            names = [name for name in scores.samples if name not in paired]
            several = f"{counted(number, 'sample')} of {letter} ({_listed(names[:5])})"
            yield f"{task.task}: without a pair, and left out: {several}"
    limited = [scores.measurement.limit is not None for scores in (task.first, task.second)]
    if task.only_first and task.only_second and all(limited):
        yield (
            f"{task.task}: --limit drew other samples in each run: one run with a --model for {first} and one for "
            f"{second} asks both the same"
        )
    if task.changed:
        yield f"{task.task}: of these {task.changed:,} have the same id in both and another question"


def _stopped(*sides: tuple[Named, object]) -> Iterator[str]:
    for (letter, run), scores in sides:
        ended = getattr(scores, "ended", "")
        measurement = getattr(scores, "measurement", None)
        if ended == "budget" and measurement is not None:
            why = "a budget or a person ended it" if run.has_ended else "it has not ended"
            yield (
                f"{measurement.task}: {letter} asked less than planned ({why}); this holds only if nobody who saw "
                "scores chose when"
            )


def _grouped(task: PairedTask) -> Iterator[str]:
    groups = {task.first.samples[one].group for one, _ in task.pairs}
    if 1 < len(groups) < LEAST_CLUSTERS:
        yield (
            f"{task.task}: {len(groups)} groups are too few to speak of others: the result is about questions of these "
            "groups alone"
        )
    if LEAST_CLUSTERS <= len(groups) < min(FEW_CLUSTERS, len(task.pairs)):
        yield (
            f"{task.task}: 5 % holds if its {len(groups)} groups differ about as far to either side; a model that is a "
            "little better on most and far worse on few is called better too often"
        )
    trainings = max(task.first.trainings, task.second.trainings)
    if trainings > 1:
        yield f"{task.task}: {trainings} trainings answered: the result is about these, not about the next training"


def _asked_when(*sides: tuple[str, MeasuredScores], task: PairedTask) -> Iterator[str]:
    """What the blocked test cannot see."""
    if (number := len(task.pairs)) < LEAST:
        yield f"{task.task}: {counted(number, 'sample')} are too few for blocks: answers are taken as independent"
        return
    unknown = [letter for letter, scores in sides if len({each.asked_us for each in scores.samples.values()}) < 2]
    if unknown:
        yield (
            f"{task.task}: nothing says when {' and '.join(unknown)} asked each sample: a stretch in which an endpoint "
            "was worse counts as a difference"
        )


def _same_answers(first: Named, second: Named, tasks: Sequence[PairedTask]) -> Iterator[str]:
    """Two runs whose every answer is the same to the last character."""
    pairs = [pair for task in tasks for pair in task.answers() if any(pair[0].answers)]
    if pairs and all(one.answers == other.answers for one, other in pairs):
        sampled = any(task.first.measurement.temperature > 0 for task in tasks)
        yield (
            f"all {len(pairs):,} answers of {first[0]} and {second[0]} are the same to the last character: "
            + ("a cache answered, or a fixed seed" if sampled else "one model, or one cache, answered both")
        )


def _same_endpoint(first: Named, second: Named, tasks: Sequence[PairedTask]) -> Iterator[str]:
    one, other = first[1].model.identity, second[1].model.identity
    if one.sha256 and one.sha256 == other.sha256:
        yield f"{first[0]} and {second[0]} have the same weights (SHA-256 {one.sha256[:16]}…)"
    elif one.uri == other.uri and not one.sha256:
        asked = f"{first[0]} and {second[0]} asked the same endpoint for the same name"
        if all(task.is_asked_alike and not task.differences for task in tasks):
            yield f"{asked}: any difference is one of time"
        else:
            yield f"{asked}: a difference is that of what they were asked with, or one of time"
