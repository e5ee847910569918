"""Where a user's own function runs: on threads apart from the run's event loop, which it may block for ever.

What a call has not done when its time is over is left behind: a thread cannot be ended from outside. All threads here
are daemons, so that one which hangs does not keep the process from ending.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

__all__ = ["CallEnded", "OwnLoop", "OwnThread", "named"]


class CallEnded(Exception):
    """What the function raised that would end more than its call: SystemExit, or a cancellation of its own."""


class OwnThread:
    """Calls a plain function on a thread of its own, one call at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)

    async def call(self, work: Callable[[], Any]) -> Any:
        """The result of ``work``, or what it raises. Cancelled, the call goes on, and keeps its turn until it ends."""
        turn = self._turn
        await turn.acquire()
        return await _on_thread(work, turn.release)

    async def wait(self, seconds: float) -> None:
        """Wait until no call runs. One that is not over after so long is taken to hang, and the next runs beside it."""
        try:
            async with asyncio.timeout(seconds):
                await self._turn.acquire()
            self._turn.release()
        except TimeoutError:
            self._turn = asyncio.Semaphore(1)


class OwnLoop:
    """Runs ``async`` functions on an event loop of their own, on one thread, where they may be several at once."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    async def call(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """The result of what ``work`` gives, or what it raises. Cancelled, it is cancelled there."""
        future = asyncio.run_coroutine_threadsafe(_guarded(work), self._running())
        return await asyncio.wrap_future(future)

    async def wait(self, seconds: float) -> None:
        """Wait until the loop has a turn to give. One that has none after so long hangs: another takes its place."""
        if self._loop is None:
            return
        here, answered = asyncio.get_running_loop(), asyncio.Event()
        self._loop.call_soon_threadsafe(lambda: _call_there(here, answered.set))
        try:
            async with asyncio.timeout(seconds):
                await answered.wait()
        except TimeoutError:
            self.close()

    def close(self) -> None:
        """Give the loop up: it ends as soon as nothing blocks it."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._loop = None

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=_run, args=(self._loop,), name="steelyard-async-function", daemon=True).start()
        return self._loop


def _run(loop: asyncio.AbstractEventLoop) -> None:
    """Run a loop until it is stopped; what a task of the function's own raises does not end it."""
    while True:
        try:
            loop.run_forever()
            break
        except BaseException:  # noqa: S112 - SystemExit of a task that nobody awaits
            continue
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.call_soon(loop.stop)
    with suppress(BaseException):
        loop.run_forever()
    loop.close()


async def _guarded(work: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return await work()
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise CallEnded(named(error)) from None  # a task of the function's own was cancelled, not this call
    except Exception:
        raise
    except BaseException as error:  # sys.exit in a function ends that call, not the run
        raise CallEnded(named(error)) from None


def _on_thread(work: Callable[[], Any], done: Callable[[], None]) -> Awaitable[Any]:
    """The result of ``work`` on a thread of its own; ``done`` is called when it ends, also where nobody waits."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: Exception | None) -> None:
        done()
        if not future.done():
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

    def run() -> None:
        result: Any = None
        error: Exception | None = None
        try:
            result = work()
        except StopIteration as stop:  # which no future takes
            error = CallEnded(named(stop))
        except Exception as raised:
            error = raised
        except BaseException as ended:
            error = CallEnded(named(ended))
        _call_there(loop, lambda: settle(result, error))

    threading.Thread(target=run, name="steelyard-python-function", daemon=True).start()
    return future


def _call_there(loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
    """Have another thread's loop do something; nothing where that is over."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(work)


def named(error: BaseException) -> str:
    """An exception in words; one whose own words raise is named by its type."""
    try:
        return f"{type(error).__name__}: {error}"
    except BaseException:  # sys.exit in its words, too, would end the thread that says what failed
        return type(error).__name__
