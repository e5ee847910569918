"""The log of a training: a CSV file that a resume continues, and optionally TensorBoard."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from steelyard.errors import MissingDependency
from steelyard.util.atomic_file import write_file

__all__ = ["TrainLog"]


class TrainLog:
    """One row for each logged step; a resume drops the rows after the step it starts from.

    Raises MissingDependency where TensorBoard is wanted and not installed.
    """

    def __init__(self, folder: Path, *, after: int = 0, tensorboard: bool = False) -> None:
        self._path = folder / "train.csv"
        self._columns: list[str] | None = None
        if after and self._path.exists():
            self._cut(after)
        else:
            self._path.unlink(missing_ok=True)
        self._board = _board(folder) if tensorboard else None

    def write(self, row: Mapping[str, float]) -> None:
        """Append a row and flush it; the first row names the columns."""
        new = self._columns is None
        columns = self._columns = self._columns or list(row)
        with self._path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow({name: value if isinstance(value, int) else f"{value:.6g}" for name, value in row.items()})
        if self._board is not None:
            for name, value in row.items():
                self._board.add_scalar(name, value, int(row["step"]))

    def close(self) -> None:
        """Close TensorBoard's file."""
        if self._board is not None:
            self._board.close()

    def _cut(self, after: int) -> None:
        with self._path.open(newline="", encoding="utf-8") as file:
            lines = file.read().splitlines()
        if not lines:
            return
        self._columns = lines[0].split(",")
        kept = [
            line for line in lines[1:] if line.count(",") == lines[0].count(",") and int(line.split(",")[0]) <= after
        ]
        write_file(self._path, "".join(f"{line}\n" for line in [lines[0], *kept]).encode())


def _board(folder: Path) -> Any:
    if importlib.util.find_spec("tensorboard") is None:
        raise MissingDependency("TensorBoard is not installed: pip install tensorboard, or train without it")
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder))
