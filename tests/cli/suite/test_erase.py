"""``steelyard suite erase``: what is named goes, and what may still hold it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.cli import execute
from steelyard.suites.encrypting import new_identity
from steelyard.suites.exposures import append_exposures
from tests.suites.test_encrypting import suite_for


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("STEELYARD_READER", str(tmp_path / "reader.txt"))
    return new_identity()[1]


def test_a_subject_is_erased_and_runs_are_named(
    tmp_path: Path, reader: str, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = suite_for(tmp_path / "sums", reader)
    folder = str(suite.folder)
    append_exposures(suite.folder, "ab" * 32, suite.suite, "ended", {"https://api.example/v1": ["i1", "i5"]})
    assert execute(["suite", "encrypt", folder]) == 0
    assert execute(["suite", "erase", folder]) == 2
    assert "give --group NAME or --item ID" in capsys.readouterr().err
    assert execute(["suite", "erase", folder, "--item", "i0"]) == 0
    said = capsys.readouterr().out
    assert "erased 2 items of 1 subject;" in said
    assert "a run that went to an endpoint may still hold their texts: plan abababababababab" in said
    assert execute(["suite", "show", folder]) == 0
    assert execute(["suite", "encrypt", folder, "--undo"]) == 2
