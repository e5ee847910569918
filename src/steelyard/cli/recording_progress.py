"""The live line of a recording on stderr: calls, rate, failures, and how many are in flight."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING

from steelyard.api.progress import LiveProgress
from steelyard.records import Outcome

if TYPE_CHECKING:
    from steelyard.gateway.recorder import Recorder
    from steelyard.gateway.server import Gateway

__all__ = ["RecordingProgress"]

_RATE_OVER_SECONDS = 10.0


class RecordingProgress(LiveProgress):
    """Redraws one line on a terminal; elsewhere prints it now and then, if there are new calls."""

    def __init__(self, gateway: Gateway, recorder: Recorder) -> None:
        super().__init__()
        self._gateway = gateway
        self._recorder = recorder
        self._seen: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])

    async def until(self, *events: asyncio.Event) -> None:
        """Draw until one of the events is set."""
        waiting = [asyncio.create_task(event.wait()) for event in events]
        shown = 0
        try:
            while True:
                done, _ = await asyncio.wait(waiting, timeout=self._period, return_when=asyncio.FIRST_COMPLETED)
                if done:
                    return
                if self._display is not None:
                    self._display.update(self.line())
                elif self._recorder.calls != shown:
                    shown = self._recorder.calls
                    self._console.print(self.line())
        finally:
            for task in waiting:
                task.cancel()

    def line(self) -> str:
        """The current line: failures by kind, the rate over the last ten seconds."""
        now, calls = time.monotonic(), self._recorder.calls
        while len(self._seen) > 1 and now - self._seen[0][0] > _RATE_OVER_SECONDS:
            self._seen.popleft()
        then, before = self._seen[0]
        self._seen.append((now, calls))
        rate = (calls - before) / (now - then) if now > then else 0.0
        failures = ", ".join(
            f"{number:,} {outcome.value.replace('_', ' ')}"
            for outcome in Outcome
            if (number := self._recorder.outcomes[outcome]) and not outcome.answered
        )
        line = f"{calls:,} calls, {rate:.1f}/s, {self._gateway.in_flight} in flight; {failures or 'no failures'}"
        return line + (f"; {self._gateway.refused:,} refused" if self._gateway.refused else "")
