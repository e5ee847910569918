"""Scored runs → a comparison: pairs of runs, all their tests under one error rate."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import combinations
from string import ascii_uppercase
from typing import Final

from msgspec.structs import replace

from steelyard.comparison.contrast import PairedSamples, contrast, paired_samples
from steelyard.comparison.differing import differing_samples
from steelyard.comparison.pairing import PairedTask, Refused, paired_tasks, tasks_of_one
from steelyard.comparison.record import Compared, Comparison, Contrast, PairResult, Skipped, Spent
from steelyard.comparison.remarks import remarks
from steelyard.comparison.scored_run import ScoredRun
from steelyard.errors import InputError
from steelyard.stats.multiplicity import adjusted_p

__all__ = ["ALPHA", "LEAST_SLICE", "SEE", "compare_runs", "spent_by"]

ALPHA: Final = 0.05
SEE: Final = 0.02  # the difference for which the needed number of samples is given
LEAST_SLICE: Final = 20  # samples of a group that is tested by itself: fewer decide next to nothing
MOST_RUNS: Final = len(ascii_uppercase)

# What each kind of test gets of the error rate, shared evenly within a kind; a kind without tests leaves its share.
WEIGHTS: Final = {"overall": 2.0, "task": 1.0, "slice": 1.0}


def compare_runs(
    runs: Sequence[ScoredRun], *, all_pairs: bool = False, see: float = SEE, with_texts: bool = True
) -> Comparison:
    """Compare each run with the first, or all with each other, on the samples that both answered.

    Tests are paired: overall (every sample counts once, whatever its task), by task, and by group of a task with 20
    samples or more. Holm's procedure keeps 5 % over all of them: half of it goes to the overall tests, a quarter to
    tasks and a quarter to groups. ``see`` is a share. Raises InputError for fewer than two runs, more than 26, and the
    same run twice.
    """
    _check(runs)
    places = list(combinations(range(len(runs)), 2)) if all_pairs else [(0, other) for other in range(1, len(runs))]
    pairs = [_pair(runs, *place, see=see, with_texts=with_texts) for place in places]
    tested = [each for pair in pairs for each in pair.contrasts]
    weights = _weights(tested)
    adjusted = iter(zip(weights, adjusted_p([each.p for each in tested], weights), strict=True))
    pairs = [
        replace(pair, contrasts=tuple(_worded(each, *next(adjusted)) for each in pair.contrasts)) for pair in pairs
    ]
    return Comparison(
        alpha=ALPHA,
        see=see,
        runs=tuple(_compared(number, run) for number, run in enumerate(runs)),
        pairs=tuple(pairs),
        tests=len(tested),
        weights=_weights_in_words(tested),
        notes=_notes(runs),
    )


def _check(runs: Sequence[ScoredRun]) -> None:
    if len(runs) < 2:
        raise InputError("a comparison needs two runs: give two folders, or one whose plan has several models")
    if len(runs) > MOST_RUNS:
        raise InputError(f"{len(runs)} runs are too many: compare at most {MOST_RUNS}")
    seen: dict[tuple[str, str], ScoredRun] = {}
    for run in runs:
        if other := seen.get((run.plan_sha256, run.role)):
            raise InputError(
                f"is the same run as {other.path} (its plan has the same digest): give two runs", where=run.path
            )
        seen[run.plan_sha256, run.role] = run


def _pair(runs: Sequence[ScoredRun], first: int, second: int, *, see: float, with_texts: bool) -> PairResult:
    one, other = runs[first], runs[second]
    found = paired_tasks(one, other)
    tasks = [each for each in found if isinstance(each, PairedTask)]
    letters = ascii_uppercase[first], ascii_uppercase[second]
    alone = tasks_of_one(one, other)
    skipped = tuple(Skipped(task=each.task, reason=each.reason) for each in found if isinstance(each, Refused))
    if not found:
        measured = " and ".join(
            f"{letter} measured {', '.join(names) or 'none'}" for letter, names in zip(letters, alone, strict=True)
        )
        skipped = (Skipped(task="", reason=f"no task in common: {measured}"),)
    differing = differing_samples(one, other, tasks, with_texts=with_texts)
    return PairResult(
        first=letters[0],
        second=letters[1],
        contrasts=tuple(_contrasts(tasks, see)),
        skipped=skipped,
        only_first={_name(each): each.only_first for each in tasks if each.only_first},
        only_second={_name(each): each.only_second for each in tasks if each.only_second},
        changed={_name(each): each.changed for each in tasks if each.changed},
        notes=tuple(remarks((letters[0], one), (letters[1], other), tasks, alone)),
        differing=differing.number,
        differing_samples=differing.samples,
    )


def _name(task: PairedTask) -> str:
    """The task's name, with the scorer where it is not the measurement's first."""
    is_first = task.first.scorer == task.first.measurement.scorers[0]
    return task.task if is_first else f"{task.task} by {task.first.scorer}"


def _contrasts(tasks: Sequence[PairedTask], see: float) -> list[Contrast]:
    """Overall, each task, each group: a single task is not tested twice."""
    if not tasks:
        return []
    samples = [paired_samples(task.answers(), [one for one, _ in task.pairs]) for task in tasks]
    once = list({task.task: each for task, each in zip(reversed(tasks), reversed(samples), strict=True)}.values())
    whole = once[0] if len(once) == 1 else PairedSamples.joined(once[::-1])
    found = [contrast("overall", whole, task=_name(tasks[0]) if len(tasks) == 1 else "", see=see)]
    if len(tasks) > 1:
        found += [contrast("task", each, task=_name(task), see=see) for task, each in zip(tasks, samples, strict=True)]
    for task, each in zip(tasks, samples, strict=True):
        sizes = {group: each.groups.count(group) for group in dict.fromkeys(each.groups)}
        for group, size in sizes.items():
            if size >= LEAST_SLICE and len(sizes) > 1:
                found.append(contrast("slice", each.chosen(group), task=_name(task), group=group, see=see))
    return found


def _weights(tested: Sequence[Contrast]) -> list[float]:
    number = {scope: sum(each.scope == scope for each in tested) for scope in WEIGHTS}
    return [WEIGHTS[each.scope] / number[each.scope] for each in tested]


def _weights_in_words(tested: Sequence[Contrast]) -> str:
    """How Holm's procedure shares the error rate among the kinds of tests that there are."""
    names = {"overall": "overall", "task": "tasks", "slice": "groups"}
    there = {scope: weight for scope, weight in WEIGHTS.items() if any(each.scope == scope for each in tested)}
    return ", ".join(f"{names[scope]} {100 * weight / sum(there.values()):.0f} %" for scope, weight in there.items())


