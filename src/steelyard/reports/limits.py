"""What a verdict does not show: only the limits that apply to this verdict, to be printed next to it."""

from __future__ import annotations

from typing import Final

from steelyard.planning.cues import CUE
from steelyard.planning.drawn import PROMPTS, TWINS
from steelyard.planning.file_order import ORDER
from steelyard.planning.rules import former_sentence
from steelyard.planning.series import new_key_sentence, was_order_free
from steelyard.records import ClaimVerdict, Measurement, MeasurementResult, Origin, Plan, Verdict, VerdictWord
from steelyard.reports import choices, gates, identity_checks
from steelyard.reports.measured import only_measured
from steelyard.reports.measured_rates import sentence_on
from steelyard.reports.words import count, counted
from steelyard.util.text import one_line

__all__ = ["NOT_KEPT", "error_rates", "limits", "of_the_origin"]

_HELD = {  # by kind of measurement
    "generate": "texts that it drew",
    "next_token": "its log-probabilities of next tokens",
}
_OF_A_MEASUREMENT = (
    "The {level} interval of a measurement is Wilson's, for a number of samples that is fixed in advance, over "
    "subtasks where there are several, else over questions where each was asked several times; where the run ended "
    "before all was asked, it holds at every stop and is about all questions of the task. Missing answers widen it "
    "both ways."
)
_OF_A_MEAN = (
    "The interval of a mean score holds for any distribution of scores between 0 and 1, in the order that was sealed, "
    "and at every stop (bets); over several subtasks it is clustered by them."
)
_OF_A_PART = (
    "Where the data held only a part of a benchmark, the verdict is about this part. Nothing shows that the part was "
    "drawn at random, as the wider tolerance to accuse assumes."
)
_OF_A_CORPUS = (
    "A corpus score (chrF) comes from sums over all answers and is no mean of theirs. It has no test before all was "
    "asked: what all of the set comes to is compared as it is, if no answer that was asked twice differs. Its interval "
    "is then the score itself, or what missing answers leave of it; for an estimate it is a bootstrap over samples, "
    "which holds approximately, and not at every stop."
)
_OF_ONE_TIME = (
    "The verdict is about the endpoint during this audit: a cold start or a bad replica can cause inconsistent, an "
    "hour without its usual bad spells consistent. Audit again on another day before you act on it."
)
# What no second pass shows, by its name in JSON, with the rates that ``python -m bench.honest`` prints.
NOT_KEPT: Final = {
    "scattered_noise": "if items far apart share their noise",
    "unseen_neighbours": "if neighbours do at the vendor while ours repeat",
    "one_seed": "if one seed drew all of the vendor's passes",
    "other_stack": "if the two stacks' greedy answers differ widely",
    "long_spell": "if the endpoint was worse for a whole pass or most of the audit",
}
GATEWAY = "steelyard gateway"  # the harness that an import of our own recordings names


def limits(verdict: Verdict, plan: Plan | None = None) -> tuple[str, ...]:
    """The limits that apply to this verdict: what a gap shows, the error rates, the configuration, what is missing.

    The verdict's own ``limits`` follow them, without repeats.
    """
    asked = [claim for claim in verdict.claims if claim.asked]
    measured = [each for each in only_measured(verdict) if each.asked]
    on_part = [claim for claim in asked if claim.part_of]
    of_gates = [each for each in (*gates.gated(verdict), *choices.asked_of_candidates(verdict)) if each.asked]
    names = {claim.measurement for claim in asked} | {each.measurement for each in (*measured, *of_gates)}
    # The most important ones first: a terminal shows only the first few.
    sentences = [former] if plan and (former := former_sentence(plan)) else []
    sentences += [_OF_A_PART] if on_part else []
    sentences += [*gates.limits_of(verdict), *choices.limits_of(verdict), *identity_checks.limits_of(verdict, plan)]
    sentences += _of_the_words(asked, [*measured, *of_gates])
    if new_key := new_key_sentence(plan) if plan is not None and plan.origin.kind == "asked" else "":
        sentences.append(new_key)
    sentences += _of_the_setting(names, asked, plan)
    sentences += _of_the_numbers(
        verdict,
        asked,
        measured,
        of_gates,
        counts=plan is not None and plan.ledger is not None and not was_order_free(plan),
        in_gauntlet=sentence_on(plan) if asked or _is_requested(verdict, plan) else "",
    )
    if asked and len(asked) < len(verdict.claims):
        sentences.append("The report shows nothing about the claims that were not testable or not tested.")
    if verdict.notes:
        sentences.append("A note proves nothing by itself and never changes the verdict.")
    own = [one_line(limit) for limit in verdict.limits]
    return tuple(dict.fromkeys([*sentences, *own]))


