"""The result of a claim retest: for the error budget of the report, and as the claim's verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from steelyard.detectors.claim_retest.known import note_of
from steelyard.detectors.claim_retest.monitor import ClaimMonitor
from steelyard.detectors.claim_retest.reach import enough_for, reach_of
from steelyard.records import ClaimVerdict, DetectorResult, Needs, Note, VerdictWord
from steelyard.stats.bounds import share_bounds, share_point
from steelyard.util.bounded_fraction import bounded_fraction

__all__ = ["ClaimFinder", "reason_of", "result_of"]


class ClaimFinder(ClaimMonitor):
    """A claim's monitor that also gives the result."""

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """The result of the test from the scores so far."""
        return result_of(self)


def result_of(monitor: ClaimMonitor) -> DetectorResult:
    """The result of one claim's test.

    Its ``claim`` has both what a decision would still need and what re-runs could explain; the verdict keeps the one
    that belongs to its word.
    """
    word = _word(monitor)
    p = monitor.p
    return DetectorResult(
        test=monitor.planned.id,
        rule=monitor.planned.rule,
        word=word,
        p=p,
        reason=reason_of(monitor, word),
        notes=_notes(monitor),
        claim=_claim(monitor, word, p),
    )


def _word(monitor: ClaimMonitor) -> VerdictWord:
    undecided = VerdictWord.NOT_TESTABLE if monitor.confirms_only else VerdictWord.INSUFFICIENT_POWER
    undecided = VerdictWord.UNVERIFIABLE if monitor.unverifiable else undecided
    return VerdictWord(monitor.decision) if monitor.decision else undecided


def _claim(monitor: ClaimMonitor, word: VerdictWord, p: float) -> ClaimVerdict:
    claim, measurement, retest, test = monitor.claim, monitor.measurement, monitor.retest, monitor.retest.test
    claimed = float(claim.number / claim.scale)
    # Of weighted scores, in samples of the mean weight of those read.
    scale = monitor.sealed.grid * (retest.weight / retest.n if retest.n else 1)
    is_macro = monitor.sealed.macro
    low, high = retest.both
    right, unread = low / scale, retest.missing if monitor.second is None and not is_macro else (high - low) / scale
    answered = retest.n - unread
    margin = bounded_fraction(monitor.sealed.tolerance) / 100
    if test and word is not VerdictWord.CONSISTENT:
        margin = Fraction(math.floor(test.margin * 10_000), 10_000)  # to a hundredth of a point
    log_e = retest.log_e
    trace = monitor.trace_points(monitor.interval_level)
    ci = monitor.interval
    served = monitor.served
    is_tested = test is not None and not monitor.confirms_only
    needed = retest.remaining(right / answered if answered else claimed) if is_tested else None
    return ClaimVerdict(
        task=claim.task,
        claimed_text=claim.value,
        unit=claim.unit,
        claimed=claimed,
        tolerance=float(margin),
        measured=share_point(right, unread, retest.n),
        bounds=share_bounds(right, unread, retest.n),
        ci=ci,
        asked=retest.n,
        of=measurement.trials,
        repeats=measurement.repeats,
        missing=retest.missing - monitor.open,
        open=monitor.open,
        unparsed=monitor.unparsed,
        verdict=word,
        reason=reason_of(monitor, word),
        better=bool(ci and ci[0] > claimed + float(claim.printed_unit / claim.scale / 2)),
        p=p,
        log_e=log_e if math.isfinite(log_e) else None,
        level=monitor.sealed.alpha_inconsistent,
        needs=Needs(samples=needed) if needed else None,
        implied_reruns=_reruns(monitor),
        measurement=measurement.id,
        prompt=served.prompt if served else measurement.prompt,
        differences=served.differences if served else measurement.differences,
        trace=trace,
        part_of=monitor.sealed.whole,
        standard=ci if word is VerdictWord.UNVERIFIABLE else None,
        line=claim.line,
        note=claim.note,
        place=claim.place,
    )


