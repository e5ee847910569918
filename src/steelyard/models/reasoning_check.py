"""Check whether an endpoint reasons before it answers, and how long a model output it allows: by short questions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from steelyard.errors import InputError, ModelUnavailable
from steelyard.models.patience import pause_after
from steelyard.records import Capabilities, GenerateRequest, ModelOutput, Outcome
from steelyard.util.reasoning import split_reasoning

__all__ = ["EFFORTS", "QUESTION", "find_efforts", "find_reasoning"]

QUESTION = "How many days has a week? Reply with the number alone."
HARD = "Find the remainder of 7 to the power of 222, divided by 31. Reply with the number alone."
SHORT, LONG = 16, 1024  # tokens: enough for the answer alone, and enough for reasoning about it
BUDGETS = (16_384, 8_192, 4_096, 2_048, 1_024)
EFFORTS = ("none", "high")  # what turns reasoning off, and on
_BUSY = (Outcome.RATE_LIMITED, Outcome.SERVER_ERROR, Outcome.DROPPED)
_ATTEMPTS = 3
_NO_EFFORT = ("", "none")
_OF_EFFORT = ("reasoning", "thinking", "effort")  # what endpoints name when they refuse one

Ask = Callable[[GenerateRequest], Awaitable[ModelOutput]]


async def find_reasoning(ask: Ask, effort: str = "", *, adaptive: bool = False) -> tuple[bool, int]:
    """Whether the endpoint reasons, and if so the largest output budget of :data:`BUDGETS` that it takes, else 0.

    An endpoint that takes a reasoning ``effort`` other than "none" reasons. ``adaptive``: its models may choose whether
    to reason, so that one which answers a simple question at once is asked a harder one, too. Raises InputError where
    it takes no effort.
    """

    async def within(tokens: int, question: str = QUESTION) -> ModelOutput:
        return await ask(GenerateRequest(prompt=question, chat=True, max_tokens=tokens, reasoning_effort=effort))

    async def answers_at_once(question: str) -> bool:
        hard = await within(LONG, question)
        return not (_shows_reasoning(hard) or (not hard.text.strip() and _ended_at_its_limit(hard)))

    def check_effort(output: ModelOutput) -> None:
        refused = output.outcome is Outcome.CLIENT_ERROR and any(word in output.detail.lower() for word in _OF_EFFORT)
        if effort and refused:
            raise InputError(f"the endpoint refuses --reasoning-effort {effort} ({output.detail}): leave it out")

    short = await within(SHORT)
    check_effort(short)
    if effort in _NO_EFFORT and not _shows_reasoning(short):
        if _is_complete(short):
            if not adaptive or await answers_at_once(HARD):
                return False, 0
        else:
            long = await within(LONG)
            # What left no room for one number within 16 tokens, and ended there, was hidden reasoning.
            hidden = not short.text.strip() and _ended_at_its_limit(short)
            if not _shows_reasoning(long) and not hidden:
                return False, 0
    refused: list[ModelOutput] = []
    for budget in BUDGETS:
        refused.append(await within(budget))
        if refused[-1].outcome not in (Outcome.CLIENT_ERROR, Outcome.SERVER_ERROR):
            return True, budget
    check_effort(refused[0])
    return True, 0


async def find_efforts(ask: Ask, capabilities: Capabilities, effort: str) -> Capabilities:
    """The capabilities with the other reasoning efforts that a vendor may have meant who states none.

    Those are what the model does by itself, where the user states an ``effort``; none, where it reasons and this turns
    it off; and a high one, where it takes that and reasons by it. Raises ModelUnavailable where it does not say.
    """
    budget, found = capabilities.output_tokens, [""] if effort else []
    if capabilities.reasons and effort != EFFORTS[0]:
        output = await _patiently(ask, QUESTION, SHORT, EFFORTS[0])
        found += EFFORTS[:1] if _is_complete(output) and not _shows_reasoning(output) else ()
    budgets = () if effort == EFFORTS[1] else (budget,) if budget else BUDGETS
    for budget in budgets:
        output = await _patiently(ask, HARD, budget, EFFORTS[1])
        if output.outcome not in (Outcome.CLIENT_ERROR, Outcome.SERVER_ERROR):
            # What is known to reason may do so longer by this effort; what takes so long that it times out, too.
            by_it = capabilities.reasons or _shows_reasoning(output) or output.outcome is Outcome.TIMEOUT
            found += EFFORTS[1:] if by_it else ()
            break
    return msgspec.structs.replace(capabilities, efforts=tuple(found), output_tokens=budget if found else 0)


async def _patiently(ask: Ask, question: str, tokens: int, effort: str) -> ModelOutput:
    """Ask again where the endpoint is busy: a question that failed shows nothing."""
    request = GenerateRequest(prompt=question, chat=True, max_tokens=tokens, reasoning_effort=effort)
    output = await ask(request)
    for attempt in range(_ATTEMPTS):
        if output.outcome not in _BUSY:
            break
        await pause_after(output, attempt)
        output = await ask(request)
    if output.outcome in _BUSY and output.outcome is not Outcome.SERVER_ERROR:  # some refuse a budget by such an error
        detail = output.detail or output.outcome.value
        raise ModelUnavailable(f"whether the endpoint reasons at the effort {effort} could not be asked ({detail})")
    return output


def _shows_reasoning(output: ModelOutput) -> bool:
    return bool(output.reasoning or output.reasoning_tokens or split_reasoning(output.text)[1])


def _is_complete(output: ModelOutput) -> bool:
    return output.outcome is Outcome.OK and bool(output.text.strip())


def _ended_at_its_limit(output: ModelOutput) -> bool:
    """Whether the budget ended it; some endpoints say so with an error that names their limit."""
    named = output.outcome is Outcome.CLIENT_ERROR and "token" in output.detail.lower()
    return output.outcome is Outcome.TRUNCATED or named
