"""The bench of known difficulties on a drawn matrix in the layout of the real ones."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from bench.covariates import SETS, asked, errors_at_the_edge, main, read_matrix


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("scores")
    rng = np.random.default_rng(4)
    for name in SETS:
        difficulty, ability = rng.normal(0, 2, 60), rng.normal(1.5, 0.6, 80)
        right = rng.random((80, 60)) < 1 / (1 + np.exp(difficulty[None] - ability[:, None]))
        lines = [
            ",".join(["", *map(str, range(60))]),
            *(",".join(["m", *row]) for row in right.astype(int).astype(str)),
        ]
        with gzip.open(made / f"{name}-1PL.responses.csv.gz", "wt") as file:
            file.write("\n".join(lines) + "\n")
    return made


def test_panel_and_tested_models_are_apart_and_difficulties_are_the_panels(folder: Path) -> None:
    matrix = read_matrix(folder, "arc", 4)
    assert (matrix.panel, len(matrix.tested), len(matrix.odds)) == (40, 4, 60)
    found = asked(matrix, 0.10, matrix.odds)
    assert len(found.plain) == len(found.known) <= 4
    assert (found.plain <= 1).all()
    assert (found.known <= 1).all()
    assert 0 <= errors_at_the_edge(matrix.tested[0], matrix.odds, 0, 3) <= 3
    with pytest.raises(FileNotFoundError, match="no matrix of winogrande"):
        read_matrix(folder, "winogrande", 4)


def test_the_command_prints_cost_and_size(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--data", str(folder), "--models", "2", "--orders", "2"])
    said = capsys.readouterr().out
    assert "truthfulqa" in said
    assert "their opposite" in said
