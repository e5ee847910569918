"""Where a user's own function runs: what hangs or blocks there holds up nothing here."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from steelyard.models.function_threads import CallEnded, OwnLoop, OwnThread, named

SHORT, LONG = 0.05, 60.0


async def given_up(call: Callable[[Any], Any], work: Callable[[], Any]) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SHORT):
            await call(work)


def test_a_call_that_is_given_up_keeps_its_turn_until_it_ends() -> None:
    may_end = threading.Event()

    async def work() -> None:
        thread = OwnThread()
        await given_up(thread.call, may_end.wait)
        waiting = asyncio.create_task(thread.wait(LONG))
        await asyncio.sleep(SHORT)
        assert not waiting.done()
        may_end.set()
        await waiting
        assert await thread.call(lambda: "next") == "next"

    asyncio.run(work())


def test_a_call_that_hangs_for_ever_is_left_behind() -> None:
    may_end = threading.Event()

    async def work() -> None:
        thread = OwnThread()
        await given_up(thread.call, may_end.wait)
        await thread.wait(SHORT)
        assert await thread.call(lambda: "beside it") == "beside it"

    asyncio.run(work())
    may_end.set()


def test_an_async_function_that_blocks_blocks_nothing_here() -> None:
    may_end = threading.Event()

    async def blocks() -> None:
        may_end.wait()

    async def quick() -> str:
        await asyncio.sleep(0)
        return "quick"

    async def work() -> None:
        loop = OwnLoop()
        await given_up(loop.call, blocks)
        await loop.wait(SHORT)  # it still blocks: another loop takes its place
        assert await loop.call(quick) == "quick"
        await loop.wait(LONG)
        loop.close()
        loop.close()

    asyncio.run(work())
    may_end.set()


def test_what_is_cancelled_here_is_cancelled_there() -> None:
    seen = threading.Event()

    async def sleeps() -> None:
        try:
            await asyncio.sleep(LONG)
        except asyncio.CancelledError:
            seen.set()
            raise

    async def work() -> None:
        loop = OwnLoop()
        await given_up(loop.call, sleeps)
        assert await asyncio.to_thread(seen.wait, LONG)
        loop.close()

    asyncio.run(work())


def test_what_would_end_more_than_a_call_ends_that_call() -> None:
    async def left() -> None:
        sys.exit(0)

    async def cancelled() -> None:
        raise asyncio.CancelledError

    async def beside() -> str:
        task = asyncio.get_running_loop().create_task(left())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return f"still here after {type(task.exception()).__name__}"

    async def work() -> None:
        loop, thread = OwnLoop(), OwnThread()
        await loop.wait(LONG)  # nothing ran on it yet
        for function, said in ((left, "SystemExit: 0"), (cancelled, "CancelledError")):
            with pytest.raises(CallEnded, match=said):
                await loop.call(function)
        assert await loop.call(beside) == "still here after SystemExit"
        with pytest.raises(CallEnded, match="SystemExit: 3"):
            await thread.call(lambda: sys.exit(3))
        with pytest.raises(CallEnded, match="StopIteration"):
            await thread.call(lambda: next(iter(())))
        with pytest.raises(ZeroDivisionError):
            await thread.call(lambda: 1 // 0)
        loop.close()

    asyncio.run(work())


def test_several_async_calls_run_at_once() -> None:
    async def work() -> None:
        loop, both = OwnLoop(), asyncio.Barrier(2)

        async def meets() -> str:
            await both.wait()
            return "met"

        assert [*await asyncio.gather(loop.call(meets), loop.call(meets))] == ["met", "met"]
        loop.close()

    asyncio.run(work())


def test_what_ends_after_the_run_is_no_error() -> None:
    may_end, ended = threading.Event(), threading.Event()

    def outlasts() -> None:
        may_end.wait()
        ended.set()

    async def work() -> None:
        await given_up(OwnThread().call, outlasts)

    asyncio.run(work())
    may_end.set()
    assert ended.wait(LONG)


def test_an_exception_is_named() -> None:
    class Speechless(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert named(ValueError("x")) == "ValueError: x"
    assert named(Speechless()) == "Speechless"
