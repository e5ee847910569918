"""Makes what is missing of each model, several at a time: in a module of its own, which processes can import."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec

from bench.small_world.parameters import SmallWorld

__all__ = ["make"]


def _timed(of: Callable[[SmallWorld, int], Any], world: SmallWorld, number: int) -> tuple[Any, float]:
    begin = time.process_time()
    return of(world, number), time.process_time() - begin


def make(
    of: Callable[[SmallWorld, int], Any], world: SmallWorld, missing: Sequence[int], results: Path, jobs: int
) -> float:
    """Make the record of each model that is ``missing``, and add it to the file as it comes; its CPU-seconds."""
    seconds = 0.0
    if not missing:
        return seconds
    with get_context("spawn").Pool(jobs) as pool:
        waiting = [pool.apply_async(_timed, (of, world, number)) for number in missing]
        for done, each in enumerate(waiting, 1):
            record, took = each.get()
            seconds += took
            with results.open("ab") as file:
                file.write(msgspec.json.encode(record) + b"\n")
            print(f"model {record.model}: {done} of {len(missing)}, {took:.0f} CPU-s", flush=True)
    return seconds
