"""The event loop behind plain calls: interruption, cancellation, forks and what a plugin may do to it."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import pytest

from steelyard.errors import InputError, Interrupted, SteelyardError
from steelyard.util.background import Interruption, await_call, call, event_loop


async def forty_two(_: Interruption) -> int:
    await asyncio.sleep(0)
    return 42


async def forever(_: Interruption) -> None:
    await asyncio.sleep(3600)


async def on_thread(_: Interruption) -> str:
    return threading.current_thread().name


def interrupt_soon() -> None:
    threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()


def test_a_call_gives_the_result_and_raises_the_error() -> None:
    async def fail(_: Interruption) -> None:
        raise InputError("no")

    assert call(forty_two) == 42
    assert call(on_thread) == "steelyard-loop"
    with pytest.raises(InputError, match="no"):
        call(fail)


def test_a_call_works_inside_a_running_loop() -> None:
    async def cell() -> int:
        return call(forty_two)

    assert asyncio.run(cell()) == 42


def test_a_plain_call_on_the_loop_itself_is_refused_rather_than_waits_for_ever() -> None:
    async def nested(_: Interruption) -> int:
        return call(forty_two)

    async def awaited(_: Interruption) -> int:
        return await await_call(forty_two)

    with pytest.raises(InputError, match=r"await steelyard\.aaudit or arun"):
        call(nested)
    assert call(awaited) == 42


def test_an_interruption_cancels_what_does_not_handle_it() -> None:
    interrupt_soon()
    with pytest.raises(Interrupted):
        call(forever)


def test_an_interruption_is_handled_on_the_loop_by_who_wants_to() -> None:
    async def patient(interruption: Interruption) -> str:
        stop = asyncio.Event()
        with interruption.handled_by(stop.set):
            await stop.wait()
        return "stopped"

    interrupt_soon()
    assert call(patient) == "stopped"


def test_a_cancelled_caller_cancels_the_work_and_awaits_its_end() -> None:
    ended = threading.Event()

    async def tidy(_: Interruption) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.05)
            ended.set()

    async def script() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await await_call(tidy)

    asyncio.run(script())
    assert ended.is_set()


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_a_plugin_that_exits_does_not_take_the_loop_along(error: type[BaseException]) -> None:
    async def leave(_: Interruption) -> None:
        raise error

    with pytest.raises(SteelyardError, match=error.__name__):
        call(leave)
    assert call(forty_two) == 42


def test_a_forked_child_has_a_loop_of_its_own() -> None:
    before = event_loop()
    child = os.fork()
    if child == 0:
        os._exit(0 if call(forty_two) == 42 and event_loop() is not before else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert call(forty_two) == 42


def test_the_users_handler_is_back_after_a_call() -> None:
    before = signal.getsignal(signal.SIGINT)
    assert call(forty_two) == 42
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interruption_reaches_a_call_under_asyncio_run_at_once() -> None:
    async def cell() -> None:
        call(forever)

    interrupt_soon()
    with pytest.raises(Interrupted):
        asyncio.run(cell())
