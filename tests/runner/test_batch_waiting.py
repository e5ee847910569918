"""Waiting for a provider: patiently, until it is stopped, and never concluding too early that there is no batch."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from steelyard.models.batches import BatchStatus
from steelyard.records import ModelOutput, Outcome
from steelyard.runner import batch_waiting
from steelyard.runner.batch_waiting import Waiting

DOWN = ModelOutput(outcome=Outcome.DROPPED, detail="nobody there")
REFUSED = ModelOutput(outcome=Outcome.CLIENT_ERROR, detail="HTTP 404")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_LOOK", "LOOKS_APART", "FIRST_RETRY", "RETRIES_APART"):
        monkeypatch.setattr(batch_waiting, name, 0.01)
    monkeypatch.setattr(batch_waiting, "SAID_APART", 0.0)
    monkeypatch.setattr(batch_waiting, "CREATION_SECONDS", 0.2)


class Replies:
    """A provider's replies, one after another; the last again and again."""

    def __init__(self, *replies: Any) -> None:
        self.replies, self.asked = list(replies), 0

    async def status(self, batch: str) -> Any:
        self.asked += 1
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    async def find(self, digest: str, count: int, since: float) -> Any:
        return await self.status(digest)


def waiting(replies: Replies, patience: float = 60.0) -> tuple[Waiting, list[str]]:
    said: list[str] = []
    return Waiting(replies, patience, said.append), said  # type: ignore[arg-type]


def test_a_provider_that_is_down_is_asked_again() -> None:
    waits, said = waiting(Replies(DOWN, DOWN, BatchStatus(ended=False, done=3), BatchStatus(ended=True)))
    assert asyncio.run(waits.ended("b", 5)) == BatchStatus(ended=True)
    assert [line.partition("(")[0] for line in said] == [
        "the provider cannot be asked about its batches ",
        "of the batch b 3 of 5 calls are done",
    ]
    assert not waits.gave_up


@pytest.mark.parametrize(("reply", "patience"), [(DOWN, 0.05), (REFUSED, 60.0)])
def test_patience_ends_and_a_refusal_is_final(reply: ModelOutput, patience: float) -> None:
    waits, _ = waiting(Replies(reply), patience)
    assert asyncio.run(waits.ended("b", 5)) is None
    assert (waits.gave_up, waits.last_failure) == (True, reply.detail)


def test_a_stop_ends_every_wait_at_once() -> None:
    async def stopped() -> list[Any]:
        waits, _ = waiting(Replies(BatchStatus(ended=False)))
        asyncio.get_running_loop().call_later(0.05, waits.stop)
        ended = await waits.ended("b", 5)
        return [ended, await waits.found("d", 1, time.time()), await waits.pause(9.0), waits.gave_up]

    assert asyncio.run(stopped()) == [None, None, False, False]


def test_there_is_no_batch_only_when_a_call_in_flight_at_a_kill_could_have_made_it() -> None:
    replies = Replies("", "", None, "batch_1")
    assert asyncio.run(waiting(replies)[0].found("d", 1, time.time())) == "batch_1"
    assert replies.asked == 4
    none = Replies("")
    assert asyncio.run(waiting(none)[0].found("d", 1, time.time())) == ""
    assert none.asked > 2
    long_ago = Replies("")
    assert asyncio.run(waiting(long_ago)[0].found("d", 1, 0.0)) == ""
    assert long_ago.asked == 1


def test_what_the_work_raises_is_raised() -> None:
    async def broken() -> None:
        raise OSError(28, "no space")

    with pytest.raises(OSError, match="no space"):
        asyncio.run(waiting(Replies(DOWN))[0].unless_stopped(broken()))


def test_what_is_refused_for_now_is_waited_for_and_said() -> None:
    waits, said = waiting(Replies(DOWN))
    asyncio.run(waits.refused(DOWN))
    assert said == ["the provider takes no further batch for now (nobody there): trying again"]
