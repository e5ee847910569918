"""Runs that are verified and added to a panel, on a real server, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from packages.forensics.tests.panel_runs import questions, runs_of
from steelyard.errors import InputError, SteelyardError, VerificationError
from steelyard_forensics.api.panels import add_run, read_entry, sealed_run
from steelyard_forensics.panels.folder import read_panel


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("panels")
    files = [questions(folder, "sums", 0), questions(folder, "twins", 1000)]
    runs_of(folder, "one", (60, 80), files)
    runs_of(folder, "part", (60,), files[:1], "--limit", "5")
    return folder


def test_both_runs_of_a_model_are_added_and_read_again(made: Path, tmp_path: Path) -> None:
    add_run(made / "one-sums", "ones", tmp_path / "panel")
    panel = add_run(made / "one-twins", "ones", tmp_path / "panel")
    assert panel == read_panel(tmp_path / "panel")
    assert [[*each.asked.values()] for each in panel.entries] == [["sums"], ["twins"]]
    first = panel.entries[0]
    assert (first.model, first.family, first.origin) == ("one", "ones", "asked")
    scored, measured = read_entry(panel, first)
    assert scored.model_name == "one"
    assert [len(each.samples) for each in measured.values()] == [20]
    assert sealed_run(panel.folder(first))[2] == first.bundle
    with pytest.raises(InputError, match="is in the panel already"):
        add_run(made / "one-sums", "ones", tmp_path / "panel")
    shutil.copytree(panel.folder(panel.entries[1]), panel.folder(first), dirs_exist_ok=True)
    with pytest.raises(VerificationError, match="its seal is not the one"):
        read_entry(panel, first)


def test_a_run_that_is_partial_damaged_or_unsealed_is_refused(made: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="5 of 20 samples of sums"):
        add_run(made / "part-sums", "f", tmp_path / "panel")
    for name, change in (("scores.jsonl", b" "), ("bundle.dsse.json", None)):
        copy = Path(shutil.copytree(made / "one-sums", tmp_path / name))
        if change is None:
            (copy / name).unlink()
        else:
            (copy / name).write_bytes((copy / name).read_bytes() + change)
        with pytest.raises(SteelyardError) as error:
            add_run(copy, "f", tmp_path / "panel")
        assert "\n" not in str(error.value)
    assert not (tmp_path / "panel").exists()