def error_rates(verdict: Verdict) -> str:
    """How often a true claim of the whole report is called inconsistent, and where that is not kept."""
    *cases, last = NOT_KEPT.values()
    return (
        f"Error rates: over the whole report, the chance that any true claim is called inconsistent is at most "
        f"{100 * verdict.alpha:g} % (weighted Holm). It can be more {', '.join(cases)}, or {last}."
    )


def _is_requested(verdict: Verdict, plan: Plan | None) -> bool:
    """Whether a test was asked for that stands beside no claim; a check of identity says its rates itself."""
    return plan is not None and bool(plan.requested) and not identity_checks.is_identity_check(verdict)


def _of_the_words(asked: list[ClaimVerdict], measured: list[MeasurementResult]) -> list[str]:
    words = {claim.verdict for claim in asked}
    sentences = []
    if any(claim.formats for claim in asked):
        sentences.append(
            "Where the vendor does not state its prompt format, number of few-shot examples, decoding or reasoning "
            "effort, the usual ones were asked one after another, until one reached the claim; others may score "
            "differently."
        )
    if any(not each.read_by or not asked for each in measured) or any(not claim.formats for claim in asked):
        each = " for each claim" if asked else ""
        other = " whose protocol is stated" if any(claim.formats for claim in asked) else ""
        sentences.append(
            f"Only one configuration (prompt, format, decoding) was tested{each}{other}: another may score differently."
        )
    if VerdictWord.INCONSISTENT in words:
        sentences.append(
            "A gap does not prove training on the test set or bad faith. It shows that the model as served did not "
            "reach the claimed score here, under this configuration."
        )
    if VerdictWord.CONSISTENT in words:
        sentences.append(
            "Consistent means that the score over the whole benchmark is not lower than the claim by more than the "
            "tolerance and the rounding of the printed number. It does not mean equal, and it does not show how the "
            "score was earned."
        )
    if VerdictWord.UNVERIFIABLE in words:
        sentences.append(
            "The range of a claim that is unverifiable as stated is of one pass, so how items differ counts in it as "
            "noise, too. It may miss noise that items far apart share, and a bad spell that fell outside a short audit."
        )
    if VerdictWord.INSUFFICIENT_POWER in words:
        sentences.append(
            "Insufficient power is evidence neither for nor against a claim: it states what a decision would cost."
        )
    return sentences


