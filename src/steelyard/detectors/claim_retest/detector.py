"""The claim retest as a detector: one test a claim, each on its own measurement."""

from __future__ import annotations

import re
from collections.abc import Sequence

from steelyard.claims.decoding import noted_temperature, stated_temperature, states_decoding
from steelyard.detectors.claim_retest.corpus import NULL as CORPUS_NULL
from steelyard.detectors.claim_retest.corpus import corpus_test, decode_corpus, is_corpus_test, seal_corpus
from steelyard.detectors.claim_retest.corpus_result import CorpusFinder
from steelyard.detectors.claim_retest.formats import (
    FormatsFinder,
    FormatTests,
    has_formats,
    seal_formats,
    tests_of,
)
from steelyard.detectors.claim_retest.known import with_inputs
from steelyard.detectors.claim_retest.part import whole_of
from steelyard.detectors.claim_retest.result import ClaimFinder
from steelyard.detectors.claim_retest.retest import expected_test
from steelyard.detectors.claim_retest.sealed import SAMPLED, SECOND, ClaimTest, claim_of, decode, encode, measurement_of
from steelyard.detectors.claim_retest.thresholds import seal
from steelyard.plugins import Formats, MeasurementRequest, Planner
from steelyard.records import SPLIT, Claim, Measurement, Plan, PlannedTest, Reads, RepeatCheck, Served
from steelyard.records.record import Record
from steelyard.scorers.corpus import corpus_scorer

__all__ = ["ClaimRetest"]

TEMPERATURE = 0.7  # of sampled answers, where the vendor's sheet states none
# Version 4 asked so many sampled answers before *inconsistent*, each sample once in its order, and again.
SAMPLES_CHECKED, ASKED_AGAIN = 50, 2
# In all, of a claim that cannot be reproduced as it is stated, under the standard configurations.
MEASURED = 1_000
# Beside a claim that cannot be tested: enough for an interval of about ±1.5 points, at a fifth of DocVQA's price.
MEASURED_INSTEAD = 1_000


