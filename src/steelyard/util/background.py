"""One event loop for the whole process, on a thread of its own, so that plain calls work where a loop runs already.

A notebook runs a loop in its main thread, and asyncio allows no second one there. Connections belong to the loop that
opened them, so all plain calls share this one: a model that one call opened can be used by the next.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from steelyard.errors import InputError, Interrupted, SteelyardError

__all__ = ["Interruption", "Work", "await_call", "call", "event_loop"]

T = TypeVar("T")
Work = Callable[["Interruption"], Coroutine[Any, Any, T]]


class Interruption:
    """How one piece of work on the loop is stopped: it is cancelled, unless it handles the interruption itself."""

    def __init__(self) -> None:
        self._handlers: list[Callable[[], None]] = []
        self._task: asyncio.Task[Any] | None = None

    @contextmanager
    def handled_by(self, handler: Callable[[], None]) -> Iterator[None]:
        """Within this block an interruption calls ``handler``, on the loop."""
        self._handlers.append(handler)
        try:
            yield
        finally:
            self._handlers.remove(handler)

    def interrupt(self) -> None:
        """Stop the work; to be called on the loop."""
        if self._handlers:
            self._handlers[-1]()
        else:
            self.cancel()

    def cancel(self) -> None:
        """Cancel the work, whoever handles interruptions; to be called on the loop."""
        if self._task is not None:
            self._task.cancel()

    async def run(self, work: Work[T]) -> T:
        """Run ``work``; what would end the loop's thread becomes an error of this call."""
        self._task = asyncio.current_task()
        try:
            return await work(self)
        except (KeyboardInterrupt, SystemExit) as error:
            raise SteelyardError(f"a plugin raised {type(error).__name__}, which would end the process") from error


_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def event_loop() -> asyncio.AbstractEventLoop:
    """The loop, which starts on its first use."""
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="steelyard-loop", daemon=True).start()
        return _loop


def _forget() -> None:
    """A forked child has no thread but the one that forked: its first call starts a loop of its own."""
    global _lock, _loop
    _lock, _loop = threading.Lock(), None


os.register_at_fork(after_in_child=_forget)


def call(work: Work[T]) -> T:
    """Run ``work`` on the loop and wait for its result.

    Ctrl-C interrupts the work, whose end is awaited. Raises Interrupted where the work was cancelled, InputError on
    the loop's own thread, which cannot wait for itself, and what the work raises.
    """
    loop = event_loop()
    try:
        running: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
    except RuntimeError:
        running = None
    if running is loop:
        raise InputError("a plain call cannot wait on Steelyard's own event loop: await steelyard.aaudit or arun there")
    interruption = Interruption()
    with _sigint_handled_by(lambda: loop.call_soon_threadsafe(interruption.interrupt)):
        future = asyncio.run_coroutine_threadsafe(interruption.run(work), loop)
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise Interrupted("interrupted") from None


@contextmanager
def _sigint_handled_by(handler: Callable[[], object]) -> Iterator[None]:
    """In the main thread, let ``handler`` take SIGINT, unless it is ignored.

    To wait for KeyboardInterrupt would not do: under ``asyncio.run`` the first SIGINT only cancels the caller's task,
    which cannot run while it waits here.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) in (signal.SIG_IGN, None):
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: handler())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


async def await_call(work: Work[T]) -> T:
    """Run ``work`` on the loop and await its result on the caller's.

    Where the caller is cancelled the work is too, and its end is awaited: the CancelledError says what it said.
    """
    interruption = Interruption()
    future = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(interruption.run(work), event_loop()))
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        if future.done():
            raise
        event_loop().call_soon_threadsafe(interruption.cancel)
        await asyncio.wait([future])
        error = None if future.cancelled() else future.exception()
        raise asyncio.CancelledError(str(error or "")) from None
