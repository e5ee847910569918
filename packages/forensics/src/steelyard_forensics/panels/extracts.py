"""What a test reads of a run: the scores of whole measurements, one canonical line for each sample.

An extract is all that a verifier needs of a run to compute the test again, and holds no text. Whoever has the run makes
the same bytes of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from steelyard.comparison.scored_run import MeasuredScores, ScoredRun
from steelyard.errors import InputError, VerificationError
from steelyard.evidence.canonical import canonical, parse_canonical, sha256_hex
from steelyard.records.record import Record
from steelyard_forensics.panels.record import Side

__all__ = ["MAX_EXTRACT_BYTES", "ReadScore", "extract_of", "read_extract", "side_digest", "side_of", "whole_sides"]

MAX_EXTRACT_BYTES: Final = 256 << 20
_MOST_OPEN: Final = 0.05  # of a panel run's answers: more of them say little of the model
# Two models that were asked the same may differ in these: the first two repeat a field and say why, the others are of
# what was answered.
_NOT_HOW_ASKED: Final = re.compile(
    r"An answer may have [0-9,]+ tokens instead of |Asked with the reasoning effort |"
    r"[0-9,]+ of the [0-9,]+ scores give partial credit\.|The log states a score of "
)


class ReadScore(Record, frozen=True, kw_only=True):
    """One sample's mean score over its repeats: ``low`` with what is open or missing as 0, ``high`` with it as 1."""

    measurement: str
    sample: str
    low: float
    high: float


def side_of(measured: MeasuredScores) -> Side:
    """What a measurement asked and how it was scored."""
    asked = measured.measurement
    return Side(
        task=asked.task,
        items=asked.items or asked.samples_root,
        samples_root=asked.samples_root,
        scorer=measured.scorer,
        prompt=asked.prompt,
        shots=asked.shots,
        chat=asked.chat,
        kind=asked.kind,
        decoding=asked.decoding,
        temperature=asked.temperature,
        output_budget=asked.output_budget,
        budget_stated=asked.budget_stated,
        reasoning_effort=asked.reasoning_effort,
        repeats=asked.repeats,
        samples=asked.population,
        differences=tuple(each for each in asked.differences if not _NOT_HOW_ASKED.match(each)),
    )


def side_digest(side: Side) -> str:
    """The SHA-256 of a side: equal where two models were asked the same in the same way."""
    return sha256_hex(canonical(side))


def whole_sides(run: ScoredRun) -> dict[str, MeasuredScores]:
    """The measurements of a run that were asked to their end, by the measurement's id, each by its first scorer.

    Raises InputError where one was not: a test that may have stopped it would bias what is read, and a part of the
    samples is not what other models answered.
    """
    found: dict[str, MeasuredScores] = {}
    for each in run.measured:
        name, asked = each.measurement.id, each.measurement
        if name in found:  # by a further scorer
            continue
        if len(each.samples) < asked.population or each.ended:
            why = "a test stopped it" if each.ended == "scores" else "less was asked"
            raise InputError(
                f"has {len(each.samples):,} of {asked.population:,} samples of {asked.task} ({why}): measure all of "
                "them with steelyard run",
                where=run.path,
            )
        found[name] = each
    return found


def too_open(measured: MeasuredScores) -> int:
    """How many samples have an open or missing answer, where these are too many for a panel's run; else 0."""
    number = sum(each.is_open for each in measured.samples.values())
    return number if number > _MOST_OPEN * len(measured.samples) else 0


def extract_of(measured: Iterable[MeasuredScores]) -> bytes:
    """The canonical lines of these measurements' scores, sorted by measurement and sample."""
    lines = [
        ReadScore(measurement=each.measurement.id, sample=sample, low=scores.low, high=scores.high)
        for each in measured
        for sample, scores in each.samples.items()
    ]
    lines.sort(key=lambda line: (line.measurement, line.sample))
    return b"".join(canonical(line) + b"\n" for line in lines)


def read_extract(data: bytes, sides: Mapping[str, Side], where: str) -> dict[str, list[ReadScore]]:
    """The scores of an extract, by measurement.

    Raises VerificationError, naming ``where`` and the line, for what :func:`extract_of` would not have written of runs
    with these sides: other measurements or numbers of samples, a sample twice, another order, scores beyond [0, 1].
    """
    found: dict[str, list[ReadScore]] = {name: [] for name in sides}
    last = ("", "")
    if data and not data.endswith(b"\n"):
        raise VerificationError(f"{where}: its last line is cut off")
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        try:
            score = msgspec.convert(parse_canonical(line), ReadScore)
        except (ValueError, RecursionError) as error:
            raise VerificationError(f"{where} line {number}: not a score ({error})") from None
        place = (score.measurement, score.sample)
        if score.measurement not in found or place <= last or not 0 <= score.low <= score.high <= 1:
            raise VerificationError(f"{where} line {number}: no score that belongs there")
        found[score.measurement].append(score)
        last = place
    for name, scores in found.items():
        if len(scores) != sides[name].samples:
            raise VerificationError(
                f"{where}: has {len(scores)} samples of {name}, and it was asked {sides[name].samples}"
            )
    return found
