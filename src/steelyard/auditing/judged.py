"""The judging in a run: its judge's verdicts with what each is about, read from the journal and its texts."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from steelyard.auditing.scoring import Scorers, output_of, read_score, sample_of, scorers_of
from steelyard.errors import VerificationError
from steelyard.judging.items import key_in
from steelyard.judging.scores import judging_of
from steelyard.records import (
    JUDGED_INPUTS,
    Attempt,
    GenerateRequest,
    JudgedKey,
    Judging,
    ModelOutput,
    Plan,
    Sample,
    SampleScore,
)
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.journal.texts import open_index
from steelyard.storage.run_folder import RunFolder

__all__ = ["PlacedVerdict", "VerdictReader", "is_judging", "replies", "shown_prompts"]


def is_judging(plan: Plan) -> bool:
    """Whether the plan asks a judge about another run's answers."""
    return plan.sheet is None and any(each.kind in JUDGED_INPUTS for each in plan.inputs.values())


def shown_prompts(run: RunFolder) -> dict[JudgedKey, str] | None:
    """What a judge was shown, by what it is about; None where texts are withheld."""
    texts, found = open_index(run.path), dict[JudgedKey, str]()
    for record, _ in read_lines(run.path):
        if not isinstance(record, Attempt) or not record.final:
            continue
        sample = sample_of(record, texts)
        if sample is None:
            return None
        key = key_in(sample.target)
        if key is not None and isinstance(sample.request, GenerateRequest):
            found[key] = sample.request.prefix + sample.request.prompt
    return found


def replies(run: RunFolder, wanted: Container[JudgedKey]) -> dict[JudgedKey, str]:
    """What the judge wrote about each of the ``wanted`` keys, as far as its texts are here."""
    texts, found = open_index(run.path), dict[JudgedKey, str]()
    for record, _ in read_lines(run.path):
        if not isinstance(record, Attempt) or not record.final:
            continue
        sample, output = sample_of(record, texts), output_of(record, texts)
        if sample is not None and output is not None and (key := key_in(sample.target)) in wanted and key is not None:
            found[key] = output.text
    return found


class PlacedVerdict(NamedTuple):
    """One verdict, None where it is open or missing, with its place in its measurement's committed order.

    ``why`` says why it is open; empty where it is not.
    """

    position: int
    key: JudgedKey
    value: float | None
    why: str = ""


class VerdictReader:
    """Collects the scores of a judge's run, and gives what they come to.

    A score that is *unparsed* is no verdict: a judge that says nothing does not say no.
    """

    def __init__(self) -> None:
        self._values: dict[int, float | None] = {}

    def observe(self, score: SampleScore) -> None:
        """Take one score of the run."""
        if score.position >= 0:
            self._values[score.seq] = score.value if score.status == "scored" else None

    def beside(self, each: Callable[[SampleScore], object]) -> Callable[[SampleScore], object]:
        """Give every score to ``each``, and take it."""

        def observe(score: SampleScore) -> None:
            each(score)
            self.observe(score)

        return observe

    def placed(self, run: RunFolder) -> list[PlacedVerdict] | None:
        """Each verdict with what it is about, in the journal's order; None where texts are withheld.

        Raises VerificationError for a sample that is about nothing, and for two about the same.
        """
        texts, known, found = open_index(run.path), set[JudgedKey](), []
        scorers = scorers_of(run.plan)
        for record, _ in read_lines(run.path):
            if not isinstance(record, Attempt) or record.seq not in self._values:
                continue
            sample = sample_of(record, texts)
            if sample is None:
                return None
            key = key_in(sample.target)
            if key is None or key in known:
                raise VerificationError(f"record {record.seq}: {sample.id} says nothing new of what is judged")
            known.add(key)
            value, why = self._values[record.seq], ""
            if value is None:
                output = output_of(record, texts)
                if output is None and record.outcome.answered:
                    return None
                why = _why(record, sample, output, scorers)
            found.append(PlacedVerdict(record.position, key, value, why))
        return found

    def judging(self, run: RunFolder, sealed: Mapping[str, Any]) -> Judging | None:
        """What the verdicts come to; as the ``sealed`` report has it where texts are withheld."""
        placed = self.placed(run)
        if placed is not None:
            only = run.plan.subject
            names = {key.role: run.plan.models.get(key.role, only).identity.name for _, key, _, _ in placed}
            reasons = [each.why for each in placed if each.why]
            return judging_of(((each.key, each.value) for each in placed), names, reasons)
        try:
            return msgspec.convert(sealed.get("judging"), Judging | None)
        except msgspec.ValidationError:
            return None


def _why(attempt: Attempt, sample: Sample, output: ModelOutput | None, scorers: Scorers) -> str:
    """Why a reply gave no verdict, in words that do not depend on its text."""
    if output is None or not attempt.outcome.answered:
        return f"no reply ({attempt.outcome.value.replace('_', ' ')})"
    with suppress(Exception):  # such a score is missing
        return read_score(scorers[attempt.measurement][0], sample, output).note or "cut off"
    return "could not be read"
