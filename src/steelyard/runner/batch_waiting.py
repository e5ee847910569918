"""Waiting for a provider: for what it says of a batch, while it cannot be reached, and until a user stops the run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from steelyard.models.batches import BatchApi, BatchStatus
from steelyard.records import ModelOutput

__all__ = ["RETRIES_APART", "Waiting"]

FIRST_LOOK: Final = 2.0  # seconds after which a batch is looked at first, and again after one and a half times as many
LOOKS_APART: Final = 60.0
FIRST_RETRY: Final = 1.0
RETRIES_APART: Final = 60.0
SAID_APART: Final = 60.0
# What a kill left in flight may still be created: before so many seconds nobody concludes that there is no such batch.
CREATION_SECONDS: Final = 60.0

T = TypeVar("T")


@dataclass
class Waiting:
    """Asks one provider about batches; ``patience`` is how long it may be unreachable, in seconds.

    After :meth:`stop` every wait ends at once, with None. ``gave_up``: the provider cannot be asked, and
    ``last_failure`` says why.
    """

    batches: BatchApi
    patience: float
    notify: Callable[[str], None] = field(default=lambda _: None)
    gave_up: bool = field(default=False, init=False)
    last_failure: str = field(default="", init=False)
    _stopped: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def stop(self) -> None:
        """End every wait."""
        self._stopped.set()

    def give_up(self, reason: str) -> None:
        """Ask nothing more, for this reason."""
        self.gave_up, self.last_failure = True, reason

    async def pause(self, seconds: float) -> bool:
        """Wait so long; whether to go on."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        except TimeoutError:
            return True
        return False

    async def refused(self, output: ModelOutput) -> None:
        """Wait where the provider takes no further batch for now."""
        self.notify(f"the provider takes no further batch for now ({output.detail}): trying again")
        await self.pause(output.retry_after or RETRIES_APART)

    async def unless_stopped(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What some work comes to; None where it was stopped, which cancels the work. Raises what the work raises."""
        task = asyncio.ensure_future(work)
        stop = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            for each in (task, stop):
                each.cancel()
            await asyncio.gather(task, stop, return_exceptions=True)

    async def patiently(self, ask: Callable[[], Coroutine[Any, Any, T | ModelOutput]]) -> T | None:
        """Ask until there is a reply; None where the run is stopped, or the provider is given up."""
        since, pause, was_told = time.monotonic(), FIRST_RETRY, False
        while not self._stopped.is_set():
            found = await self.unless_stopped(ask())
            if not isinstance(found, ModelOutput):
                return found
            self.last_failure = found.detail or found.outcome.value
            if found.fatal or not found.outcome.retryable or time.monotonic() - since >= self.patience:
                self.gave_up = True
                return None
            if not was_told:
                was_told = True
                self.notify(f"the provider cannot be asked about its batches ({self.last_failure}): trying again")
            if not await self.pause(found.retry_after or pause):
                return None
            pause = min(2 * pause, RETRIES_APART)
        return None

    async def ended(self, batch: str, count: int) -> BatchStatus | None:
        """Wait until a batch of so many calls has ended, and say how far it is now and then; None as `patiently`."""
        pause, said = FIRST_LOOK, time.monotonic()
        while True:
            status = await self.patiently(lambda: self.batches.status(batch))
            if status is None or status.ended:
                return status
            if status.done and time.monotonic() - said >= SAID_APART:
                said = time.monotonic()
                self.notify(f"of the batch {batch} {status.done:,} of {count:,} calls are done")
            if not await self.pause(pause):
                return None
            pause = min(1.5 * pause, LOOKS_APART)

    async def found(self, digest: str, count: int, since: float) -> str | None:
        """The id of a batch that may have been created at ``since`` (Unix time); "" where it certainly was not.

        None as `patiently`.
        """
        pause = FIRST_LOOK
        while True:
            found = await self.patiently(lambda: self._find(digest, count, since))
            if found is None:
                return None
            (batch,) = found
            if batch or (batch == "" and time.time() - since > CREATION_SECONDS):
                return batch
            if not await self.pause(pause):
                return None
            pause = min(1.5 * pause, LOOKS_APART)

    async def _find(self, digest: str, count: int, since: float) -> tuple[str | None] | ModelOutput:
        found = await self.batches.find(digest, count, since)
        return found if isinstance(found, ModelOutput) else (found,)
