"""Runs the simulated world: many vendors of every kind, on all cores, each by random numbers of its own."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import lru_cache, partial
from multiprocessing import get_context, parent_process
from typing import TypeVar

import numpy as np

from steelyard_forensics.gauntlet.audit import Audit, audit
from steelyard_forensics.gauntlet.parameters import Kind, World
from steelyard_forensics.gauntlet.vendors import Abilities, draw_vendor

__all__ = ["HONEST", "parts_of", "run_jobs", "run_part", "simulate"]

T = TypeVar("T")

HONEST = 15_000
CHEATS = 4_000
_PART = 60  # vendors of one kind in one job
_TABLES = 5_000  # kept by a process, up to 150 kB each: vendors print the same numbers again and again
_LOOK_SECONDS = 2.0


def parts_of(world: World, vendors: int | None = None) -> list[tuple[Kind, int, int]]:
    """The jobs: (kind, number of the part, vendors); ``vendors`` of each kind, or 15,000 honest ones and 4,000 others.

    Kinds with doses share the vendors of one kind.
    """
    honest = [kind for each in world.honest for kind in each.each()]
    cheats = [kind for each in world.cheats for kind in each.each()]
    parts = []
    for kinds, together in ((honest, HONEST), (cheats, CHEATS)):
        size = vendors or -(-together // max(1, len(kinds)))
        parts += [
            (kind, number, min(_PART, size - begin))
            for kind in kinds
            for number, begin in enumerate(range(0, size, _PART))
        ]
    return parts


def simulate(world: World, parts: Sequence[tuple[Kind, int, int]], seed: int) -> Iterator[list[Audit]]:
    """The audits of each job, in the order in which they end; the numbers follow from the seed alone."""
    jobs = [partial(run_part, kind=kind, number=number, size=size, seed=seed) for kind, number, size in parts]
    return run_jobs(world, jobs)


def run_jobs(world: World, jobs: Sequence[Callable[[Abilities], T]]) -> Iterator[T]:
    """What each job comes to, in the order in which they end, on all cores; each is given what the world fixes."""
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), _begin, (world,)) as pool:
        running = [pool.submit(_run, job) for job in jobs]
        try:
            for job in as_completed(running):
                yield job.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


_ABILITIES: list[Abilities] = []


def _begin(world: World) -> None:
    from steelyard.stats import sequential

    threading.Thread(target=_end_with_parent, daemon=True).start()
    sequential.stop_table = lru_cache(_TABLES)(sequential.stop_table)
    _ABILITIES.append(Abilities(world))


def _end_with_parent() -> None:
    """Of a killed command no process stays behind: a worker that waits for a job does not see that."""
    parent = parent_process()
    while parent is not None and parent.is_alive():
        time.sleep(_LOOK_SECONDS)
    os._exit(1)


def _run(job: Callable[[Abilities], T]) -> T:
    return job(_ABILITIES[0])


def run_part(abilities: Abilities, kind: Kind, number: int, size: int, seed: int) -> list[Audit]:
    """So many vendors of a kind, audited; ``number`` tells the parts of one kind apart."""
    name = f"{kind.name} {kind.dose}".encode()
    random = np.random.default_rng([seed, number, *name])
    return [audit(draw_vendor(abilities, kind, random), random) for _ in range(size)]
