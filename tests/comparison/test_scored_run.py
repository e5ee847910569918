"""A run as a comparison reads it: scores, usage, and folders that cannot be compared."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from steelyard.comparison.scored_run import read_run
from steelyard.errors import InputError, VerificationError
from testkit.comparison_runs import run_sums, sums_file


def test_a_sealed_run_with_prices(tmp_path: Path) -> None:
    out = run_sums(
        sums_file(tmp_path, 40),
        tmp_path / "run",
        wrong=60,
        options=["--price", "1,2", "--repeats", "2", "--temperature", "0.5"],
    )
    (run,) = read_run(str(out))
    (measured,) = run.measured
    assert (run.name, run.model_name, run.is_sealed, run.withheld) == ("run", "run", True, 0)
    assert (len(measured.samples), measured.ended, measured.trainings) == (40, "", 1)
    assert measured.usage.calls == 80
    assert measured.usage.cost == pytest.approx((80 * 9 * 1 + 80 * 2 * 2) / 1e6)
    assert len(measured.usage.milliseconds) == 80
    assert all(len(each.answers) == 2 and not each.is_open for each in measured.samples.values())


def test_a_run_whose_seal_does_not_hold_is_refused(tmp_path: Path) -> None:
    out = run_sums(sums_file(tmp_path, 20), tmp_path / "run", wrong=60)
    shutil.copytree(out, tmp_path / "bare")
    shutil.rmtree(tmp_path / "bare" / "texts")
    with pytest.raises(VerificationError, match="was sealed with its texts"):
        read_run(str(tmp_path / "bare"))
    scores = out / "scores.jsonl"
    scores.write_text(scores.read_text().replace('"value":0', '"value":1'))
    with pytest.raises(VerificationError, match="was changed"):
        read_run(str(out))


def test_folders_that_are_no_runs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not the folder of a run"):
        read_run(str(tmp_path))
    out = run_sums(sums_file(tmp_path, 3), tmp_path / "run", wrong=0)
    assert read_run(f"{out}#subject")[0].role == "subject"
    with pytest.raises(InputError, match="no model in the role 'judge'"):
        read_run(f"{out}#judge")
