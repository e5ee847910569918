"""How long to wait before a check of an endpoint is sent again."""

from __future__ import annotations

import asyncio

from steelyard.models.waiting import waiting_for
from steelyard.records import ModelOutput

__all__ = ["pause_after"]

FIRST_SECONDS = 0.2
_MOST_SECONDS = 5.0


async def pause_after(output: ModelOutput, attempt: int) -> None:
    """Wait after failed attempt number ``attempt`` (from 0): as long as the server says, or twice as long each time."""
    async with waiting_for(f"the endpoint ({output.detail or output.outcome})"):
        await asyncio.sleep(min(output.retry_after or FIRST_SECONDS * 2**attempt, _MOST_SECONDS))
