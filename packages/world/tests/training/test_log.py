"""The log of a training is a CSV file; a resume drops the rows after its step, and torn ones."""

from __future__ import annotations

from pathlib import Path

from steelyard_world.training.log import TrainLog


def write(folder: Path, after: int, steps: range) -> list[str]:
    log = TrainLog(folder, after=after)
    for step in steps:
        log.write({"step": step, "loss": 1 / (step + 1)})
    log.close()
    return (folder / "train.csv").read_text().splitlines()


def test_a_new_training_replaces_an_old_log(tmp_path: Path) -> None:
    write(tmp_path, 0, range(1, 4))
    assert write(tmp_path, 0, range(1, 3)) == ["step,loss", "1,0.5", "2,0.333333"]


def test_a_resume_drops_later_and_torn_rows(tmp_path: Path) -> None:
    write(tmp_path, 0, range(1, 4))
    with (tmp_path / "train.csv").open("a") as file:
        file.write("4")
    assert write(tmp_path, 2, range(3, 4)) == ["step,loss", "1,0.5", "2,0.333333", "3,0.25"]
