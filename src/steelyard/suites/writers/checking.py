"""What writers share that check a model's items by asking: calls side by side, their scores, and why one failed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, Final, TypeVar

from steelyard.records import DroppedItem, GenerateRequest, ModelOutput, Sample, SuiteItem
from steelyard.scorers.answer import Answer
from steelyard.util.text import one_line

__all__ = ["NO_REPLY", "all_of", "dropped", "failure", "score_of"]

NO_REPLY: Final = "no reply"
_SCORER: Final = Answer()
_Result = TypeVar("_Result")


async def all_of(coroutines: Iterable[Coroutine[Any, Any, _Result]]) -> list[_Result]:
    """The results in order; where one raises an exception the others are cancelled."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in coroutines]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


def score_of(item: SuiteItem, output: ModelOutput) -> float | None:
    """1, 0, or None where the output can be read in two ways, as our scorer ``answer`` reads it."""
    sample = Sample(id=item.id, request=GenerateRequest(prompt=item.question), target=item.answer)
    return _SCORER.score(sample, output).value


def failure(output: ModelOutput) -> str:
    """Why a call gave no answer, in a sentence."""
    return (
        f"The model gave no answer ({output.outcome.value}{': ' * bool(output.detail)}{one_line(output.detail, 120)})."
    )


def dropped(check: str, reason: str, item: SuiteItem) -> DroppedItem:
    """An item that a check threw out, with the reason."""
    return DroppedItem(check=check, reason=reason, item=item)