def reason_of(monitor: ClaimMonitor, word: VerdictWord) -> str:
    """Why a claim's test ends with this word; empty where the word says it all."""
    retest, test, measurement = monitor.retest, monitor.retest.test, monitor.measurement
    if word is VerdictWord.UNVERIFIABLE:
        return monitor.unverifiable
    if monitor.confirms_only and retest.word != "not_testable":
        return "" if word is VerdictWord.CONSISTENT else _unconfirmed(monitor)
    if retest.suspects:
        return "the vendor does not state its decoding, and how much sampled answers vary was not measured to the end"
    if word is VerdictWord.NOT_TESTABLE and test is not None and monitor.sealed.whole:
        of = f"{measurement.population:,} of {monitor.sealed.whole:,} items"
        return f"{of} are so few that the tolerance would be {float(test.margin) * 100:.1f} points"
    if word is VerdictWord.NOT_TESTABLE and test is not None:
        noise = f"{float(test.margin) * 100:.1f} points"
        return f"answers vary so much between repeats that the tolerance would be {noise}, which guessing would reach"
    if word is not VerdictWord.INSUFFICIENT_POWER:
        return ""
    if retest.recipe is not None and (retest.recipe.test is not None or _is_unknown_recipe(monitor)):
        return _between_trainings(monitor)
    if retest.word is not None:
        return _between(monitor)
    if retest.waits_for_recipe:
        why = "the budget was spent" if monitor.plan.is_bounded else "the run stopped"
        return f"these trainings are below the claim; whether the recipe is, is tested when all was asked, and {why}"
    if measurement.limit is not None and retest.n >= measurement.planned:
        return f"stopped at the limit of {measurement.limit} samples"
    if test is None and retest.n == 0:
        return "the repeat check was not finished"
    return "the budget was spent" if monitor.plan.is_bounded else "the run stopped before a decision"


def _unconfirmed(monitor: ClaimMonitor) -> str:
    """Why a claim that could only be confirmed is not."""
    below = "the score here is below the claim, which" if monitor.retest.word == "inconsistent" else "not reaching it"
    return f"{monitor.confirms_only}: {below} shows nothing"


def _is_unknown_recipe(monitor: ClaimMonitor) -> bool:
    """Whether recorded answers are below the claim, of which it is not known which training gave them."""
    recipe, tracker = monitor.retest.recipe, monitor.retest.tracker
    return recipe is not None and not recipe.is_known and tracker is not None and tracker.decision == "inconsistent"


def _between_trainings(monitor: ClaimMonitor) -> str:
    """How much trainings differ that together are below the claim, where the recipe need not be."""
    recipe = monitor.retest.recipe
    assert recipe is not None
    if recipe.test is None:
        return "below the claim as recorded; which training gave which answer is not known: audit the family itself"
    low, high = (f"{100 * share:.1f}" for share in (min(recipe.means), max(recipe.means)))
    return (
        f"these {recipe.trainings} trainings are below the claim, from {low} to {high} % each (standard deviation "
        f"{100 * recipe.test.deviation:.1f} points); the recipe need not be (p = {recipe.test.p:.2g}, needed "
        f"{monitor.sealed.alpha_inconsistent:.2g}): more trainings would settle it"
    )


