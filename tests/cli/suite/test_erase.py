"""``steelyard suite erase``: what is named goes, and what may still hold it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.cli import execute
from steelyard.suites.encrypted_rules import opened_rules
from steelyard.suites.encrypting import new_identity
from steelyard.suites.exposures import append_exposures
from steelyard.suites.twins import read_rules
from tests.suites.test_encrypted_rules import write_rules
from tests.suites.test_encrypting import SECRET, everything_in, suite_for


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


def test_rules_of_twins_are_erased_with_their_items(
    tmp_path: Path, reader: str, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = suite_for(tmp_path / "sums", reader)
    write_rules(suite.folder)
    assert execute(["suite", "encrypt", str(suite.folder)]) == 0
    write_rules(suite.folder)  # somebody kept a copy
    assert execute(["suite", "erase", str(suite.folder), "--group", "customer 0"]) == 0
    assert SECRET.encode() not in everything_in(suite.folder)
    assert "not erased, so look whether texts of items are in there: templates/twins.yaml" in capsys.readouterr().out
    assert set(opened_rules(suite.folder)) == {"i5"}
    assert set(read_rules(suite.folder)) == {"i5", "gone"}
