"""The command that counts how often the intervals of ``steelyard run`` miss, on fewer runs."""

from __future__ import annotations

import pytest

from bench.intervals import GROUPED, STOPPED, Grouped, Stopped, main, measure_grouped, measure_stopped

RUNS = 300
ALLOWED = 27  # of 300, where 5 % may miss: more has a probability of .002


@pytest.mark.parametrize("alike", [0.0, 0.05, 0.2])
def test_subtasks_that_hang_together_are_covered(alike: float) -> None:
    found = measure_grouped(Grouped(14, (20, 60), alike), RUNS)
    assert found.ours <= ALLOWED
    if alike:
        assert found.plain > 60


def test_whoever_stops_when_it_looks_good_is_covered() -> None:
    found = measure_stopped(Stopped(164, 0.8), RUNS)
    assert found.ours <= ALLOWED
    assert found.plain > 60


def test_the_tables_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--runs", "2"])
    printed = capsys.readouterr().out
    assert printed.count("subtasks of") == len(GROUPED)
    assert printed.count("% right  ") + printed.count("% right │") >= len(STOPPED)
