"""The token and cost budget of a run. It is never exceeded: each call in flight reserves its worst case."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.records import Attempt, GenerateRequest, Limits, ModelOutput, Outcome, Request

__all__ = ["Budget", "Reservation", "worst_case"]

# No byte-level vocabulary makes more tokens of a text than it has bytes; a chat template adds its own.
TEMPLATE_TOKENS = 64
# These calls do not report what they used before they failed, so they are charged at their worst case.
USAGE_UNKNOWN = (Outcome.TIMEOUT, Outcome.DROPPED, Outcome.MALFORMED, Outcome.SERVER_ERROR, Outcome.EMPTY)


@dataclass(frozen=True, slots=True)
class Reservation:
    """The most that one call can use, in tokens."""

    prompt: int
    completion: int


class Budget:
    """Tracks usage. A call is made only if its worst case stays within the budget.

    While other calls are in flight a call that does not fit waits, since they mostly use less than they reserve; with
    none in flight the budget is spent.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.bounded = limits.tokens is not None or limits.cost is not None
        self._prompt = 0
        self._completion = 0
        self._reserved_prompt = 0
        self._reserved_completion = 0

    @property
    def tokens(self) -> int:
        """Tokens used so far; calls of unknown usage count at their worst case."""
        return self._prompt + self._completion

    @property
    def cost(self) -> float | None:
        """The cost of the tokens used so far at the user's prices; None without prices."""
        if self._limits.price_prompt is None or self._limits.price_completion is None:
            return None
        return self._cost(self._prompt, self._completion)

    def load(self, attempt: Attempt, worst: Reservation | None = None) -> None:
        """Charge an attempt of an earlier session; ``worst`` where its usage was :meth:`usage_unknown`."""
        self._prompt += attempt.prompt_tokens if worst is None else worst.prompt
        self._completion += attempt.completion_tokens if worst is None else worst.completion

    @staticmethod
    def usage_unknown(done: Attempt | ModelOutput) -> bool:
        """Whether a call may have used tokens that it does not report."""
        if done.prompt_tokens + done.completion_tokens > 0:
            return False
        return done.outcome.answered or done.outcome in USAGE_UNKNOWN

    def fits(self, reservation: Reservation) -> bool:
        """Whether one more such call stays within the budget whatever the calls in flight use."""
        prompt = self._prompt + self._reserved_prompt + reservation.prompt
        completion = self._completion + self._reserved_completion + reservation.completion
        if self._limits.tokens is not None and prompt + completion > self._limits.tokens:
            return False
        return self._limits.cost is None or self._cost(prompt, completion) <= self._limits.cost

    def reserve(self, reservation: Reservation) -> None:
        """Reserve the worst case of a call."""
        self._reserved_prompt += reservation.prompt
        self._reserved_completion += reservation.completion

    def settle(self, reservation: Reservation, output: ModelOutput) -> None:
        """Replace a reservation by what the call used."""
        self._reserved_prompt -= reservation.prompt
        self._reserved_completion -= reservation.completion
        usage_unknown = self.usage_unknown(output)
        self._prompt += reservation.prompt if usage_unknown else output.prompt_tokens
        self._completion += reservation.completion if usage_unknown else output.completion_tokens

    def _cost(self, prompt: int, completion: int) -> float:
        return (prompt * (self._limits.price_prompt or 0.0) + completion * (self._limits.price_completion or 0.0)) / 1e6


def worst_case(request: Request) -> Reservation:
    """The most tokens that a call can use."""
    if isinstance(request, GenerateRequest):
        text = request.system + request.prefix + request.prompt
        return Reservation(len(text.encode()) + TEMPLATE_TOKENS, request.max_tokens)
    shared = len((request.prefix + request.context).encode()) + TEMPLATE_TOKENS
    # Some servers want one new token for each echo.
    options = request.continuations
    return Reservation(sum(shared + len(text.encode()) for text in options), len(options))
