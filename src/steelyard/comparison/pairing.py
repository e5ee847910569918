"""Which samples of two runs are the same, and what else differs between the two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import msgspec

from steelyard.comparison.asked import answer_of, asked_differently, frame_of, prompt_of
from steelyard.comparison.scored_run import MeasuredScores, SampleAnswers, ScoredRun
from steelyard.comparison.settings import differing_settings
from steelyard.records import GenerateRequest, LoglikelihoodRequest, Sample
from steelyard.storage.journal.texts import open_index
from steelyard.tasks.items import digest_of_item
from steelyard.util.text import one_line

__all__ = ["PairedTask", "Refused", "paired_tasks", "tasks_of_one"]

MOST_OTHER_TARGETS: Final = 0.01  # of the ids that both have: with more, ids do not name the same questions
MOST_READ: Final = 500  # pairs whose texts are read to say what differs around them


@dataclass(frozen=True)
class PairedTask:
    """The samples of a task that both runs answered: pairs of ids, the first run's and the second's.

    ``only_first`` and ``only_second`` count samples that one alone was asked, ``changed`` those whose id is the same
    and whose question is not. ``differences`` are sentences; ``is_asked_alike``: every pair was asked the very same.
    """

    task: str
    first: MeasuredScores
    second: MeasuredScores
    pairs: tuple[tuple[str, str], ...]
    only_first: int
    only_second: int
    changed: int
    differences: tuple[str, ...]
    is_asked_alike: bool = True

    def answers(self) -> list[tuple[SampleAnswers, SampleAnswers]]:
        """The answers of each pair."""
        return [(self.first.samples[one], self.second.samples[other]) for one, other in self.pairs]


@dataclass(frozen=True)
class Refused:
    """A task that both runs have and that cannot be compared, with the reason."""

    task: str
    reason: str


def tasks_of_one(first: ScoredRun, second: ScoredRun) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tasks that only the first, and only the second, has measured."""
    one, other = ({each.measurement.task for each in run.measured} for run in (first, second))
    return tuple(sorted(one - other)), tuple(sorted(other - one))


def paired_tasks(first: ScoredRun, second: ScoredRun) -> list[PairedTask | Refused]:
    """Pair the samples of every task that both runs have measured, in the first run's order.

    Raises VerificationError where a text does not hash to its digest.
    """
    found: list[PairedTask | Refused] = []
    for task in dict.fromkeys(each.measurement.task for each in first.measured):
        sides = [[each for each in run.measured if each.measurement.task == task] for run in (first, second)]
        if sides[1]:
            found += [_paired(first, second, *match) for match in _matched(sides[0], sides[1])]
    return found


def _matched(first: list[MeasuredScores], second: list[MeasuredScores]) -> list[tuple[MeasuredScores, MeasuredScores]]:
    """The measurements of one task that go together: by format and scorer, then by what is left on both sides.

    Where several share a scorer, only the same prompt format goes together; else each side's first is taken.
    """
    by_key = {_key(each): each for each in reversed(second)}
    same = [(each, by_key[_key(each)]) for each in first if _key(each) in by_key]
    if same:
        return same
    by_scorer = {each.scorer: each for each in reversed(second)}
    one = next((each for each in first if each.scorer in by_scorer), first[0])
    return [(one, by_scorer.get(one.scorer, second[0]))]


def _key(scores: MeasuredScores) -> tuple[str, int, str]:
    return scores.measurement.prompt, scores.measurement.shots, scores.scorer


def _paired(first: ScoredRun, second: ScoredRun, one: MeasuredScores, other: MeasuredScores) -> PairedTask | Refused:
    task = one.measurement.task
    if reason := _why_not(first, second, one, other):
        return Refused(task, reason)
    samples = _Samples(first, second, one, other)
    pairs = samples.pairs()
    if not pairs:
        return Refused(task, samples.why_none())
    differences = (*_differences(one, other), *samples.differences(pairs), *samples.remarks)
    return PairedTask(
        task=task,
        first=one,
        second=other,
        pairs=tuple(pairs),
        only_first=len(one.samples) - len(pairs),
        only_second=len(other.samples) - len(pairs),
        changed=samples.changed,
        differences=differences,
        is_asked_alike=all(one.samples[mine].item == other.samples[theirs].item for mine, theirs in pairs),
    )


def _why_not(first: ScoredRun, second: ScoredRun, one: MeasuredScores, other: MeasuredScores) -> str:
    """Why a paired test of these scores would not keep its error rate."""
    for run, scores in ((first, one), (second, other)):
        if scores.ended == "scores":
            return (
                f"a test of its scores may have stopped {run.name} early ({len(scores.samples):,} of "
                f"{scores.measurement.population:,} samples), and a paired test on such answers is not valid: "
                "measure it with steelyard run"
            )
    if "judge" in one.scorer or "rubric" in one.scorer:
        judges = [run.judge and (run.judge.identity.name, run.judge.identity.sha256) for run in (first, second)]
        if judges[0] != judges[1]:
            return "its scores come from two different judges: a difference could be the judges'; use one judge"
    return ""


