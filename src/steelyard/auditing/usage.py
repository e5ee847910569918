"""What the calls of a measurement came to: how many, their tokens, money and time, and why some brought no answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from steelyard.models.token_limits import answer_limit
from steelyard.records import Attempt, Limits, Outcome, PlannedModel
from steelyard.storage.journal.lines import JournalRecord

__all__ = ["Usage", "counted"]


@dataclass(slots=True)
class Usage:
    """What one measurement cost so far: calls (attempts), tokens, and seconds that its calls took, summed."""

    calls: int = 0
    answers: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    cached_tokens: int = 0
    seconds: float = 0.0
    failed: Counter[str] = field(default_factory=Counter)  # how calls ended that brought no answer
    # How often the endpoint refused the limit of tokens, by the limit that it named: 0 where it named none.
    refused_limits: Counter[int] = field(default_factory=Counter)
    # Answers that ended at their limit of tokens, by repeat: those of the repeat check are no scores.
    cut_off: Counter[int] = field(default_factory=Counter)

    def add(self, attempt: Attempt) -> None:
        """Add one attempt."""
        if attempt.final and not attempt.outcome.answered:
            self.failed[attempt.outcome.value] += 1
            if attempt.outcome is Outcome.CLIENT_ERROR and (limit := answer_limit(attempt.detail)) is not None:
                self.refused_limits[limit] += 1
        self.calls += 1
        self.answers += attempt.final
        self.cut_off[attempt.repeat] += attempt.final and attempt.outcome is Outcome.TRUNCATED
        self.prompt_tokens += attempt.prompt_tokens
        self.completion_tokens += attempt.completion_tokens
        self.reasoning_tokens += attempt.reasoning_tokens
        self.cached_tokens += attempt.cached_tokens
        self.seconds += attempt.elapsed_us / 1e6

    def include(self, other: Usage) -> None:
        """Add what another measurement cost."""
        self.failed.update(other.failed)
        self.refused_limits.update(other.refused_limits)
        self.cut_off.update(other.cut_off)
        tokens = ("prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens")
        for name in ("calls", "answers", *tokens, "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def why_unanswered(self) -> str:
        """Why nothing was answered, where the endpoint refused the limit of tokens of every call; else empty."""
        if not self.answers or self.refused_limits.total() < self.answers:
            return ""
        limit = min(self.refused_limits)
        most = f"which takes {limit:,} at most" if limit else "which names no smaller one"
        number = limit or "N, fewer than it was asked for"
        return f"its limit of tokens is refused by the endpoint, {most}: start again with --output-tokens {number}"

    def cost(self, limits: Limits) -> float | None:
        """The money for the tokens, at the user's prices; None without prices."""
        return limits.cost_of(self.prompt_tokens, self.completion_tokens, self.cached_tokens, self.reasoning_tokens)

    def as_fields(self, model: PlannedModel) -> dict[str, Any]:
        """What a result says of its calls: their number, tokens, money, and seconds at the model's concurrency."""
        return {
            "calls": self.calls,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "reasoning_tokens": self.reasoning_tokens,
            "cached_tokens": self.cached_tokens,
            "cost": self.cost(model.limits),
            "seconds": round(self.seconds / model.concurrency, 3),
        }


def counted(
    records: Iterable[JournalRecord],
    usage: dict[str, Usage],
    took: Callable[[JournalRecord], None] = lambda _: None,
) -> Iterator[JournalRecord]:
    """Pass a journal's records on, adding up on the way what each measurement cost; ``took`` hears of each record."""
    for record in records:
        if isinstance(record, Attempt):
            usage.setdefault(record.measurement, Usage()).add(record)
        took(record)
        yield record
