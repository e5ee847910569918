"""Concentration risk: shares, failures on the same samples, the pair that fails least together."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from steelyard.comparison.portfolio import Errors, Facts, common_errors, overlaps, portfolio_of
from steelyard.errors import InputError
from testkit.comparison_runs import scored_run


def test_common_samples_and_what_is_open() -> None:
    runs = [
        scored_run("a", {"t": {"s1": 1.0, "s2": 0.0, "s3": 0.5, "s4": 1.0}}),
        scored_run("b", {"t": {"s1": 0.0, "s2": 0.0, "s3": 1.0, "s5": 1.0}}),
        scored_run("c", {"t": {"s1": None, "s2": 1.0, "s3": 1.0}}),
    ]
    found = common_errors(runs)
    assert found.rows == ((1.0, 0.5), (1.0, 0.0), (0.0, 0.0))
    assert (found.left_out, found.tasks) == (1, ("t",))
    with pytest.raises(InputError, match="same questions"):
        common_errors([runs[0], scored_run("d", {"u": {"s1": 1.0}})])


def rows(*models: list[float]) -> Errors:
    return Errors(tuple(map(tuple, models)), tuple(range(len(models[0]))))


def test_the_pair_that_fails_least_together() -> None:
    first, like, other = [1.0] * 60 + [0.0] * 140, [1.0] * 55 + [0.0] * 145, [0.0] * 100 + [1.0] * 60 + [0.0] * 40
    found = overlaps(rows(first, like, other))
    assert found[0].both == 0
    assert {(each.first, each.second) for each in found[:2]} == {("A", "C"), ("B", "C")}
    assert [each.not_told_apart for each in found] == [False, True, False]
    assert found[2].kappa is not None
    assert found[2].kappa > 0.9


def test_facts_and_guesses() -> None:
    values = {"t": {f"s{each}": float(each % 3 > 0) for each in range(30)}}
    others = {"t": {f"s{each}": float(each % 4 > 0) for each in range(30)}}
    named = [("x", scored_run("gpt-4o", values)), ("y", scored_run("mystery", others))]
    found = portfolio_of(named, Facts(share={"x": 30, "y": 10}, family={"y": "Mamba"}))
    assert [(each.vendor, each.family, each.share) for each in found.holdings] == [
        ("OpenAI", "GPT", 0.75),
        ("unknown", "Mamba", 0.25),
    ]
    assert [each.by for each in found.concentrations] == ["vendor", "family"]
    assert found.concentrations[0].hhi == pytest.approx(6_250)
    assert "has no cost" in found.no_frontier
    with pytest.raises(InputError, match="--share: y has none"):
        portfolio_of(named, Facts(share={"x": 1}))
    with pytest.raises(InputError, match="given twice"):
        portfolio_of([named[0], named[0]], Facts())


def test_the_frontier() -> None:
    qualities = (2, 3, 4, 3)
    named = [
        (f"r{number}", scored_run(f"m{number}", {"t": {f"s{each}": float(each % q > 0) for each in range(60)}}))
        for number, q in enumerate(qualities)
    ]
    found = portfolio_of(named, Facts(cost={"r0": 1, "r1": 2, "r2": 3, "r3": 4}))
    assert [each.on_frontier for each in found.holdings] == [True, True, True, False]
    assert "5 models" in found.no_frontier


def test_real_models_fail_together(shared: Path) -> None:
    """Of real answers to WinoGrande, models fail together far more often than by chance."""
    (path,) = (shared / "data" / "scores").glob("winogrande*.csv.gz")
    with gzip.open(path, "rt", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        matrix = [[float(cell) for cell in row[1:]] for row, _ in zip(reader, range(40), strict=False)]
    errors = 1 - np.array(matrix)
    found = overlaps(rows(*errors[:6].tolist()))
    known = [each.kappa for each in found if each.kappa is not None]
    assert np.median(known) > 0.2
