"""Averages over subtasks: which claims are tested as one, and what is said of those that are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steelyard.plugins import ExecutingScorer
from steelyard.records import Claim
from steelyard.scorers import open_identifier

if TYPE_CHECKING:
    from steelyard.planning.sources import Rows

__all__ = ["MOST_SUBTASKS", "groups_of", "other_average", "with_average"]

MOST_SUBTASKS: Final = 200  # a plan names each


def groups_of(claim: Claim | None, rows: Rows, scorer: str) -> tuple[tuple[str, int], ...]:
    """How many samples each subtask has, by name, for a claim on the macro average over unequal ones.

    Empty for any other claim: there every sample has the same weight. So it has where running code gives the scores
    (``scorer``), since an answer that was never scored is of no known subtask.
    """
    if claim is None or claim.average != "macro" or rows.part is not None:
        return ()
    if isinstance(open_identifier(scorer), ExecutingScorer):
        return ()
    groups = dict(rows.groups) if claim.samples in (None, rows.population) else {}
    is_known = 2 <= len(groups) <= MOST_SUBTASKS and "" not in groups
    return tuple(sorted(groups.items())) if is_known and len(set(groups.values())) > 1 else ()


def other_average(claim: Claim) -> tuple[str, ...]:
    """A sentence on the vendor's average over subtasks, where it is not one over samples."""
    if claim.average not in ("macro", "weighted"):
        return ()
    return (f"The vendor's number is a {claim.average} average over subtasks; here every sample has the same weight.",)


def with_average(
    claim: Claim | None, differences: tuple[str, ...], groups: tuple[tuple[str, int], ...]
) -> tuple[str, ...]:
    """The differences of a claim, saying over which subtasks its average is taken here, where it is."""
    if claim is None or not groups:
        return differences
    said = (
        f"The vendor's number is a macro average; here it is over the task's {len(groups):,} subtasks, each with the "
        "same weight."
    )
    return tuple(said if each in other_average(claim) else each for each in differences)
