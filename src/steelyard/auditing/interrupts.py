"""What Ctrl-C and SIGTERM do while the event loop's thread computes for long, and cannot be cancelled."""

from __future__ import annotations

import asyncio
import functools
import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["interrupted_at_once"]


@contextmanager
def interrupted_at_once() -> Iterator[None]:
    """Within this block, which awaits nothing, the first SIGINT raises KeyboardInterrupt.

    ``asyncio.run`` has the first one only cancel the task, which shows at its next await: a plan of very many samples
    is made without one. For code that leaves nothing half-written. A handler of the user's own stays, and so does the
    one of a plain call, which waits in another thread than the loop's.
    """
    before = signal.getsignal(signal.SIGINT)
    owner = getattr(before.func, "__self__", None) if isinstance(before, functools.partial) else None
    if not isinstance(owner, asyncio.Runner):
        yield
        return
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    except ValueError:  # another thread than the main one
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