def _of_the_numbers(
    verdict: Verdict,
    asked: list[ClaimVerdict],
    measured: list[MeasurementResult],
    of_gates: list[MeasurementResult],
    *,
    counts: bool,
    in_gauntlet: str,
) -> list[str]:
    """``counts``: the key's ledger counts how often the questions were asked; ``in_gauntlet``: what was measured."""
    level, sentences = f"{100 * verdict.alpha:g} %", []
    series = " Both hold over all audits of a question with this key together." if counts else ""
    if asked:
        sentences = [
            error_rates(verdict),
            f"For each claim, a false consistent has a chance of at most {level}.{series}",
            f"The {100 * (1 - verdict.alpha):g} % intervals are valid whenever the run stops, however often results "
            "are looked at, and for a benchmark of finite size. So they are wider than textbook intervals, which fix "
            "the number of samples in advance.",
        ]
    if any(claim.level is not None and not claim.trace for claim in asked):
        sentences.append(_OF_A_CORPUS)
    if in_gauntlet:
        sentences.append(in_gauntlet)
    if measured:
        sentences.append(_OF_A_MEASUREMENT.format(level=f"{100 * (1 - verdict.alpha):g} %"))
        sentences += [_OF_A_MEAN] if any(each.mean is not None for each in measured) else []
    read = {each.measurement: max(one.asked for one in asked if one.measurement == each.measurement) for each in asked}
    came = {each.measurement: each.asked for each in verdict.measurements}
    if later := sum(max(0, came.get(name, 0) - number) for name, number in read.items()):
        sentences.append(
            f"{counted(later, 'answer')} came after the tests had decided: kept and paid for, and read by no test. The "
            "numbers of a claim are those of the answers that its test read."
        )
    scored: list[ClaimVerdict | MeasurementResult] = [*asked, *measured, *of_gates]
    against, confirmed = ("red", "green") if gates.is_gated(verdict) else ("inconsistent", "consistent")
    against, confirmed = ("below", "reached") if choices.is_choice(verdict) else (against, confirmed)
    missing = sum(each.missing for each in scored)
    if missing:
        sentences.append(
            f"{counted(missing, 'answer is', 'answers are')} missing. Each counts as right where the test could decide "
            f"{against} and as wrong where it could decide {confirmed}; the interval covers both."
        )
    unread = sum(each.open for each in scored)
    if unread:
        sentences.append(
            f"{counted(unread, 'answer is', 'answers are')} open: cut off, stopped by a content filter, or readable in "
            "two ways. Each counts as right where the test could decide "
            f"{against} and as wrong where it could decide {confirmed}; the interval covers both."
        )
    unparsed = sum(each.unparsed for each in scored)
    if unparsed:
        sentences.append(
            f"No result could be extracted from {counted(unparsed, 'answer')}: counted as wrong and reported apart."
        )
    return sentences


def _of_the_setting(names: set[str], asked: list[ClaimVerdict], plan: Plan | None) -> list[str]:
    if not names:
        return []
    sentences = []
    if any(claim.differences for claim in asked):
        sentences.append(
            "Where the report lists differences from the vendor's description, a gap can come from those differences."
        )
    if plan is None:
        return sentences
    measurements = [each for each in plan.measurements if each.id in names and not each.again]
    claimed = {claim.measurement for claim in asked}
    if any(each.decoding == "sampled" and each.id in claimed for each in measurements):
        sentences.append(
            "Where decoding is sampled, the tolerance allows for the noise of the vendor's own passes and ours."
        )
    if claimed and plan.origin.kind != "imported" and not plan.subject.capabilities.deterministic:
        sentences.append(_OF_ONE_TIME)
    sentences += _of_trainings(measurements, plan)
    sentences += _of_public_samples(measurements, plan)
    sentences += _of_the_prompt(measurements, plan)
    sentences += _of_the_order(measurements, plan)
    if plan.origin.kind == "imported":
        sentences.append(of_the_origin(plan.origin))
    elif plan.subject.identity.uri.startswith("python:"):
        sentences.append(
            "The model under test is a function of the auditor's own. The digest given here is that of its source "
            "file, not of what it calls: other files, packages and services."
        )
    elif plan.subject.identity.sha256:
        sentences.append(
            "The model under test is the file with the digest given here; other weights sold under its name may differ."
        )
    elif drawn := _of_the_reference(plan):
        sentences.append(drawn)
    else:
        sentences.append(
            "The endpoint is known only by what it reports about itself: whether it serves the weights that were "
            "benchmarked was not tested."
        )
    return sentences + _of_the_texts(plan, sum(each.population for each in measurements))


def _of_the_reference(plan: Plan) -> str:
    """What was held against the weights of a reference; empty where nothing was."""
    kinds = {each.kind for each in plan.measurements if each.drawn == PROMPTS}
    if not kinds:
        return ""
    held = " and ".join(said for kind, said in _HELD.items() if kind in kinds)
    return (
        f"The endpoint is known by what it reports about itself, and beside that {held} were held against the weights "
        "of the reference: the further tests say what they show. That this file is what should be served, in this "
        "precision, is the auditor's word; and other prompts may be answered by another model."
    )