def _worded(tested: Contrast, weight: float, adjusted: float) -> Contrast:
    word = "not_told_apart" if adjusted > ALPHA else "better" if tested.difference[0] > 0 else "worse"
    found: Contrast = replace(tested, weight=weight, p_adjusted=adjusted, word=word)
    return found


def _notes(runs: Sequence[ScoredRun]) -> tuple[str, ...]:
    """What is to be known of single runs."""
    found = []
    for letter, run in zip(ascii_uppercase, runs, strict=False):
        if not run.is_sealed:
            found.append(f"{letter} is not sealed: nobody else can verify what it says")
        if run.origin.kind == "imported":
            found.append(f"{letter} was imported from a log of {run.origin.harness}: Steelyard did not see its calls")
        if run.withheld:
            found.append(f"{letter} withholds texts: {run.withheld:,} of its scores are as sealed, not computed again")
    return tuple(found)


def _compared(number: int, run: ScoredRun) -> Compared:
    return Compared(
        letter=ascii_uppercase[number],
        name=run.name,
        model=run.model_name,
        uri=run.model.identity.uri,
        role=run.role,
        folder=str(run.path),
        plan_sha256=run.plan_sha256,
        created=run.created,
        is_sealed=run.is_sealed,
        spent=spent_by(run),
    )


def spent_by(run: ScoredRun) -> Spent:
    """What all measurements of a run took together; each is counted once, however many scorers read it."""
    by_id = {each.measurement.id: each for each in run.measured}
    uses = [each.usage for each in by_id.values()]
    times = sorted(value for use in uses for value in use.milliseconds)
    tokens = sorted(value for use in uses for value in use.tokens)
    costs = [use.cost for use in uses]
    cost = None if None in costs or not costs else sum(value for value in costs if value is not None)
    calls = sum(use.calls for use in uses)
    right = sum(sample.low for each in by_id.values() for sample in each.samples.values())
    return Spent(
        calls=calls,
        seconds_median=statistics.median(times) / 1000 if times else None,
        seconds_p95=_p95(times) / 1000 if times else None,
        tokens_median=statistics.median(tokens) if any(tokens) else None,
        tokens_p95=_p95(tokens) if any(tokens) else None,
        prompt_tokens=sum(use.prompt_tokens for use in uses),
        completion_tokens=sum(use.completion_tokens for use in uses),
        cost=cost,
        cost_per_call=cost / calls if cost is not None and calls else None,
        cost_per_right=cost / right if cost is not None and right else None,
        concurrency=run.model.concurrency,
    )


def _p95(values: Sequence[float]) -> float:
    """The 95th percentile: the least value that 95 % are not above."""
    return values[min(len(values) - 1, -(-95 * len(values) // 100) - 1)]
