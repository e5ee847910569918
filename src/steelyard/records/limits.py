"""The user's limits for an endpoint, and what tokens cost there."""

from __future__ import annotations

from typing import Final

from steelyard.records.record import Record

__all__ = ["UNKNOWN_COSTS", "Limits"]

UNKNOWN_COSTS: Final = 10.0
"""What the band of a gate on cost shows for an answer whose tokens are not known: in times of the gate's limit."""


class Limits(Record, frozen=True, kw_only=True):
    """The user's limits for an endpoint: rates per minute, and budgets that the run does not exceed.

    Prices come from the user, per million tokens, in the currency of ``cost``. Prompt tokens that the endpoint had
    cached, and completion tokens that were reasoning, have prices of their own; None: those of the other ones.
    ``price_factor`` is what is paid of all these prices: less than 1 for what is asked in batches.
    """

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    tokens: int | None = None
    cost: float | None = None
    price_prompt: float | None = None
    price_completion: float | None = None
    price_cached: float | None = None
    price_reasoning: float | None = None
    price_factor: float = 1.0

    def cost_of(self, prompt: int, completion: int, cached: int = 0, reasoning: int = 0) -> float | None:
        """What these tokens cost; None without prices.

        ``cached`` are among the prompt tokens and ``reasoning`` among the completion tokens; of more than there are,
        so many as there are.
        """
        if self.price_prompt is None or self.price_completion is None:
            return None
        cached, reasoning = min(cached, prompt), min(reasoning, completion)
        price_cached = self.price_prompt if self.price_cached is None else self.price_cached
        price_reasoning = self.price_completion if self.price_reasoning is None else self.price_reasoning
        read = (prompt - cached) * self.price_prompt + cached * price_cached
        written = (completion - reasoning) * self.price_completion + reasoning * price_reasoning
        return (read + written) * self.price_factor / 1e6

    def highest_cost_of(self, prompt: float, completion: float) -> float | None:
        """The most that these tokens can cost, whichever of them are cached or reasoning; None without prices."""
        if self.price_prompt is None or self.price_completion is None:
            return None
        read = max(self.price_prompt, self.price_cached or 0.0)
        written = completion * max(self.price_completion, self.price_reasoning or 0.0)
        return (prompt * read + written) * self.price_factor / 1e6

    @property
    def cached_is_dearer(self) -> bool:
        """Whether a cached prompt token costs more than another one."""
        return (self.price_cached or 0.0) > (self.price_prompt or 0.0)

    @property
    def reasoning_is_dearer(self) -> bool:
        """Whether a reasoning token costs more than another completion token."""
        return (self.price_reasoning or 0.0) > (self.price_completion or 0.0)

    @property
    def bounded(self) -> bool:
        """Whether a budget of tokens or cost can end the run."""
        return self.tokens is not None or self.cost is not None
