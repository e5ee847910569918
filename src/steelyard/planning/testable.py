"""Whether a claim can be tested here, and if not, why: each reason ends one claim, never the plan."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from steelyard.plugins import ExecutingScorer
from steelyard.records import Capabilities, Claim

if TYPE_CHECKING:
    from steelyard.tasks.catalogue import Catalogue
    from steelyard.tasks.definition import PromptFormat
    from steelyard.tasks.protocol import ChosenProtocol
    from steelyard.tasks.task import Task

__all__ = ["Skip", "check_testable", "incomplete", "kind_of", "other_average", "scorer_of", "task_named", "task_of"]


class Skip(Exception):
    """Ends one request: it is not asked, with the verdict and the reason that the plan will hold."""

    def __init__(self, verdict: Any, reason: str) -> None:
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason


def task_of(claim: Claim, catalogue: Catalogue) -> Task:
    """The task that a claim is about, where it is one that can be asked at all."""
    if several := re.search(r"(?i)\b(?:maj|cons|best|pass)\s*(?:@|-?of-?)\s*(?!1\b)\w+", claim.metric):
        raise Skip("not_testable", f"the metric {several[0]} takes several answers to a sample; here each has one")
    if not claim.is_proportion:
        raise Skip("not_tested", f"a value in {claim.unit} is not a share of right answers")
    return task_named(claim.task, catalogue)


def task_named(name: str, catalogue: Catalogue) -> Task:
    """The task of this name; raises Skip where there is none, saying what is known of the benchmark."""
    task = catalogue.find(name)
    if task is None:
        raise _no_task(name, catalogue)
    return task


def scorer_of(task: Task, protocol: ChosenProtocol) -> str:
    """The identifier of the scorer; raises Skip where it cannot score here."""
    from steelyard.scorers import open_scorer

    scorer = open_scorer(task.scorer_for(protocol.prompt))
    if isinstance(scorer, ExecutingScorer) and (reason := scorer.unavailable_reason()):
        raise Skip("not_testable", reason)
    return scorer.identifier


def kind_of(
    task: Task, protocol: ChosenProtocol, capabilities: Capabilities, *, by_flag: bool
) -> Literal["generate", "loglikelihood"]:
    """Whether text or log-likelihoods are asked for; a model that gives none is told how to be asked in writing."""
    _check_offered(task.prompt_format(protocol.prompt), capabilities)
    if task.prompt_format(protocol.prompt).generates:
        return "generate"
    if not capabilities.loglikelihood:
        reason = capabilities.loglikelihood_reason or "this model gives no log-likelihoods"
        written = next((name for name, prompt_format in task.prompts.items() if prompt_format.generates), "")
        how = f"--prompt {written}" if by_flag else f"protocol: {{prompt: {written}}}"
        raise Skip("not_testable", f"{reason}; ask in writing with {how}" if written else reason)
    return "loglikelihood"


def _check_offered(prompt_format: PromptFormat, capabilities: Capabilities) -> None:
    """A language model is asked nothing about a world, a world model nothing in words, nor about a world it has not."""
    offers = capabilities.offers
    needs = prompt_format.needs or ("language",)
    missing = [need for need in needs if offers is not None and need not in offers]
    if not missing:
        return
    if "language" in missing:
        raise Skip("not_testable", "this asks for text, and a world model writes none: audit a language model for it")
    if "language" in (offers or ()):
        raise Skip("not_testable", f"this asks a world model ({missing[0]}): audit one with --model world:PATH")
    has = ", ".join(offers or ()) or "nothing"
    raise Skip("not_testable", f"this needs {' and '.join(missing)}; the world model given has {has}")


def _no_task(name: str, catalogue: Catalogue) -> Skip:
    from steelyard.claims.benchmarks import lookup

    known = lookup(name)
    if known is not None and known.why_not:
        return Skip("not_testable", known.why_not)
    return Skip("not_tested", f"no task of this name is here{catalogue.near(name)}")


def check_testable(claim: Claim, chance: float, tolerance: Fraction) -> None:
    """Raise Skip where no score could be too low: the claim less the tolerance is not above the chance score."""
    if not 0 <= claim.number <= claim.scale:
        raise Skip("not_testable", f"{claim.value} lies outside 0 to {claim.scale}: no share of right answers can")
    room = claim.number / claim.scale - claim.printed_unit / claim.scale / 2 - Fraction(str(chance))
    if room > tolerance:
        return
    floor = f"chance ({chance * 100:g} %)" if chance else "zero"
    fix = f"; testable with --tolerance {float(room) * 50:.1g}" if room > Fraction(1, 1000) else ""
    raise Skip(
        "not_testable",
        f"the claim less a tolerance of {float(tolerance) * 100:g} points is not above {floor}, "
        f"so guessing would do{fix}",
    )


def other_average(claim: Claim) -> tuple[str, ...]:
    """A sentence on the vendor's average over subtasks, where it is not one over samples."""
    if claim.average not in ("macro", "weighted"):
        return ()
    return (f"The vendor's number is a {claim.average} average over subtasks; every sample counts alike here.",)


def incomplete(task: Task, population: int) -> tuple[str, ...]:
    """A mirror that lacks samples is not the benchmark: said where the facts know its size."""
    from steelyard.claims.benchmarks import lookup

    benchmark = lookup(task.id) if task.definition.hub is not None else None
    size = benchmark.whole_size if benchmark is not None else None
    if size is None or size == population:
        return ()
    return (f"Only {population:,} samples are here; the benchmark has {size:,}.",) if population < size else ()
