"""The judging in a run: its judge's verdicts with what each is about, read from the journal and its texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from steelyard.auditing.scoring import sample_of
from steelyard.errors import VerificationError
from steelyard.judging.items import key_in
from steelyard.judging.scores import judging_of
from steelyard.records import JUDGED_INPUTS, Attempt, GenerateRequest, JudgedKey, Judging, Plan, SampleScore
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.journal.texts import open_index
from steelyard.storage.run_folder import RunFolder

__all__ = ["VerdictReader", "is_judging", "shown_prompts"]


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

    def verdicts(self, run: RunFolder) -> dict[JudgedKey, float | None] | None:
        """Each verdict by what it is about; None where texts are withheld, so that this cannot be told.

        Raises VerificationError for a sample that is about nothing, and for two about the same.
        """
        placed = self.placed(run)
        return None if placed is None else {key: value for _, key, value in placed}

    def placed(self, run: RunFolder) -> list[tuple[int, JudgedKey, float | None]] | None:
        """As :meth:`verdicts`, each with its place in its measurement's committed order, in the journal's order."""
        texts, known, found = open_index(run.path), set[JudgedKey](), []
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
            found.append((record.position, key, self._values[record.seq]))
        return found

    def judging(self, run: RunFolder, sealed: Mapping[str, Any]) -> Judging | None:
        """What the verdicts come to; as the ``sealed`` report has it where texts are withheld."""
        verdicts = self.verdicts(run)
        if verdicts is not None:
            return judging_of(verdicts.items())
        try:
            return msgspec.convert(sealed.get("judging"), Judging | None)
        except msgspec.ValidationError:
            return None
