"""Averages over subtasks: which claims are tested as one, and what is said of those that are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from steelyard.planning.testable import Skip
from steelyard.plugins import ExecutingScorer
from steelyard.records import Claim
from steelyard.scorers import open_identifier
from steelyard.scorers.weighing import WeighingScorer

if TYPE_CHECKING:
    from steelyard.planning.sources import Rows
    from steelyard.tasks.task import Task

__all__ = ["MOST_SUBTASKS", "Average", "average_of", "other_average"]

MOST_SUBTASKS: Final = 200  # a plan names each

_Pairs = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Average:
    """How many samples each subtask has, by name, and what each weighs in the claim's average, as a whole number.

    Without ``groups`` every sample has the same weight. Without ``weights`` the claim itself says ``macro``: every
    subtask has the same. ``said`` is the sentence on it, which stands in place of :func:`other_average`'s.
    """

    groups: _Pairs = ()
    weights: _Pairs = ()
    said: str = ""

    def differences(self, claim: Claim | None, differences: tuple[str, ...]) -> tuple[str, ...]:
        """The differences of a claim, saying how its average is taken here."""
        if claim is None or not self.said:
            return differences
        return (*(each for each in differences if each not in other_average(claim)), self.said)


def average_of(claim: Claim | None, task: Task, rows: Rows, scorer: str, *, alone: bool = False) -> Average:
    """The average that a claim is about, where its samples have different weights.

    So they have in a macro average over unequal subtasks, stated by the claim or the task's own (``average: macro``);
    in a weighted one whose weights the claim states; and where the ``scorer`` weighs its samples. Not where running
    code gives the scores, since an answer that was never scored is of no known subtask. Raises Skip where weights are
    stated that are not those of the task's subtasks, and for scores that need weights where they are measured
    ``alone``, for no claim: nothing but a test weighs them.
    """
    opened = open_identifier(scorer)
    weighs = isinstance(opened, WeighingScorer) and opened.weighs
    if weighs and alone:
        raise Skip("not_testable", f"the scores of {scorer} have a mean only with weights: it is for claims alone")
    if claim is None or rows.part is not None:
        return Average()
    if isinstance(opened, WeighingScorer) and weighs:
        return _by_scorer(opened, dict(rows.groups))
    stated = claim.average or task.definition.average
    if claim.average == "weighted" and claim.weights:
        return _stated(claim, rows, is_executing=isinstance(opened, ExecutingScorer))
    if stated != "macro" or isinstance(opened, ExecutingScorer):
        return Average()
    groups = dict(rows.groups) if claim.samples in (None, rows.population) else {}
    is_known = 2 <= len(groups) <= MOST_SUBTASKS and "" not in groups
    if not is_known or len(set(groups.values())) == 1:
        return Average()
    sizes = tuple(sorted(groups.items()))
    if claim.average == "macro":
        said = "The vendor's number is a macro average; here it is over the task's"
        return Average(sizes, (), f"{said} {len(groups):,} subtasks, each with the same weight.")
    said = (
        f"The claim states no average: it is taken as the mean of the scores of the task's {len(groups):,} subtasks, "
        "each with the same weight (average: micro is over all questions together)."
    )
    return Average(sizes, tuple((name, 1) for name, _ in sizes), said)


def _stated(claim: Claim, rows: Rows, *, is_executing: bool) -> Average:
    """The weights that a vendor states, of the task's subtasks."""
    groups, weights = dict(rows.groups), dict(claim.weights)
    if is_executing or claim.samples not in (None, rows.population):
        raise Skip("not_testable", "weights are tested where the claim is about all items, and no code is run for them")
    if set(groups) != set(weights) or len(groups) > MOST_SUBTASKS:
        lacking = sorted(set(groups) ^ set(weights))
        named = ", ".join(repr(name[:40]) for name in lacking[:5])
        raise Skip("not_testable", f"weights must name each of the task's {len(groups):,} subtasks once; see {named}")
    said = (
        f"The vendor's number is a weighted average; here it is over {len(groups):,} subtasks, by the weights stated."
    )
    return Average(tuple(sorted(groups.items())), tuple(sorted(weights.items())), said)


def _by_scorer(scorer: WeighingScorer, groups: Mapping[str, int]) -> Average:
    try:
        weights = scorer.weights(groups)
    except ValueError as error:
        raise Skip("not_testable", str(error)) from None
    return Average(tuple(sorted(groups.items())), tuple(sorted(weights.items())), scorer.weighed)


def other_average(claim: Claim) -> tuple[str, ...]:
    """A sentence on the vendor's average over subtasks, where it is not one over samples."""
    if claim.average not in ("macro", "weighted"):
        return ()
    return (f"The vendor's number is a {claim.average} average over subtasks; here every sample has the same weight.",)