def _differences(one: MeasuredScores, other: MeasuredScores) -> tuple[str, ...]:
    measured = (one.measurement, other.measurement)
    found = [f"{words}: {' and '.join(values)}" for words, values in differing_settings(measured)]
    if one.scorer != other.scorer:
        named = " and ".join(one_line(each.scorer, 80) for each in (one, other))
        found.append(f"scorers: {named}; a difference may be that of the rules")
    return tuple(found)


class _Samples:
    """Finds the pairs: by the digest of what was asked, by the question's content, and by the id where that fits."""

    def __init__(self, first: ScoredRun, second: ScoredRun, one: MeasuredScores, other: MeasuredScores) -> None:
        self.changed = 0
        self.remarks: list[str] = []
        self._one, self._other = one, other
        self._texts = open_index(first.path), open_index(second.path)

    def pairs(self) -> list[tuple[str, str]]:
        """The ids of the samples that are the same, in the order of the first run."""
        one, other = self._one.samples, self._other.samples
        same = {name: name for name in one if name in other and one[name].item == other[name].item}
        left = [name for name in one if name not in same]
        free = {name for name in other if name not in same}
        if left and free:
            same |= self._by_content(left, free)
            left = [name for name in left if name not in same]
            free -= set(same.values())
            same |= self._by_id([name for name in left if name in free])
        return [(name, same[name]) for name in one if name in same]

    def differences(self, pairs: list[tuple[str, str]]) -> list[str]:
        """What stands around the questions in one run and not in the other."""
        differing = [pair for pair in pairs if self._one.samples[pair[0]].item != self._other.samples[pair[1]].item]
        return list(asked_differently(self._read(differing[:MOST_READ])))

    def _read(self, pairs: list[tuple[str, str]]) -> list[tuple[Sample, Sample]]:
        found = [
            (
                _sample(self._texts[0], self._one.samples[one].item),
                _sample(self._texts[1], self._other.samples[two].item),
            )
            for one, two in pairs
        ]
        return [(mine, theirs) for mine, theirs in found if mine is not None and theirs is not None]

    def why_none(self) -> str:
        """Why there is no pair."""
        if self.changed:
            return (
                f"{self.changed:,} samples have the same ids and other questions or answers: run both on the same "
                "file, and on the same version of it"
            )
        if all(each.measurement.limit is not None for each in (self._one, self._other)):
            return "no sample was asked in both runs: --limit draws other ones in each; give one run several --model"
        return "no sample was asked in both runs: run both on the same questions, or resume the shorter one"

    def _by_content(self, left: list[str], free: set[str]) -> dict[str, str]:
        """Question, choices and target are the same, whatever ids, worked examples and decoding are."""
        first = {name: self._content(0, self._one.samples[name]) for name in left}
        second = {name: self._content(1, self._other.samples[name]) for name in sorted(free)}
        many = Counter(filter(None, first.values())), Counter(filter(None, second.values()))
        by_content = {content: name for name, content in second.items() if content}
        return {
            name: by_content[content]
            for name, content in first.items()
            if content and content in by_content and many[0][content] == many[1][content] == 1
        }

    def _by_id(self, common: list[str]) -> dict[str, str]:
        """The same id in the same set of items: where targets can be read, they are the same too."""
        if not common:
            return {}
        is_same_set = bool(self._one.measurement.items) and self._one.measurement.items == self._other.measurement.items
        targets = [
            (self._target(0, self._one.samples[name]), self._target(1, self._other.samples[name])) for name in common
        ]
        known = [pair for pair in targets if None not in pair]
        # Rows in another order would have other targets.
        differing = sum(one != other for one, other in known)
        if not is_same_set and self._has_same_questions(common):
            return {name: name for name in common}
        if not is_same_set or differing > MOST_OTHER_TARGETS * len(common):
            self.changed = len(common)
            return {}
        if len(known) < len(common):
            self.remarks.append(
                "texts are withheld: that ids name the same questions follows from the digest of all items alone"
            )
        return {name: name for name in common}

    def _has_same_questions(self, common: list[str]) -> bool:
        """Whether all samples with these ids ask the same and want the same answer, once what stands around is off."""
        read = self._read([(name, name) for name in common])
        if len(read) < len(common):
            return False
        frames = [frame_of([prompt_of(pair[side]) for pair in read]) for side in (0, 1)]
        return all(
            frames[0].question_of(prompt_of(mine)) == frames[1].question_of(prompt_of(theirs))
            and answer_of(mine) == answer_of(theirs)
            for mine, theirs in read
        )

    def _content(self, side: int, sample: SampleAnswers) -> bytes | None:
        found = _sample(self._texts[side], sample.item)
        if found is None:
            return None
        request = found.request
        if isinstance(request, GenerateRequest):
            shown = [image.sha256 for image in request.images]
            return digest_of_item(f"{request.system}{request.prompt}", found.choices, found.target, shown)
        options = request.continuations if isinstance(request, LoglikelihoodRequest) else ()
        return digest_of_item(request.context, found.choices or options, found.target)

    def _target(self, side: int, sample: SampleAnswers) -> str | None:
        found = _sample(self._texts[side], sample.item)
        return None if found is None else found.target_text


def _sample(texts: Mapping[str, str], item: str) -> Sample | None:
    with suppress(KeyError, msgspec.DecodeError):
        return msgspec.json.decode(texts[item], type=Sample)
    return None
