"""Whether a claim can be tested here, and if not, why: each reason skips one claim, never the plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, TypeVar

from steelyard.errors import InputError
from steelyard.planning.rules import compares_texts
from steelyard.plugins import ExecutingScorer, MeasurementRequest
from steelyard.records import Capabilities, Claim, Measurement, MeasurementKind, Sample
from steelyard.scorers.powers import name_of

if TYPE_CHECKING:
    from steelyard.tasks.definition import PromptFormat
    from steelyard.tasks.protocol import ChosenProtocol
    from steelyard.tasks.task import Task

M = TypeVar("M")

__all__ = [
    "Skip",
    "check_choices",
    "check_mean",
    "check_testable",
    "kind_of",
    "other_scorer",
    "other_split",
    "scorer_of",
    "task_named",
    "task_of",
    "with_examples",
]

_JUDGED: Final = (
    "a judge model marks the answers, and another judge gives another number, so that whoever chooses it could choose "
    "the verdict; steelyard run asks the questions, and steelyard judge scores that run"
)


class Skip(Exception):
    """Skips one request, with the verdict and the reason that the plan records."""

    def __init__(self, verdict: Any, reason: str) -> None:
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason


def with_examples(request: MeasurementRequest, measure: Callable[[MeasurementRequest], M]) -> M:
    """What ``measure`` gives; raises Skip where there are too few worked examples for a number that nobody states."""
    from steelyard.tasks.shots import TooFewExamples

    try:
        return measure(request)
    except TooFewExamples as error:
        if request.claim is None or request.shots is None:
            raise
        raise Skip("not_tested", error.problem) from None


def task_of(claim: Claim, find: Callable[[str], Task | None], near: Callable[[str], str]) -> Task:
    """The task that a claim is about; raises Skip for a metric or unit that cannot be tested, and an unknown task."""
    from steelyard.tasks.several_answers import several_answers

    if chosen := several_answers((claim.variant, claim.metric, claim.protocol.prompt)):
        raise Skip("not_testable", f"the metric {chosen} needs several answers to a sample; an audit takes one")
    if not claim.is_proportion:
        remedy = "; where it is one, write its unit: percent or fraction" if claim.unit == "points" else ""
        raise Skip("not_tested", f"a value in {claim.unit} is not a share of right answers{remedy}")
    return task_named(claim.task, find, near)


def task_named(name: str, find: Callable[[str], Task | None], near: Callable[[str], str]) -> Task:
    """The task of this name; raises Skip if there is none, with what is known about the benchmark.

    ``near`` says what else could be meant.
    """
    task = find(name)
    if task is None:
        raise _no_task(name, near)
    return task


def scorer_of(
    task: Task,
    protocol: ChosenProtocol,
    unavailable: Callable[[ExecutingScorer], str],
    chosen: str = "",
    *,
    of_claim: bool = False,
) -> str:
    """The identifier of the scorer: the task's, or the one that the user chose.

    Raises Skip if it cannot run (``unavailable`` says why) and for a claim whose answers a judge scores, InputError
    where none can be chosen: a claim about a published benchmark is scored by that benchmark's rule, and a
    log-likelihood by the format's.
    """
    from steelyard.scorers import open_identifier, scorer_named
    from steelyard.scorers.judged import Judged
    from steelyard.scorers.letter import Letter

    scorer = open_identifier(task.scorer_identifier(protocol.prompt))
    if chosen and not (of_claim and task.public):
        if not task.prompt_format(protocol.prompt).generates:
            raise InputError(f"--scorer {chosen}: {task.id} asks for log-likelihoods, not for text: leave it out")
        if isinstance(scorer, Letter) and compares_texts(chosen):
            raise InputError(
                f"--scorer {chosen}: {task.id} asks for the letter of a choice, which only the scorer letter reads: "
                "leave it out"
            )
        scorer = scorer_named(chosen)
    if isinstance(scorer, ExecutingScorer) and (reason := unavailable(scorer)):
        raise Skip("not_testable", reason)
    if of_claim and isinstance(scorer, Judged):
        # Whoever chooses the judge chooses the number, and no bound on what a judge gets wrong is known.
        raise Skip("not_testable", _JUDGED)
    return scorer.identifier


def other_scorer(task: Task, protocol: ChosenProtocol, identifier: str) -> tuple[str, ...]:
    """The difference to report where the user chose a scorer that is not the task's."""
    own = task.scorer_identifier(protocol.prompt)
    if identifier.rpartition("@")[0] == own.rpartition("@")[0]:  # a verifier's may be of a former version
        return ()
    return (f"Scored by {identifier}, which the user chose, not by the task's {own}.",)


