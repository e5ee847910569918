"""Whether a claim can be tested here, and if not, why: each reason ends one claim, never the plan."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from steelyard.records import (
    Capabilities,
    Claim,
)

if TYPE_CHECKING:
    from steelyard.tasks import ChosenProtocol, Task
    from steelyard.tasks.catalogue import Catalogue
    from steelyard.tasks.definition import PromptFormat

__all__ = ["Skip", "check_testable", "incomplete", "kind_of", "other_average", "task_of"]


class Skip(Exception):
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
    task = catalogue.find(claim.task)
    if task is None:
        raise _no_task(claim.task, catalogue)
    return task


def kind_of(
    task: Task, protocol: ChosenProtocol, capabilities: Capabilities, estimate: bool
) -> Literal["generate", "loglikelihood"]:
    """Whether text or log-likelihoods are asked for; a model that gives none is told how to be asked in writing."""
    _check_offered(task.cell(protocol.cell), capabilities)
    if task.cell(protocol.cell).generates:
        return "generate"
    if not capabilities.loglikelihood:
        reason = capabilities.loglikelihood_reason or "this model gives no log-likelihoods"
        written = next((name for name, cell in task.cells.items() if cell.generates), "")
        how = f"--prompt {written}" if estimate else f"protocol: {{prompt: {written}}}"
        raise Skip("not_testable", f"{reason}; ask in writing with {how}" if written else reason)
    return "loglikelihood"


def _check_offered(cell: PromptFormat, capabilities: Capabilities) -> None:
    """A language model is asked nothing about a world, a world model nothing in words, nor about a world it has not."""
    offers = capabilities.offers
    needs = cell.needs or ("language",)
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
    if not 0 <= claim.number <= claim.scale:
        raise Skip("not_testable", f"{claim.value} lies outside 0 to {claim.scale}: no share of right answers can")
    room = claim.number / claim.scale - claim.printed_unit / claim.scale / 2 - Fraction(str(chance))
    if room > tolerance:
        return
    floor = f"chance ({chance * 100:g} %)" if chance else "zero"
    mend = f"; testable with --tolerance {float(room) * 50:.1g}" if room > Fraction(1, 1000) else ""
    raise Skip(
        "not_testable",
        f"the claim less a tolerance of {float(tolerance) * 100:g} points is not above {floor}, "
        f"so guessing would do{mend}",
    )


def other_average(claim: Claim) -> tuple[str, ...]:
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