class ClaimRetest:
    """D1: asks each claim's benchmark in a committed order until the claim is decided (docs/statistics.md)."""

    name = "claim_retest"
    version = 5
    access = ("text",)

    def __init__(self, version: int = version) -> None:
        self.version = version

    def former(self, version: str) -> ClaimRetest | None:
        """Version 4: no sampled configuration beside greedy ones, noise from repeat checks, ``samples`` at random."""
        return ClaimRetest(4) if version == "4" else None

    def plan(self, planner: Planner) -> Sequence[PlannedTest]:
        """One test for each claim that can be measured, all with the same weight."""
        tests = []
        for number, claim in enumerate(planner.sheet.claims if planner.sheet else ()):
            request = f"claim/{number}"
            formats = planner.formats(request, claim)
            prompt = formats.to_ask[0] if formats.to_ask else ""
            first = planner.measure(
                MeasurementRequest(
                    name=request, task=claim.task, claim=claim, prompt=prompt, two_passes=self.version > 4
                )
            )
            if first is None:
                _measure_instead(planner, number, claim, formats)
                continue
            if (scorer := corpus_scorer(first.reads.scorer)) is not None:
                sealed = corpus_test(planner, scorer.corpus, number, claim, first, formats)
                tests.append(self._planned(number, claim, CORPUS_NULL, (first.reads,), sealed))
            else:
                tests.append(self._test(planner, number, claim, first, formats))
        return tests

    def _planned(
        self, number: int, claim: Claim, null: str, reads: tuple[Reads, ...], sealed: Record, weight: float = 1.0
    ) -> PlannedTest:
        return PlannedTest(
            id=f"claim-{number:02d}-{re.sub(r'[^A-Za-z0-9._-]', '-', claim.task)[:80]}",
            rule=f"{self.name}@{self.version}",
            weight=weight,
            null=null,
            reads=reads,
            sealed=encode(sealed),
        )

    def _test(self, planner: Planner, number: int, claim: Claim, first: Served, formats: Formats) -> PlannedTest:
        served, not_asked = {first.reads: first}, [*formats.not_asked]  # configurations with equal requests are one
        arms: list[_Arm] = [(prompt, shots, None, None) for prompt, shots in _arms(formats)[1:]]
        measurement = planner.measurement(first)
        capabilities = planner.models[measurement.role].capabilities
        degrees = _unstated_temperature(planner, claim, first)
        if self.version > 4:
            decodings = [None, degrees] if capabilities.takes_temperature and degrees is not None else [None]
            efforts = capabilities.efforts if measurement.kind == "generate" and measurement.chat else ()
            arms += [
                (prompt, shots, sampled, effort)
                for effort in (None, *efforts)
                for sampled in decodings
                for prompt, shots in _arms(formats) or [("", None)]
                if (sampled, effort) != (None, None)
            ]
        for prompt, shots, sampled, effort in arms:
            name = (prompt or first.prompt) + ("" if shots is None else f"@{shots}")
            request = MeasurementRequest(
                name=f"claim/{number}/{_way(sampled, effort)}/{name}",
                task=claim.task,
                claim=claim,
                prompt=prompt,
                shots=shots,
                temperature=sampled,
                effort=effort,
                two_passes=self.version > 4,
            )
            found = planner.measure(request)
            if found is None:
                not_asked.append(name)
            else:
                served.setdefault(found.reads, found)
        seconds = [self._second_pass(planner, each) for each in served.values()]
        reads: list[Reads] = []
        for each, second in zip(served.values(), seconds, strict=True):
            # A claim that cannot be rejected needs no check before it is.
            is_checked = self.version < 5 and not not_asked and not each.confirms_only
            reads += [each.reads, *second]
            reads += self._sampling_check(planner, number, claim, each) if is_checked else ()
        why = (next((each.unverifiable for each in served.values()), "") or _lacking(not_asked)) * (self.version > 4)
        tests = tuple(
            self._of_format(planner, number, claim, each, bool(second), MEASURED // len(served) if why else 0)
            for each, second in zip(served.values(), seconds, strict=True)
        )
        one = len(tests) == 1 and not not_asked and not why
        sealed = tests[0] if one else FormatTests(formats=tests, not_asked=tuple(not_asked), unverifiable=why)
        null = "the served model's score is not lower than the claim by more than the tolerance"
        return self._planned(number, claim, null, tuple(reads), sealed, weight=0.0 if why else 1.0)

    def _second_pass(self, planner: Planner, of: Served) -> tuple[Reads, ...]:
        """The same samples, asked again where the first answers would decide; none where answers cannot vary."""
        measurement = planner.measurement(of)
        model = planner.models[measurement.role]
        if self.version < 5 or not model.varies(measurement.decoding, measurement.temperature):
            return ()
        second = planner.measure(
            MeasurementRequest(
                name=f"{of.request}/{SECOND}",
                task=measurement.task,
                role=measurement.role,
                arm=SECOND,
                beside=measurement.id,
                again=measurement.population,
                scorer=of.reads.scorer,  # two formats may read the same answers in two ways
            )
        )
        return () if second is None else (second.reads,)

    def _of_format(
        self, planner: Planner, number: int, claim: Claim, served: Served, two_passes: bool, measured: int
    ) -> ClaimTest:
        measurement = planner.measurement(served)
        from steelyard.stats.bounded_bets import GRID

        whole, samples = whole_of(claim, measurement), claim.samples
        is_macro = bool(served.weights) or (claim.average == "macro" and bool(measurement.groups))
        is_even = len({weight for _, weight in served.weights}) < 2
        return ClaimTest(
            claim=number,
            tolerance=planner.tolerance,
            claimed_repeats=claim.repeats if isinstance(claim.repeats, int) else 1,
            claimed_samples=samples if samples and samples < (whole or measurement.population) else None,
            whole=whole,
            grid=GRID if is_macro else _grid_of(served, measurement),
            macro=is_macro,
            weights=() if is_even else served.weights,
            two_passes=two_passes,
            measured=measured,
            version=self.version,
        )

    def _sampling_check(self, planner: Planner, number: int, claim: Claim, of: Served) -> tuple[Reads, ...]:
        """Sampled answers, asked only before *inconsistent*: a vendor that states no decoding may have sampled."""
        measurement = planner.measurement(of)
        if _unstated_temperature(planner, claim, of) is None:
            return ()
        checked = min(SAMPLES_CHECKED, measurement.limit or measurement.population)
        served = planner.measure(
            MeasurementRequest(
                name=f"{of.request}/sampled",
                task=claim.task,
                prompt=of.prompt,
                shots=measurement.shots,
                temperature=TEMPERATURE,
                limit=checked,
                repeat_check=RepeatCheck(samples=checked, repeats=ASKED_AGAIN),
                arm=SAMPLED,
            )
        )
        return () if served is None else (served.reads,)

    def seal(self, test: PlannedTest, plan: Plan) -> PlannedTest:
        """See :func:`steelyard.detectors.claim_retest.thresholds.seal`."""
        test = with_inputs(test, plan)
        if is_corpus_test(test):
            return seal_corpus(test, plan)
        return seal_formats(test, plan) if has_formats(test) else seal(test, plan)

    def forecast(self, test: PlannedTest, plan: Plan, shortfall: float) -> int | None:
        """Trials until a decision on the expected path, if the true rate is the claim less ``shortfall``.

        Answers are taken to repeat themselves. What the first pass would accuse by is asked again.

        Where the vendor states no prompt format, a true claim is taken to hold in the first one, and a
        false one in none. All of a corpus score is asked.
        """
        if is_corpus_test(test):
            return decode_corpus(test, plan)[2].planned
        trials: dict[str, int] = {}  # by measurement: formats with equal requests read the same answers
        for each in tests_of(test, plan):
            name = each.reads[0].measurement
            trials[name] = max(trials.get(name, 0), _trials(each, plan, shortfall))
        return sum(trials.values()) if shortfall else next(iter(trials.values()))

    def open(self, test: PlannedTest, plan: Plan) -> ClaimFinder | FormatsFinder | CorpusFinder:
        """Start one test; raises ValueError if its sealed part is not a claim retest's."""
        if is_corpus_test(test):
            return CorpusFinder(test, plan)
        return FormatsFinder(test, plan) if has_formats(test) else ClaimFinder(test, plan)


def _unstated_temperature(planner: Planner, claim: Claim, of: Served) -> float | None:
    """At which temperature a vendor may have sampled that states no decoding; None where it states one, or has none.

    That which a note on it names, or its sheet beside another claim, or else the usual one.
    """
    measurement = planner.measurement(of)
    capabilities = planner.models[measurement.role].capabilities
    speaks = capabilities.offers is None or "language" in capabilities.offers  # a world model has no temperature
    if states_decoding(claim) or not speaks or (measurement.decoding, measurement.kind) != ("greedy", "generate"):
        return None
    stated = (stated_temperature(each) for each in (planner.sheet.claims if planner.sheet else ()))
    return noted_temperature(claim) or next(filter(None, stated), TEMPERATURE)


def _lacking(not_asked: Sequence[str]) -> str:
    said = f"it states no format, and one of the usual ones cannot be asked here: {', '.join(not_asked)}"
    return said if not_asked else ""


_Arm = tuple[str, int | None, float | None, str | None]  # prompt, shots, temperature and reasoning effort


def _way(sampled: float | None, effort: str | None) -> str:
    """What the name of a configuration's request says of its decoding and its reasoning effort."""
    decoding = "format" if sampled is None else "sampled"
    return decoding if effort is None else f"effort-{effort or 'own'}-{decoding}"


def _arms(formats: Formats) -> list[tuple[str, int | None]]:
    """What is asked one after another: each format with its own number of worked examples, then the usual ones."""
    return [
        (name, shots)
        for name in formats.to_ask
        for shots in (None, *(number for usual, number in formats.usual if usual == name))
    ]


def _measure_instead(planner: Planner, number: int, claim: Claim, formats: Formats) -> None:
    """Beside a claim about a split whose answers are withheld, measure another one: no test reads it."""
    if not formats.instead:
        return
    planner.measure(
        MeasurementRequest(
            name=f"claim/{number}/{SPLIT}/{formats.instead}",
            task=claim.task,
            prompt=next(iter(formats.to_ask), ""),
            limit=MEASURED_INSTEAD,
            arm=SPLIT,
        )
    )


def _grid_of(served: Served, measurement: Measurement) -> int:
    """The steps of a score: of a scorer that gives shares its mean is tested, of any other one the full scores.

    So it is of the trainings of a recipe, which are compared by their right answers.
    """
    from steelyard.scorers import is_share, open_identifier
    from steelyard.stats.bounded_bets import GRID

    return GRID if is_share(open_identifier(served.reads.scorer)) and not measurement.needs else 1


def _trials(test: PlannedTest, plan: Plan, shortfall: float) -> int:
    from steelyard.stats.sequential import StopTable, samples_needed

    sealed, claim, measurement = decode(test), claim_of(test, plan), measurement_of(test, plan)
    if measurement.decoding == "sampled" and not sealed.two_passes:
        return measurement.trials
    if shortfall and sealed.trainings > 1:  # that a recipe is below its claim is tested when all was asked
        return measurement.planned
    expected = expected_test(sealed, measurement, claim)
    table = StopTable(inconsistent=expected.inconsistent, consistent=expected.consistent)
    rate = max(0.0, float(claim.number / claim.scale) - shortfall)
    needed = samples_needed(table, 0, 0, measurement.trials, rate) or measurement.trials
    return needed * (1 + sealed.two_passes) if shortfall else needed
