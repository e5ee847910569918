"""Makes the families that are missing, several at a time: in a module of its own, which processes can import."""

from __future__ import annotations

import time
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path

import msgspec

from bench.small_world.parameters import SmallWorld
from bench.small_world.vendors import Family, family_of, read_families

__all__ = ["make"]


def _timed(world: SmallWorld, number: int) -> tuple[Family, float]:
    begin = time.process_time()
    return family_of(world, number), time.process_time() - begin


def make(world: SmallWorld, numbers: Sequence[int], results: Path, jobs: int) -> float:
    """Make the families that are missing, and add each to the file as it comes; the CPU-seconds that it took."""
    known, seconds = read_families(results, world), 0.0
    missing = [number for number in numbers if number not in known]
    with get_context("spawn").Pool(jobs) as pool:
        waiting = [pool.apply_async(_timed, (world, number)) for number in missing]
        for done, each in enumerate(waiting, 1):
            family, took = each.get()
            seconds += took
            with results.open("ab") as file:
                file.write(msgspec.json.encode(family) + b"\n")
            print(f"model {family.model}: {done} of {len(missing)}, {took:.0f} CPU-s", flush=True)
    return seconds