def _of_public_samples(measurements: list[Measurement], plan: Plan) -> list[str]:
    """That public samples may be known by heart, and where fresh ones were asked beside them."""
    public = [each for each in measurements if each.public]
    beside = {each.beside for each in plan.measurements if each.drawn == TWINS}
    if not public:
        return []
    known = "The samples are public and may have been trained on: a score reached on them may not be reached on fresh"
    if all(each.id in beside for each in public):
        return [
            f"{known} samples. Fresh ones of the same kind were asked beside them, and the further tests say what they "
            "show: no gap does not prove that nothing was learned by heart, and a gap does not show how it came."
        ]
    asked = ", ".join(dict.fromkeys(one_line(each.task, 60) for each in public if each.id in beside))
    return [f"{known} samples, which was {f'tested for {asked} alone' if asked else 'not tested here'}."]


def _of_the_prompt(measurements: list[Measurement], plan: Plan) -> list[str]:
    """Where the same questions were asked under another prompt, what that does not see."""
    beside = {each.beside for each in plan.measurements if each.drawn == CUE}
    asked = ", ".join(dict.fromkeys(one_line(each.task, 60) for each in measurements if each.id in beside))
    if not asked:
        return []
    return [
        f"Whether questions are answered worse where they do not look like the benchmark was tested for {asked}, and "
        "the further tests say what came. That does not see a router that knows the questions themselves, or the "
        "wording around them, which both prompts share; nor one that takes our lines out, which are public."
    ]


def _of_the_order(measurements: list[Measurement], plan: Plan) -> list[str]:
    """Where a file was asked in its order, why that is taken to be random, and what the test does not see."""
    beside = {each.beside: each.id for each in plan.measurements if each.drawn == ORDER}
    asked = {each.id: one_line(each.task, 60) for each in measurements if each.id in beside}
    said = {each.reads.measurement: each.differences for each in plan.served}
    reasons = "; ".join(
        f"{task}: {one_line(' '.join(said.get(beside[name], ())), 400).rstrip('.')}" for name, task in asked.items()
    )
    if not asked:
        return []
    return [
        f"Whether the model knows the order of a file was tested ({reasons}). That does not see a file that was "
        "shuffled before it was learned, and it rests on the order being random: the task's word."
    ]


def _of_trainings(measurements: list[Measurement], plan: Plan) -> list[str]:
    """What an answer by one training of a recipe, or by several, shows of others."""
    numbers = {len(several) for each in measurements for several in plan.checkpoints_of(each)}
    sentences = []
    if 1 in numbers:
        sentences.append(
            "Where one network answered, the verdict is about this checkpoint: another training of the same recipe may "
            "score differently."
        )
    if numbers - {0, 1}:
        sentences.append(
            "Where several trainings of a recipe answered in turn, consistent and the interval are about these "
            "trainings, as the plan's order has them answer. Inconsistent is about the recipe: then a t-test over "
            "the means of the trainings rejects the claim, too."
        )
    return sentences


def of_the_origin(origin: Origin) -> str:
    """What an imported run relies on: another harness's log, or a recording that our gateway made of the calls."""
    place = f"({one_line(origin.file)}, SHA-256 {origin.sha256[:16]}…)"
    if origin.harness == GATEWAY:
        return (
            f"Imported from a recording of {GATEWAY} {place}: the calls passed through it, and were matched to the "
            "samples by their prompts."
        )
    return (
        f"Imported from {one_line(origin.harness)} {place}: we did not see the calls. Requests, answers and the "
        "model's name are taken from the log; the seal shows that they have not changed since the import."
    )


def _of_the_texts(plan: Plan, samples: int) -> list[str]:
    if plan.texts != "withheld":
        return []
    return [
        f"The texts of the {count(samples)} samples and of the answers are withheld, so that publishing this report "
        "does not contaminate the benchmark. Their digests are sealed: anyone who has the texts can check them."
    ]
