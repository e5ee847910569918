"""What a verdict does not show, in words that stand next to it: only the limits that bear on this verdict."""

from __future__ import annotations

from steelyard.records import ClaimVerdict, MeasurementResult, Origin, Plan, Verdict, VerdictWord
from steelyard.reports.words import count, counted, only_measured
from steelyard.util.text import one_line

__all__ = ["limits", "of_the_origin"]

_OF_A_MEASUREMENT = (
    "The {level} interval is Wilson's, for a number of samples that is fixed before; where a budget fixed it, it "
    "is only approximate. Missing answers widen it both ways."
)
GATEWAY = "steelyard gateway"  # the harness that an import of our own recordings names


def limits(verdict: Verdict, plan: Plan | None = None) -> tuple[str, ...]:
    """The limits that bear on this verdict: what a gap shows, the error rates, the configuration, what is missing.

    The verdict's own ``limits`` come after them, each once.
    """
    asked = [claim for claim in verdict.claims if claim.asked]
    measured = [each for each in only_measured(verdict) if each.asked]
    names = {claim.measurement for claim in asked} | {each.measurement for each in measured}
    # The gravest first: a terminal shows only the first few.
    said = [*_of_the_words(asked, measured), *_of_the_setting(names, asked, plan)]
    said += _of_the_numbers(verdict, asked, measured)
    if asked and len(asked) < len(verdict.claims):
        said.append("Nothing is said about the claims that were not testable or not tested.")
    if verdict.notes:
        said.append("A note proves nothing by itself and never changes the verdict.")
    own = [one_line(limit) for limit in verdict.limits]
    return tuple(dict.fromkeys([*said, *own]))


def _of_the_words(asked: list[ClaimVerdict], measured: list[MeasurementResult]) -> list[str]:
    words = {claim.verdict for claim in asked}
    said = []
    if asked or measured:
        each = " for each claim" if asked else ""
        said.append(f"One configuration (prompt, format, decoding) was asked{each}: another may score otherwise.")
    if VerdictWord.INCONSISTENT in words:
        said.append(
            "A gap never proves training on the test, nor bad faith: it shows that the claimed score was not reached "
            "here, by the model as served, under this configuration."
        )
    if VerdictWord.CONSISTENT in words:
        said.append(
            "Consistent means that the score over the whole benchmark is not lower than the claim by more than the "
            "tolerance and the rounding of the printed number. It does not mean equal, and it does not show how the "
            "score was earned."
        )
    if VerdictWord.INSUFFICIENT_POWER in words:
        said.append("Insufficient power speaks neither for a claim nor against it: it says what a decision would cost.")
    return said


def _of_the_numbers(verdict: Verdict, asked: list[ClaimVerdict], measured: list[MeasurementResult]) -> list[str]:
    level, said = f"{100 * verdict.alpha:g} %", []
    if asked:
        said = [
            f"Error rates: over the whole report, the chance that any honest claim is called inconsistent is at most "
            f"{level} (weighted Holm); consistent is at {level} for each claim.",
            f"The {100 * (1 - verdict.alpha):g} % intervals are valid at any stop, however often one looks, and for a "
            "benchmark of finite size; so they are wider than the textbook's, for a number of samples fixed before.",
        ]
    if measured:
        said.append(_OF_A_MEASUREMENT.format(level=f"{100 * (1 - verdict.alpha):g} %"))
    missing = sum(claim.missing for claim in asked) + sum(each.missing for each in measured)
    if missing:
        said.append(
            f"{counted(missing, 'answer is', 'answers are')} missing. Each counts as right where the test could say "
            "inconsistent and as wrong where it could say consistent; the interval covers both."
        )
    unparsed = sum(claim.unparsed for claim in asked) + sum(each.unparsed for each in measured)
    if unparsed:
        said.append(
            f"From {counted(unparsed, 'answer')} no result could be extracted: counted as wrong, and counted apart."
        )
    return said


def _of_the_setting(names: set[str], asked: list[ClaimVerdict], plan: Plan | None) -> list[str]:
    if not names:
        return []
    said = []
    if any(claim.differences for claim in asked):
        said.append(
            "What was asked differs from what the vendor describes, where the report says so: a gap can come from "
            "that difference."
        )
    if plan is None:
        return said
    rows = [each for each in plan.measurements if each.id in names]
    claimed = {claim.measurement for claim in asked}
    if any(row.decoding == "sampled" and row.id in claimed for row in rows):
        said.append(
            "Where decoding is sampled, the tolerance allows for the noise of the vendor's own passes and ours."
        )
    if any(row.public for row in rows):
        said.append(
            "The samples are public and may have been trained on: a score that holds on them need not hold on fresh "
            "ones, and that was not tested here."
        )
    if plan.origin.kind == "imported":
        said.append(of_the_origin(plan.origin))
    elif plan.subject.identity.sha256:
        said.append(
            "The model is the one file named here, by its digest; other weights sold under the name may differ."
        )
    else:
        said.append(
            "The endpoint is known only by what it says of itself: whether it serves the weights that were benchmarked "
            "was not tested."
        )
    return said + _of_the_texts(plan, sum(row.population for row in rows))


def of_the_origin(origin: Origin) -> str:
    """What an imported run rests on: a log is another's word, a recording our gateway made as the calls passed."""
    place = f"({one_line(origin.file)}, SHA-256 {origin.sha256[:16]}…)"
    if origin.harness == GATEWAY:
        return (
            f"Imported from a recording of {GATEWAY} {place}: the calls passed through it, and were matched to the "
            "samples by their prompts."
        )
    return (
        f"Imported from {one_line(origin.harness)} {place}: we did not see the calls. What was asked and answered, by "
        "which model, is taken from there; the seal shows that it was not changed since the import."
    )


def _of_the_texts(plan: Plan, samples: int) -> list[str]:
    if plan.texts != "withheld":
        return []
    return [
        f"The texts of the {count(samples)} samples and of the answers are withheld, so that publishing this report "
        "does not spoil the benchmark; their digests are sealed, and whoever holds the texts can check them."
    ]
