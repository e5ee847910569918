"""What a job's process and its worker say to each other, and the clock on which leases are told."""

from __future__ import annotations

import time
from typing import Annotated, Final, TypeAlias

import msgspec

__all__ = ["MAX_LINE", "SPECIFICATION", "Ended", "Progress", "clock"]

MAX_LINE: Final = 4096
SPECIFICATION: Final = "specification.json"  # in the folder of the inputs
Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="progress"):
    """How many of the planned calls are answered."""

    answered: Number
    planned: Number


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="ended"):
    """How it ended: *sealed*, *stopped*, *unusable* (a fault of what was asked), or *failed*, with the reason.

    ``unavailable``: the endpoint did not answer.
    """

    how: str
    reason: str = ""
    unavailable: bool = False


def clock() -> float:
    """Seconds that also pass while a process or the machine sleeps; the same for every process of a machine."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
