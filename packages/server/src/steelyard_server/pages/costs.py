"""What a verdict and a right answer took, in words: money where prices are known, and with the count it stands on."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from steelyard.reports.words import counted
from steelyard_server.pages.words import money_in_words

if TYPE_CHECKING:
    from steelyard_server.jobs.costs import VerdictCost
    from steelyard_server.runs.summary import Taken

__all__ = ["NOTHING", "CostWords", "job_verdict_cost", "right_answer_cost", "verdict_cost"]


@dataclass(frozen=True)
class CostWords:
    """The amount, ``unknown`` where nobody knows a price, "" where there is nothing to say; and what it stands on."""

    amount: str = ""
    detail: str = ""


NOTHING = CostWords()


def right_answer_cost(taken: Taken) -> CostWords:
    """What a right answer took, as money for a thousand; wrong answers are paid for, too."""
    if not taken.calls:
        return NOTHING
    if not taken.right:
        return CostWords("no right answer", f"of {taken.asked:,} asked")
    if taken.cost is not None:
        return CostWords(f"{money_in_words(1000 * taken.cost / taken.right)} for 1,000", f"by {taken.right:,} right")
    return CostWords("unknown", _tokens_each(taken.tokens, taken.right, f"{taken.right:,} right"))


def verdict_cost(taken: Taken) -> CostWords:
    """What a verdict of a run took: calls of claims that stayed undecided are paid for, too."""
    if not taken.calls:
        return NOTHING
    return _verdict_cost(taken.verdicts, taken.run_cost, taken.run_tokens)


def job_verdict_cost(found: VerdictCost) -> CostWords:
    """What a verdict of a job took."""
    return _verdict_cost(found.verdicts, found.cost, found.tokens)


def _verdict_cost(verdicts: int, cost: float | Decimal | None, tokens: int) -> CostWords:
    counts = counted(verdicts, "verdict")
    if not verdicts:
        return CostWords("no verdict", "" if cost is None else f"{money_in_words(cost)} in all")
    if cost is None:
        return CostWords("unknown", _tokens_each(tokens, verdicts, counts))
    return CostWords(money_in_words(cost / verdicts), f"by {counts}")


def _tokens_each(tokens: int, count: int, counts: str) -> str:
    """Where no price is known, tokens; nothing of them where nobody counted."""
    return f"by {counts}, {tokens / count:,.0f} tokens each" if tokens else f"by {counts}"
