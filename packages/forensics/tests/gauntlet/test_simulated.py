"""Jobs of the simulated world: how many of which kind, and that their numbers follow from the seed alone."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from packages.forensics.tests.gauntlet.conftest import SMALL
from steelyard_forensics.gauntlet.parameters import World, load_world
from steelyard_forensics.gauntlet.simulated import parts_of, run_part, simulate
from steelyard_forensics.gauntlet.vendors import Abilities


def test_there_are_ten_thousand_honest_vendors_and_six_hundred_of_each_kind() -> None:
    world = load_world("simulated")
    parts = parts_of(world)
    honest = Counter[str]()
    for kind, _, size in parts:
        if kind in world.honest:
            honest[kind.name] += size
    assert min(honest.values()) >= 600
    assert sum(honest.values()) >= 10_000
    assert sum(size for _, _, size in parts) >= 14_000


def test_parts_are_all_vendors_once(small: World) -> None:
    parts = parts_of(small, 130)
    plain = [(number, size) for kind, number, size in parts if kind.name == "plain"]
    assert plain == [(0, 60), (1, 60), (2, 10)]
    assert len({(kind.name, kind.dose) for kind, _, _ in parts}) == 6


def test_processes_give_what_one_process_gives(small: World) -> None:
    parts = parts_of(small, 2)
    together = [audit for found in simulate(small, parts, 7) for audit in found]
    abilities = Abilities(small)
    alone = [audit for kind, number, size in parts for audit in run_part(abilities, kind, number, size, 7)]
    key = str
    assert sorted(together, key=key) == sorted(alone, key=key)
    other = [audit for kind, number, size in parts for audit in run_part(abilities, kind, number, size, 8)]
    assert other != alone


def test_a_killed_command_leaves_no_process_behind(tmp_path: Path) -> None:
    world = tmp_path / "w.yaml"
    world.write_text(SMALL)
    command = [sys.executable, "-m", "steelyard", "gauntlet", "--parameters", str(world), "--vendors", "100000"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until(lambda: len(children(process.pid)) >= 2)
        workers = children(process.pid)
        process.kill()
    until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


def children(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task/{process}/children")
    return [int(child) for child in found.read_text().split()] if found.exists() else []


def until(is_so: Callable[[], bool]) -> None:
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.1)
    raise AssertionError("not within a minute")
