"""What the open answers of a finished run have in common: why they are open, and who would read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from steelyard.auditing.finalize import read_scores
from steelyard.auditing.scoring import executes, output_of, read_score, sample_of, scorers_of
from steelyard.plugins import Scorer
from steelyard.records import Attempt, Measurement, ModelOutput, Sample
from steelyard.scorers.contains import Contains
from steelyard.scorers.open_causes import OpenCause, open_cause
from steelyard.scorers.powers import name_of
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.journal.texts import open_index
from steelyard.storage.run_folder import RunFolder
from steelyard.util.reasoning import split_reasoning

__all__ = ["OpenAnswers", "cause_of", "open_answers"]

# Of rules that say themselves why an answer is open, in their notes, and of those of a judge in a run of its own.
_CAUSES = {"judged": OpenCause.WAITS} | dict.fromkeys(("json_schema", "citation"), OpenCause.EITHER)
_TEXT_RULES = ("answer", "exact")  # what they leave open, a search for the target may read


@dataclass
class OpenAnswers:
    """``causes`` counts the open answers by why they are open, in all measurements.

    ``held``: how many of those to questions of one's own hold the expected text, which ``contains`` takes as right.
    """

    causes: Counter[OpenCause] = field(default_factory=Counter)
    held: int = 0

    @property
    def waiting(self) -> int:
        """How many wait for a judge."""
        return self.causes[OpenCause.WAITS]

    @property
    def number(self) -> int:
        """How many answers are open."""
        return self.causes.total()

    def in_words(self) -> str:
        """``15 open: 12 hold more than one candidate, 3 could not be read``; empty without any."""
        if not self.causes:
            return ""
        ranked = self.causes.most_common()
        if len(ranked) == 1 and self.number > 1:
            return f"{self.number:,} open: all {ranked[0][0].many}"
        parts = (f"{number:,} {cause.one if number == 1 else cause.many}" for cause, number in ranked)
        return f"{self.number:,} open: {', '.join(parts)}"


def open_answers(run: RunFolder) -> OpenAnswers:
    """Count the open answers of a finished run that its tests and measurements read; one whose text is not here is not.

    Raises InputError where the run is not finished.
    """
    found = OpenAnswers()
    for measurement, sample, output, scorer in _open_ones(run):
        found.causes[cause_of(scorer, sample, output)] += 1
        found.held += (
            _rule_of(scorer) in _TEXT_RULES and not measurement.public and _is_held(sample, _unthought(output))
        )
    return found


def cause_of(scorer: Scorer, sample: Sample, output: ModelOutput) -> OpenCause:
    """Why an answer is open that this scorer left open."""
    return _CAUSES.get(_rule_of(scorer)) or open_cause(sample, _unthought(output))


def _rule_of(scorer: Scorer) -> str:
    return "" if executes(scorer) else name_of(scorer.identifier)


def _unthought(output: ModelOutput) -> ModelOutput:
    """An output without its reasoning."""
    return msgspec.structs.replace(output, text=split_reasoning(output.text)[0])


def _open_ones(run: RunFolder) -> Iterator[tuple[Measurement, Sample, ModelOutput, Scorer]]:
    plan = run.plan
    # By the call, since numbers of records begin anew in each segment of a journal.
    waiting = {
        (each.measurement, each.position, each.scorer)
        for each in read_scores(run)
        if each.status == "open" and each.position >= 0
    }
    if not waiting:
        return
    measurements, scorers, texts = plan.by_id, scorers_of(plan), open_index(run.path)
    for record, _ in read_lines(run.path):
        if not isinstance(record, Attempt) or not record.final or record.measurement not in measurements:
            continue
        for scorer in scorers[record.measurement]:
            if (record.measurement, record.position, scorer.identifier) not in waiting:
                continue
            sample, output = sample_of(record, texts, of=measurements[record.measurement]), output_of(record, texts)
            if sample is not None and output is not None:
                yield measurements[record.measurement], sample, output, scorer


def _is_held(sample: Sample, output: ModelOutput) -> bool:
    with suppress(Exception):
        return read_score(Contains(), sample, output).value == 1.0
    return False
