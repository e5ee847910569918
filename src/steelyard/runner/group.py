"""Several runners, one for each model of a plan, that share one journal: they begin and end as one session."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from steelyard.errors import StorageError
from steelyard.runner.batch_loop import BatchRunner
from steelyard.runner.loop import RunEnd, Runner
from steelyard.storage.journal.lines import Session, Stop
from steelyard.storage.journal.media import Media
from steelyard.storage.journal.texts import Texts
from steelyard.storage.journal.writer import Journal

__all__ = ["RunnerGroup"]

# What ends the whole run, gravest first; a role that completed does not end the others.
_GRAVEST: tuple[RunEnd, ...] = ("failed", "interrupted", "deadline", "endpoint_down", "budget", "complete")


@dataclass
class RunnerGroup:
    """Runs the runners of all roles at once, between one session record and one stop record."""

    runners: Mapping[str, Runner | BatchRunner]
    journal: Journal
    texts: Texts
    machine: str = ""
    media: Media | None = None

    def __post_init__(self) -> None:
        for runner in self.runners.values():
            runner.may_wait = partial(self._others_work, runner)
            runner.media = self.media

    async def run(self, active_before_us: int) -> RunEnd:
        """Ask until every runner has ended; raises what a runner raised, after the others were stopped."""
        self.journal.append(
            Session(started_us=time.time_ns() // 1000, active_us=active_before_us, machine=self.machine)
        )
        tasks = [asyncio.create_task(self._run(runner)) for runner in self.runners.values()]
        end: RunEnd = "failed"
        error: BaseException | None = None
        try:
            ends = await asyncio.gather(*tasks)
            end = min(ends, key=_GRAVEST.index)
        except BaseException as raised:
            error = raised
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
        finally:
            if not isinstance(error, OSError | StorageError):  # what took no record takes no stop either
                reason = "interrupted" if isinstance(error, asyncio.CancelledError) and self.stopping else end
                self.journal.append(Stop(reason=reason, active_us=self.active_us, at_us=time.time_ns() // 1000))
                self.texts.sync()
                self.journal.sync()
                if self.media is not None:
                    self.media.sync()
        return end

    async def _run(self, runner: Runner | BatchRunner) -> RunEnd:
        try:
            return await runner.run()
        except asyncio.CancelledError:
            raise
        except BaseException:
            self.stop("failed")
            raise
        finally:
            self.wake()

    def _others_work(self, runner: Runner | BatchRunner) -> bool:
        return any(other.at_work for other in self.runners.values() if other is not runner)

    def wake(self) -> None:
        """Have each runner that waits look again: another model's answers may have made its calls needed."""
        for runner in self.runners.values():
            runner.wake()

    def stop(self, reason: RunEnd = "interrupted") -> None:
        """Ask nothing more of any model; calls in flight still finish and are recorded."""
        for runner in self.runners.values():
            runner.stop(reason)

    @property
    def stopping(self) -> bool:
        """Whether nothing more is being asked of any model."""
        return all(runner.stopping for runner in self.runners.values())

    @property
    def in_flight(self) -> int:
        """How many calls are being made now."""
        return sum(runner.in_flight for runner in self.runners.values())

    @property
    def at_provider(self) -> tuple[str, int] | None:
        """The batch that goes on at a provider: its id (empty where it is not known) and its calls; None for none."""
        batches = [each.left for each in self.runners.values() if isinstance(each, BatchRunner)]
        return next(((each.id, each.count) for each in batches if each is not None), None)

    @property
    def active_us(self) -> int:
        """Active time over all sessions, in microseconds."""
        return max(runner.active_us for runner in self.runners.values())

    @property
    def last_failure(self) -> str:
        """The last thing that an endpoint said instead of an answer."""
        return next((runner.last_failure for runner in self.runners.values() if runner.last_failure), "")
