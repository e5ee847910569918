"""Having a platform carry out an audit or a run: planned there first, added, and waited for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec

from steelyard.errors import InputError, ModelUnavailable, StorageError
from steelyard.util.text import one_line
from steelyard_server.client.connection import connected
from steelyard_server.wire.job_records import DryRunAdded, DryRunFigures, DryRunStanding, JobAdded, JobDetail, JobItem
from steelyard_server.wire.records import ApiRecord

__all__ = ["ENDED", "ask_job", "foresee", "start_job", "wait_for_job"]

ENDED: Final = ("finished", "failed", "cancelled")
_JOBS: Final = "/api/v1/jobs"
_DRY_RUNS: Final = "/api/v1/dry-runs"
_SECONDS: Final = 60.0  # for one answer
_LOOK_SECONDS: Final = 2.0
_LONGEST_LOOK_SECONDS: Final = 10.0
_AWAY_SECONDS: Final = 600.0  # a platform that is started again, or a network that is away, ends no waiting before that
_JSON: Final = {"Content-Type": "application/json"}
_Record = TypeVar("_Record", bound=ApiRecord)


async def foresee(asks: dict[str, Any], address: str, token: str) -> DryRunFigures:
    """What a job would take, as the platform plans it; waits for that.

    Raises InputError where it cannot be planned, ModelUnavailable where the platform cannot be reached.
    """
    begun = await _sent(_DRY_RUNS, {"asks": asks}, DryRunAdded, 202, address, token)

    async def look() -> DryRunStanding:
        async with connected(address, token) as platform:
            found = await platform.get(f"{_DRY_RUNS}/{begun.dry_run}", DryRunStanding, _SECONDS)
        if found is None:
            raise InputError(f"{address}: the dry run is forgotten there: ask once more")
        return found

    found = await _watched(look, lambda standing: standing.state != "planning")
    if found.figures is None:
        raise InputError(f"{address}: it cannot be planned: {one_line(found.problem or 'no reason is given', 600)}")
    return found.figures


async def start_job(asks: dict[str, Any], priority: int, address: str, token: str) -> JobAdded:
    """Add a job. Raises InputError where it is refused, ModelUnavailable where the platform cannot be reached."""
    return await _sent(_JOBS, {"asks": asks, "priority": priority}, JobAdded, 201, address, token)


async def ask_job(job: int, address: str, token: str) -> JobDetail:
    """A job as it is now. Raises InputError where it is not there, or the token may not ask."""
    async with connected(address, token) as platform:
        found = await platform.get(f"{_JOBS}/{job}", JobDetail, _SECONDS)
    if found is None:
        raise InputError(f"{address}: there is no job {job} in the token's project")
    return found


async def wait_for_job(
    job: int, address: str, token: str, notify: Callable[[JobItem], None] = lambda _: None
) -> JobDetail:
    """A job as it is when it has ended; ``notify`` hears of it at each look.

    A platform that does not answer is asked again for ten minutes. Raises as :func:`ask_job`, and ModelUnavailable or
    StorageError after that.
    """

    async def look() -> JobDetail:
        found = await ask_job(job, address, token)
        notify(found)
        return found

    return await _watched(look, lambda found: found.state in ENDED)


async def _watched(look: Callable[[], Awaitable[_Record]], is_over: Callable[[_Record], bool]) -> _Record:
    """Look again and again until it is over; what is away for a while is waited for."""
    pause, answered = _LOOK_SECONDS / 4, time.monotonic()
    while True:
        try:
            found = await look()
        except (ModelUnavailable, StorageError):
            if time.monotonic() - answered > _AWAY_SECONDS:
                raise
        else:
            answered = time.monotonic()
            if is_over(found):
                return found
        await asyncio.sleep(pause)
        pause = min(_LONGEST_LOOK_SECONDS, pause * 1.2)


async def _sent(
    path: str, document: dict[str, Any], kind: type[_Record], status: int, address: str, token: str
) -> _Record:
    body = msgspec.json.encode(document)
    async with connected(address, token) as platform, platform.post(path, body, _JSON, _SECONDS) as reply:
        if reply.status != status:
            raise await platform.refusal(reply)
        return await platform.record(reply, kind)