def other_split(task: Task, claim: Claim, prompt: str) -> str:
    """The split that can be measured beside a claim about one whose answers are withheld; empty where that is not so.

    Where the claim is refused for another reason too, nothing is measured for it.
    """
    withheld, hub = task.definition.withheld, task.definition.hub
    if withheld is None or hub is None:
        return ""
    return hub.split if task.protocol_for(claim, prompt).refused == withheld.why else ""


def check_choices(identifier: str, task: str, samples: Sequence[Sample]) -> None:
    """Raise InputError where a rule that reads choices has samples without any: all of these would be open."""
    if name_of(identifier) == "option" and (without := sum(not sample.choices for sample in samples)):
        raise InputError(
            f"the scorer option reads which choice an answer names, and {without:,} of {len(samples):,} questions of "
            f"{task} have no choices: give the file a column choices (a|b|c), or leave out --scorer option"
        )


def check_mean(identifier: str, claim: Claim | None, measurement: Measurement) -> None:
    """Raise Skip for a claim on scores between 0 and 1 that is about more or fewer items than are here.

    How far the means of a benchmark and of a part of it lie apart is bounded for right and wrong answers alone.
    """
    from steelyard.scorers import is_share, open_identifier

    if claim is None or not is_share(open_identifier(identifier)):
        return
    size = measurement.population
    if measurement.part is not None or claim.samples not in (None, size):
        raise Skip(
            "not_testable",
            f"scores between 0 and 1 are tested where the claim is about just the {size:,} items that are here",
        )


def kind_of(task: Task, protocol: ChosenProtocol, capabilities: Capabilities, *, by_flag: bool) -> MeasurementKind:
    """Whether text or log-likelihoods are requested, of options or of the next tokens.

    Raises Skip where the model cannot give them, naming a prompt format that asks for text if there is one.
    """
    _check_offered(task.prompt_format(protocol.prompt), capabilities)
    if task.definition.fields.images and not capabilities.images:
        raise Skip("not_tested", f"its samples show images: {capabilities.images_reason or 'this model takes none'}")
    if task.prompt_format(protocol.prompt).generates:
        return "generate"
    if task.prompt_format(protocol.prompt).next_tokens:
        if not capabilities.next_tokens:
            raise Skip("not_testable", capabilities.next_tokens_reason or "it was not asked for next tokens")
        return "next_token"
    if not capabilities.loglikelihood:
        reason = capabilities.loglikelihood_reason or "this model gives no log-likelihoods"
        written = next((name for name, prompt_format in task.prompts.items() if prompt_format.generates), "")
        how = f"--prompt {written}" if by_flag else f"protocol: {{prompt: {written}}}"
        raise Skip("not_testable", f"{reason}; ask for text with {how}" if written else reason)
    return "loglikelihood"


def _check_offered(prompt_format: PromptFormat, capabilities: Capabilities) -> None:
    """Skip a task that needs language from a world model, or a world that the model does not have."""
    offers = capabilities.offers
    needs = prompt_format.needs or ("language",)
    missing = [need for need in needs if offers is not None and need not in offers]
    if not missing:
        return
    if "language" in missing:
        raise Skip("not_testable", "the task asks for text, which a world model does not write: audit a language model")
    if "language" in (offers or ()):
        raise Skip("not_testable", f"the task needs a world model ({missing[0]}): audit one with --model world:PATH")
    has = ", ".join(offers or ()) or "nothing"
    raise Skip("not_testable", f"the task needs {' and '.join(missing)}; the given world model has {has}")


def _no_task(name: str, near: Callable[[str], str]) -> Skip:
    from steelyard.claims.benchmarks import lookup, without_measure

    known = lookup(name) or lookup(without_measure(name))
    if known is not None and known.why_not:
        return Skip("not_testable", known.why_not)
    if known is not None:
        return Skip("not_tested", f"{known.title} is known, but has no task here (steelyard tasks lists those that do)")
    return Skip("not_tested", f"no task has this name{near(name)}")


def check_testable(claim: Claim, chance: float, tolerance: Fraction) -> None:
    """Raise Skip if no score could be too low: the claim minus the tolerance is not above the chance score."""
    if not 0 <= claim.number <= claim.scale:
        raise Skip("not_testable", f"{claim.value} is outside 0 to {claim.scale}, so it is no share of right answers")
    distance = claim.number / claim.scale - claim.printed_unit / claim.scale / 2 - Fraction(str(chance))
    if distance > tolerance:
        return
    floor = f"the chance score ({chance * 100:g} %)" if chance else "zero"
    fix = f"; testable with --tolerance {float(distance) * 50:.1g}" if distance > Fraction(1, 1000) else ""
    raise Skip(
        "not_testable",
        f"the claim minus a tolerance of {float(tolerance) * 100:g} points is not above {floor}, "
        f"so guessing would reach it{fix}",
    )