def _between(monitor: ClaimMonitor) -> str:
    """Why no answer could decide any more: what cannot be read, what is missing, or the noise of the claim."""
    retest, most = monitor.retest, monitor.sealed.most(monitor.measurement)
    left = most - retest.weight * monitor.sealed.grid
    accuse, confirm = retest.bounds
    missing = retest.missing - monitor.open
    for unread, why, option in (
        (monitor.open, "answers can be read two ways or were cut off", "--open"),
        (missing, "answers are missing", "--missing"),
        (retest.missing, "answers are missing, were cut off or can be read two ways", "--open --missing"),
    ):
        # As right ones, or as wrong ones, these alone would have left a verdict possible.
        steps = unread * (retest.high - retest.right) // max(1, retest.missing)
        if unread and (retest.high - steps < accuse or retest.right + steps + left >= confirm):
            said = f"{unread:,} of {retest.n:,} {why}: neither verdict can be reached any more"
            return f"{said} (in the run's folder, steelyard show . {option} lists them)"
    reach = reach_of(monitor.sealed, monitor.measurement, monitor.claim, retest.confirming_variance)
    if monitor.planned.rule != "claim_retest@4":
        right = retest.right / (monitor.sealed.grid * (retest.weight / retest.n if retest.n else 1))
        return enough_for(right, retest.n, reach.claimed, monitor.interval or (0.0, 1.0), reach.questions)
    low, high = (f"{bound / most * 100:.1f} %" for bound in (accuse, confirm))
    remedy = reach.remedy
    if confirm > most:
        return f"within noise of the claim: only a score below {low} would be inconsistent, and none consistent{remedy}"
    said = f"within noise of the claim: a score below {low} would be inconsistent, one of {high} or more consistent"
    return said + remedy


def _reruns(monitor: ClaimMonitor) -> dict[str, int | None]:
    """Empty if re-running changes no answer: re-runs do not explain a greedy, deterministic gap.

    Also where scores lie between 0 and 1: how often runs are lucky is known of right and wrong answers alone.
    """
    from steelyard.stats.reruns import implied_reruns

    retest, measurement, claim = monitor.retest, monitor.measurement, monitor.claim
    if not retest.n or retest.test is None or not retest.test.noisy or monitor.sealed.grid > 1:
        return {}
    least = (claim.number - claim.printed_unit / 2) / claim.scale  # the least value that is printed as the claim
    right = retest.right + retest.missing
    return implied_reruns(
        retest.n, right, least, measurement.population, alpha=monitor.plan.alpha, cells=measurement.trials
    )


def _notes(monitor: ClaimMonitor) -> tuple[Note, ...]:
    known = note_of(monitor.sealed, monitor.measurement, monitor.retest.plain_p, monitor.claim.task)
    return (*known, *_notes_on_scores(monitor))


def _notes_on_scores(monitor: ClaimMonitor) -> tuple[Note, ...]:
    if monitor.sealed.grid == 1:
        return _notes_on_noise(monitor)
    message = "its scores lie between 0 and 1: what is tested is their mean, not the share of full scores"
    if monitor.sealed.macro:
        message = (
            f"the mean over its {len(monitor.measurement.groups):,} subtasks is tested, as the vendor states it: each "
            + (
                "has the weight that the plan seals"
                if monitor.sealed.weights
                else "has the same weight, whatever its size"
            )
        )
    mean = Note(detector="claim_retest", check="mean", task=monitor.claim.task, message=message)
    return (mean, *_notes_on_noise(monitor))


def _notes_on_noise(monitor: ClaimMonitor) -> tuple[Note, ...]:
    test = monitor.retest.test
    if monitor.sealed.one_answer:
        temperature = monitor.measurement.temperature
        asked = f"at temperature {temperature:g}" if temperature else "asked to sample,"
        message = (
            f"{asked} the endpoint gave an open question of ours the same answer more than once: a cache, or it "
            "ignores the temperature. Repeats count as one answer here"
        )
        return (Note(detector="claim_retest", check="cache", task=monitor.claim.task, message=message),)
    if test is None or not test.noisy or monitor.measurement.decoding != "greedy" or monitor.sealed.varies:
        return ()
    return (
        Note(
            detector="claim_retest",
            check="determinism",
            task=monitor.claim.task,
            message="greedy answers changed between repeats, so this claim is tested as sampled decoding: "
            f"tolerance {float(test.margin) * 100:.1f} points",
        ),
    )
