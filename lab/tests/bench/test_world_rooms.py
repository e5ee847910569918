"""The tables of ``make world``: what is printed is what was measured, and the worst seed is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.world_rooms import work
from bench.world_rooms.tables import HEADINGS, checked, over_no_obstacles, row, verdicts
from bench.world_rooms.work import Controls, Job
from steelyard_world.evaluation.result import TestResult

UNITS = 20


def result(model: str, reached: int, seed: int | None = None) -> TestResult:
    return TestResult(
        test="planning",
        world="two-room",
        model=model,
        training_seed=seed,
        scores=tuple(float(unit < reached) for unit in range(UNITS)),
        units=tuple(map(str, range(UNITS))),
    )


def a_model(seed: int, reached: int) -> work.Tested:
    job = Job("two-room", seed, 10, UNITS, Path("nowhere"))
    return work.Tested(job, result("jepa-map", reached, seed), 5, 100, 2.0, 0.3, 8.0)


@pytest.mark.parametrize(
    ("worst", "word", "said"), [(18, "PASS", "0.967; the worst of 2 trainings has 0.933"), (6, "FAIL", "0.133")]
)
def test_the_mean_decides_and_the_worst_seed_is_named(worst: int, word: str, said: str) -> None:
    controls = Controls(
        "two-room",
        [result("random", 0), result("straight line", 4)],
        [result("true dynamics", 19), result("true dynamics", 19)],
        result("no obstacles", 9),
        1.0,
    )
    found = checked([a_model(0, 19), a_model(1, worst)], controls)
    cells = row(found)
    assert len(cells) == len(HEADINGS)
    assert cells[3] == "0.20"
    assert cells[6].startswith("1.00, ")
    assert "floor straight line, ceiling true dynamics, no obstacles 0.45" in over_no_obstacles(found)
    first = verdicts([found], 100.0)[0]
    assert first.startswith(word)
    assert said in first
    assert verdicts([found], 901.0)[-1].startswith("FAIL")
