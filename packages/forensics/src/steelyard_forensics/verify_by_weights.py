"""What only the weights can say, computed again by whoever has them: likelihoods of texts, and the tests on them.

The journal holds such scores as they were made (:class:`steelyard.scorers.likelihood.Likelihood`), and the other layers
of verification read them from it. Here they are made again from the texts, and the tests read these in place of the
sealed ones. Another processor gives other last bits, so that single scores may differ a little: the tests' words must
be the same, and the differences must not lean to one side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from steelyard.auditing.references import give_reference
from steelyard.auditing.scoring import Scorers, output_of, sample_of, score, scorers_of
from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.plugins import Model, detector_of
from steelyard.records import (
    REFERENCE,
    Attempt,
    DetectorResult,
    ModelIdentity,
    Plan,
    Reads,
    RecordedScore,
    SampleScore,
    Verdict,
    VerdictWord,
    references_of,
)
from steelyard.scorers.powers import ReferringScorer
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.journal.texts import open_index
from steelyard.storage.run_folder import RunFolder

__all__ = ["HeldAgain", "by_weights"]

_P_APART: Final = 3.0  # p-values that differ by less may fall on either side of a level
_LEAN: Final = 0.005  # the mean difference of a test's scores: 200 texts would move log E by about 4 nats


class HeldAgain(NamedTuple):
    """A test whose scores were made again: how many, and the largest difference from the sealed ones."""

    test: str
    word: str
    scores: int
    furthest: float


async def by_weights(
    run: RunFolder,
    verdict: Verdict,
    references: Mapping[str, Model],
    notify: Callable[[str], None] = lambda line: None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> list[HeldAgain]:
    """Make the scores again for which the run used a reference, and the tests that read them.

    ``verdict`` is the run's, as it was recomputed from the journal; ``references`` are by role. Raises InputError where
    the run used none, where its texts are withheld and where these are other weights or not all of them;
    VerificationError where a test says another word.
    """
    plan = run.plan
    scorers = {
        name: needed
        for name, several in scorers_of(plan).items()
        if (needed := tuple(each for each in several if isinstance(each, ReferringScorer)))
    }
    if not scorers:
        raise InputError("has no score that was made by the weights of a reference", where=run.path)
    await _check_weights(plan, references)
    await give_reference(scorers, references, notify)
    made = list(_made_again(run, scorers, progress))
    sealed = {
        (each.measurement, each.sample, each.repeat, each.scorer): each.value
        for each, _ in read_lines(run.path)
        if isinstance(each, RecordedScore)
    }
    return [
        _held(plan, result, made, sealed)
        for result in verdict.results
        if any(reads.measurement in scorers for reads in _reads(plan, result))
    ]


async def _check_weights(plan: Plan, references: Mapping[str, Model]) -> None:
    planned = references_of(plan.models)
    if planned != references_of(references):
        raise InputError(
            f"the run held texts against {len(planned)} files, and {len(references)} are given: give --model "
            f"{REFERENCE}=gguf:PATH for each of them, in the run's order"
        )
    for role in planned:
        await _check_file(plan.models[role].identity, references[role])


async def _check_file(planned: ModelIdentity, reference: Model) -> None:
    identity, _ = await reference.identify()
    if identity.sha256 != planned.sha256:
        raise InputError(
            f"these weights have the SHA-256 {identity.sha256[:16]}…, and the run's reference {planned.sha256[:16]}…"
        )
    others = [kind for kind, digest in identity.details.items() if planned.details.get(kind, digest) != digest]
    if files := [kind for kind in others if kind.startswith("Q")]:
        raise InputError(
            f"the requantisation to {files[0]} that {identity.backend} makes is another file than the run's: use the "
            f"version that it used, {planned.backend}"
        )


def _made_again(run: RunFolder, scorers: Scorers, progress: Callable[[int, int], None]) -> Iterator[SampleScore]:
    texts = open_index(run.path)
    attempts = [
        record
        for record, _ in read_lines(run.path)
        if isinstance(record, Attempt) and record.final and record.measurement in scorers
    ]
    for number, attempt in enumerate(attempts, 1):
        sample, output = sample_of(attempt, texts), output_of(attempt, texts)
        if sample is None or output is None:
            raise InputError("its texts are withheld: only the folder that it was made in has them", where=run.path)
        for scorer in scorers[attempt.measurement]:
            yield score(scorer, attempt, sample, output)
        progress(number, len(attempts))


def _reads(plan: Plan, result: DetectorResult) -> tuple[Reads, ...]:
    return next((test.reads for test in plan.tests if test.id == result.test), ())


def _held(
    plan: Plan,
    sealed_result: DetectorResult,
    made: list[SampleScore],
    sealed: Mapping[tuple[str, str, int, str], float | None],
) -> HeldAgain:
    test = next(each for each in plan.tests if each.id == sealed_result.test)
    detector = detector_of(test.rule)
    if detector is None:
        raise InputError(f"the rule {test.rule} is not installed here")
    finder = detector.open(test, plan)
    read = {(each.measurement, each.scorer) for each in test.reads}
    apart: dict[str, list[float]] = {}
    for each in made:
        if (each.measurement, each.scorer) in read:
            finder.observe(each)
            before = sealed.get((each.measurement, each.sample, each.repeat, each.scorer))
            difference = (0.5 if each.value is None else each.value) - (0.5 if before is None else before)
            apart.setdefault(each.scorer, []).append(difference)
    again = finder.find({})
    words = {again.word, sealed_result.word}
    if len(words) > 1 and not (VerdictWord.INCONSISTENT in words and _is_near(again.p, sealed_result.p)):
        raise VerificationError(
            f"{layout.REPORT}: by these weights the test {test.id} says {again.word.words} (p = {again.p or 1:.2g}), "
            f"and sealed is {sealed_result.word.words} (p = {sealed_result.p or 1:.2g})"
        )
    for scorer, differences in apart.items():
        if abs(lean := math.fsum(differences) / len(differences)) > _LEAN:
            raise VerificationError(
                f"{layout.JOURNAL}: the scores by {scorer} that {test.id} read are others by these weights, to one "
                f"side: by {lean:.3g} on average"
            )
    every = [each for several in apart.values() for each in several]
    return HeldAgain(test.id, again.word.words, len(every), max(map(abs, every), default=0.0))


def _is_near(p: float | None, other: float | None) -> bool:
    return p is not None and other is not None and max(p, other) <= _P_APART * min(p, other)
