"""The bench of world models: its list of trainings, its file, what it chooses and what it prints."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bench.world.record import Record, Run, joined, packed, read, unpacked, write
from bench.world.report import document_of, show, tables_of
from bench.world.settings import Cell, Settings, cells, learning, short
from bench.world.tuning import choose, grid, trials
from steelyard.errors import InputError

SETTINGS = Settings(
    tasks=("planning",),
    methods=("jepa", "pixel", "copy-last"),
    sizes=(30, 300),
    seeds=2,
    learning_rates=(1.5e-3, 3e-3, 7e-4),
    episodes=8,
)


def _run(cell: Cell, score: float, loss: float = 1.0) -> Run:
    values = packed([1.0 if unit < 8 * score else 0.0 for unit in range(8)])
    return Run(
        cell=cell,
        parameters=10,
        steps=1,
        frames=9,
        train_cpu_seconds=1.0,
        test_cpu_seconds=1.0,
        losses={"total": loss},
        values=values,
    )


def _record(runs: tuple[Run, ...]) -> Record:
    return Record(
        command="python -m bench.world",
        started="2026-01-01 00:00 UTC",
        machine="a machine",
        settings=SETTINGS,
        lengths={"planning": 9},
        units={"planning": tuple(str(unit) for unit in range(8))},
        measures={"planning": "goals reached"},
        controls={"planning": {"random": "0" * 8}},
        runs=runs,
    )


def _five() -> Record:
    """Five trainings of each kind, which differ clearly on these eight units."""
    settings = msgspec.structs.replace(SETTINGS, seeds=5)
    runs = tuple(_run(cell, 0.875 if cell.method == "jepa" else 0.125) for cell in cells(settings))
    return msgspec.structs.replace(_record(runs), settings=settings)


def _whole() -> Record:
    return _record(tuple(_run(cell, 0.75 if cell.method == "jepa" else 0.25) for cell in cells(SETTINGS)))


@given(st.lists(st.integers(0, 8), min_size=1))
def test_scores_in_eighths_survive_packing(parts: list[int]) -> None:
    assert (unpacked(packed([part / 8 for part in parts])) == np.array(parts) / 8).all()


@pytest.mark.parametrize("score", [0.3, -0.125, 1.125])
def test_other_scores_are_not_packed(score: float) -> None:
    with pytest.raises(ValueError, match="eighths"):
        packed([score])


@pytest.mark.parametrize("settings", [Settings(), short()])
def test_every_method_that_learns_has_as_many_trials_and_trainings(settings: Settings) -> None:
    listed = [*trials(settings), *cells(settings)]
    assert len({cell.key for cell in listed}) == len(listed)
    counts = {method: sum(cell.method == method for cell in listed) for method in learning(settings)}
    assert len(set(counts.values())) == 1
    data = [cell for cell in listed if cell.arm == "data" and cell.method == "jepa" and cell.task == "physics"]
    assert len(data) == 4 * 5
    assert {cell.seed for cell in listed if cell.arm == "tuning"}.isdisjoint(range(settings.seeds))


def test_the_best_trial_is_chosen_and_a_tie_goes_to_the_lower_loss() -> None:
    tried = [cell for cell in trials(SETTINGS) if cell.method == "jepa"]
    runs = [_run(tried[0], 0.25), _run(tried[1], 0.5, loss=2.0), _run(tried[2], 0.5, loss=1.0)]
    assert choose(runs) == {"planning jepa": tried[2].learning_rate}


def _tried(settings: Settings, best: dict[str, float], runs: tuple[Run, ...] = ()) -> tuple[Run, ...]:
    """Do the trials that are called for until no more are: each method is better the nearer a rate is to its best."""
    while missing := [cell for cell in trials(settings, runs) if cell.key not in {run.cell.key for run in runs}]:
        runs += tuple(
            _run(cell, 0.5, loss=abs(np.log(cell.learning_rate or 1) - np.log(best[cell.method]))) for cell in missing
        )
    return runs


def test_the_grid_grows_by_factors_of_two_until_the_best_of_each_method_is_inside() -> None:
    runs = _tried(SETTINGS, {"jepa": 1.5e-3, "pixel": 1.2e-2})
    rates = grid(SETTINGS, "planning", runs)
    assert rates == (7e-4, 1.5e-3, 3e-3, 6e-3, 1.2e-2, 2.4e-2)
    assert choose(runs) == {"planning jepa": 1.5e-3, "planning pixel": 1.2e-2}
    for method in ("jepa", "pixel"):  # as many trials for the method whose best did not move
        assert sorted(run.cell.learning_rate or 0 for run in runs if run.cell.method == method) == list(rates)


@pytest.mark.parametrize(("best", "end"), [(1.0, 4.8e-2), (1e-9, 1.875e-4)])
def test_the_grid_ends_at_its_limits(best: float, end: float) -> None:
    settings = msgspec.structs.replace(SETTINGS, learning_rates=(7.5e-4, 1.5e-3, 3e-3))
    rates = grid(settings, "planning", _tried(settings, {"jepa": best, "pixel": 1.5e-3}))
    assert end in (rates[0], rates[-1])
    assert settings.rate_limits[0] <= rates[0] < rates[-1] <= settings.rate_limits[1]


def test_a_single_rate_is_taken_without_a_grid() -> None:
    settings = msgspec.structs.replace(SETTINGS, learning_rates=(2e-3,))
    assert grid(settings, "planning", _tried(settings, {"jepa": 1.0, "pixel": 1.0})) == (2e-3,)


def test_a_trial_that_diverged_is_never_chosen() -> None:
    first, second = [cell for cell in trials(SETTINGS) if cell.method == "jepa"][:2]
    lost = msgspec.structs.replace(_run(first, 0.5), failed="the loss is not finite", losses={})
    assert choose([lost, _run(second, 0.0)]) == {"planning jepa": second.learning_rate}


def test_the_simplest_rivals_stand_in_the_table_of_physics_with_what_each_method_gains_over_them() -> None:
    settings = Settings(
        tasks=("physics",),
        methods=("jepa", "linear", "frame-buffer"),
        arms=("data", "compute"),
        sizes=(30, 300),
        seeds=2,
    )
    units = tuple(str(unit) for unit in range(8))
    runs = tuple(
        _run(cell, {"jepa": 0.5, "linear": 0.75, "frame-buffer": 0.25}[cell.method]) for cell in cells(settings)
    )
    record = msgspec.structs.replace(
        _record(runs),
        settings=settings,
        lengths={"physics": 24},
        units={"physics": units},
        measures={"physics": "pairs"},
    )
    assert {cell.arm for cell in cells(settings) if cell.method == "linear"} == {"data"}
    assert set(tables_of(record, "physics", "data")) == {"jepa", "linear"}
    assert set(tables_of(record, "physics", "compute")) == {"jepa"}
    document = document_of(record)
    assert "at the largest, less linear" in document
    assert "-0.250 [" in document
    assert "| frame-buffer (no prediction) | 0.250 [" in document
    assert list(cells(Settings(tasks=("planning",), methods=("linear", "frame-buffer")))) == []


def test_the_committed_results_still_print() -> None:
    document = document_of(read(Path("lab/bench/world/results/2026-11-25.json")))
    assert "A preview: 3 trainings of a kind." in document
    assert "scores higher" not in document


def test_a_file_is_read_as_it_was_written_and_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "results" / "one.json"
    write(path, _whole())
    assert read(path) == _whole()
    path.write_text("{}")
    with pytest.raises(InputError, match="is not a results file"):
        read(path)
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "none.json")


def test_a_size_that_lacks_a_seed_is_on_no_curve() -> None:
    whole = _whole()
    assert set(tables_of(whole, "planning", "data")["jepa"]) == {270.0, 2700.0}
    lacking = tuple(run for run in whole.runs if (run.cell.arm, run.cell.pool, run.cell.seed) != ("data", 300, 1))
    assert set(tables_of(_record(lacking), "planning", "data")["jepa"]) == {270.0}


def test_the_curve_by_compute_ends_with_the_whole_budget_of_the_other_arm() -> None:
    budget = SETTINGS.cpu_seconds["planning"]
    assert set(tables_of(_whole(), "planning", "compute")["pixel"]) == {budget / 4, budget / 2, budget}


def test_tables_and_sentences_come_from_the_record_alone() -> None:
    out = Console(width=200, file=io.StringIO())
    show(_whole(), out)
    text = out.file.getvalue()  # type: ignore[attr-defined]
    assert "Preview: on average over sizes from 270 to 2,700 frames in the pool, jepa less pixel in goals" in text
    assert "scores higher" not in text  # two trainings
    assert "copy-last (no data)" in text
    assert "random (no model)" in text
    document = document_of(_whole())
    assert "- A preview: 2 trainings of a kind." in document
    assert "| random (no model) | 0.000 [0.000, 0.369] |" in document
    assert "| ≤ 270 [≤ 270, ∞] | ∞ [≤ 270, ∞] |" in document  # what a curve has at once, it may have had before


def test_the_factor_of_data_is_reported_where_both_reach_the_score() -> None:
    runs = tuple(
        _run(cell, 1.0 if cell.pool >= (300 if cell.method == "pixel" else 100) else 0.0) for cell in cells(SETTINGS)
    )
    assert "- Preview: for a score of 0.8, frames in the pool of pixel over those of jepa: 3.1 [" in (
        document_of(_record(runs))
    )


def test_from_five_trainings_on_what_holm_leaves_is_stated() -> None:
    document = document_of(_five())
    assert (
        "- 12 differences, averages over sizes and single sizes, stand under Holm at 5 % together: 12 are" in document
    )
    assert "- On average over sizes from 270 to 2,700 frames in the pool, jepa scores higher than pixel" in document
    assert "Preview" not in document


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InputError, match="no methods are called gan"):
        Settings(methods=("jepa", "gan"))
    with pytest.raises(InputError, match="equal frames are not measured in physics"):
        Settings(tasks=("physics",), arms=("frames",))
    with pytest.raises(InputError, match="each size once"):
        msgspec.structs.replace(SETTINGS, sizes=(30, 30)).__post_init__()


@pytest.mark.slow
def test_after_a_kill_it_goes_on_and_keeps_what_was_measured(tmp_path: Path) -> None:
    """The real command, killed with SIGKILL after its first test, in a process group with its workers."""
    out = tmp_path / "bench.json"
    options = "--tasks physics --methods untrained,copy-last --arms data --sizes 30 --seeds 3 --quads 2 --workers 1"
    command = [sys.executable, "-m", "bench.world", "--out", str(out), *options.split()]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        while " untrained pool 0 seed 0 " not in running.stderr.readline():
            assert running.poll() is None
        running.kill()
    before = read(out)
    assert 1 <= len(before.runs) < 4
    refused = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert refused.returncode == 2
    assert "continue with --resume" in refused.stderr
    done = subprocess.run([*command, "--resume"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "minutes left" in done.stderr
    after = read(out)
    assert after.runs[: len(before.runs)] == before.runs
    assert len(after.runs) == 4


def test_files_of_different_tasks_are_one_report() -> None:
    planning = _record((_run(next(iter(cells(SETTINGS))), 0.5),))
    settings = msgspec.structs.replace(SETTINGS, tasks=("physics",))
    physics = msgspec.structs.replace(planning, settings=settings, lengths={"physics": 4}, machine="another", runs=())
    both = joined([planning, physics])
    assert (both.settings.tasks, both.lengths) == (("planning", "physics"), {"planning": 9, "physics": 4})
    assert (both.runs, both.machine) == (planning.runs, "a machine; another")
    assert joined([planning]) == planning


def test_files_that_are_not_one_measurement_are_refused() -> None:
    planning = _record(())
    with pytest.raises(InputError, match="the same task"):
        joined([planning, planning])
    other = msgspec.structs.replace(SETTINGS, tasks=("physics",), seeds=5)
    with pytest.raises(InputError, match="different settings"):
        joined([planning, msgspec.structs.replace(planning, settings=other)])
