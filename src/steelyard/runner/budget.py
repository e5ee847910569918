"""The token and cost budget of a run. It is never exceeded: each call in flight reserves its worst case."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.records import Attempt, GenerateRequest, Limits, ModelOutput, NextTokenRequest, Outcome, Request

__all__ = ["Budget", "Reservation", "worst_case"]

# No byte-level vocabulary makes more tokens of a text than it has bytes; a chat template adds its own.
TEMPLATE_TOKENS = 64
TURN_TOKENS = 16  # of a further message of a conversation
# Of an image: OpenAI's smallest models count 2,833 + 5,667 for each of at most eight tiles; we know of nobody's more.
MOST_IMAGE_TOKENS = 48_169
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
        self.bounded = limits.bounded
        self.counts = limits.bounded or limits.cost_of(0, 0) is not None  # what is spent is shown where it has a price
        self._prompt = 0
        self._completion = 0
        self._cached = 0
        self._reasoning = 0
        self._reserved_prompt = 0
        self._reserved_completion = 0

    @property
    def tokens(self) -> int:
        """Tokens used so far; calls of unknown usage count at their worst case."""
        return self._prompt + self._completion

    @property
    def cost(self) -> float | None:
        """The cost of the tokens used so far at the user's prices; None without prices."""
        return self._limits.cost_of(self._prompt, self._completion, self._cached, self._reasoning)

    def load(self, attempt: Attempt, worst: Reservation | None = None) -> None:
        """Charge an attempt of an earlier session; ``worst`` where its usage was :meth:`usage_unknown`."""
        self._charge(attempt, worst)

    @staticmethod
    def usage_unknown(done: Attempt | ModelOutput) -> bool:
        """Whether a call may have used tokens that it does not report: of a batch, only answers are paid for."""
        if isinstance(done, Attempt) and done.batch and not done.outcome.answered:
            return False
        if done.prompt_tokens + done.completion_tokens > 0:
            return False
        return done.outcome.answered or done.outcome in USAGE_UNKNOWN

    def fits(self, reservation: Reservation) -> bool:
        """Whether one more such call stays within the budget whatever the calls in flight use."""
        prompt = self._reserved_prompt + reservation.prompt
        completion = self._reserved_completion + reservation.completion
        if self._limits.tokens is not None and self.tokens + prompt + completion > self._limits.tokens:
            return False
        most = self._limits.highest_cost_of(prompt, completion) or 0.0
        return self._limits.cost is None or (self.cost or 0.0) + most <= self._limits.cost

    def reserve(self, reservation: Reservation) -> None:
        """Reserve the worst case of a call."""
        self._reserved_prompt += reservation.prompt
        self._reserved_completion += reservation.completion

    def release(self, reservation: Reservation) -> None:
        """Take back a reservation of a call that used nothing."""
        self._reserved_prompt -= reservation.prompt
        self._reserved_completion -= reservation.completion

    def settle(self, reservation: Reservation, output: ModelOutput) -> None:
        """Replace a reservation by what the call used."""
        self.release(reservation)
        self._charge(output, reservation if self.usage_unknown(output) else None)

    def _charge(self, done: Attempt | ModelOutput, worst: Reservation | None) -> None:
        if worst is None:
            self._prompt += done.prompt_tokens
            self._completion += done.completion_tokens
            self._cached += done.cached_tokens
            self._reasoning += done.reasoning_tokens
            return
        self._prompt += worst.prompt
        self._completion += worst.completion
        # What a call of unknown usage had cached or reasoned is unknown, too: it is charged at the higher price.
        self._cached += worst.prompt if self._limits.cached_is_dearer else 0
        self._reasoning += worst.completion if self._limits.reasoning_is_dearer else 0


def worst_case(request: Request) -> Reservation:
    """The most tokens that a call can use."""
    if isinstance(request, GenerateRequest):
        text = request.system + request.prefix + request.prompt + "".join(turn.text for turn in request.history)
        around = TEMPLATE_TOKENS + len(request.history) * TURN_TOKENS + len(request.images) * MOST_IMAGE_TOKENS
        return Reservation(len(text.encode()) + around, request.max_tokens)
    shared = len((request.prefix + request.context).encode()) + TEMPLATE_TOKENS
    if isinstance(request, NextTokenRequest):
        return Reservation(shared, 1)
    # Some servers want one new token for each echo.
    options = request.continuations
    return Reservation(sum(shared + len(text.encode()) for text in options), len(options))
