"""``steelyard verify`` of a sealed result of ``steelyard detect``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from packages.forensics.tests.panel_runs import sealed
from steelyard.cli import execute


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verify") / "result"
    sealed(folder, levels=(0.97, 0.6))
    return folder


def test_a_result_verifies_alone(result: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["verify", str(result)]) == 0
    said = capsys.readouterr().out
    assert "holds: 61 extracts, not signed" in said
    assert "61 extracts taken as sealed" in said
    assert "that nothing else of the panel had to be read was not checked: --panel does" in said
    assert "recomputed: Inconsistent, p = 0.016" in said
    assert execute(["verify", str(result), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["word"], document["extracts_not_held"], document["panel_held"]) == ("inconsistent", 61, False)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--ledger", "x"], "is verified alone"),
        (["{result}"], "is verified alone"),
        (["--panel", "nowhere"], "is no panel"),
    ],
)
def test_what_does_not_go_together(
    result: Path, more: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["verify", str(result), *(each.format(result=result) for each in more)]) == 2
    assert said in capsys.readouterr().err


def test_options_of_a_result_are_refused_for_a_run(unsigned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["verify", str(unsigned), "--panel", "x"]) == 2
    assert "for a result of steelyard detect" in capsys.readouterr().err


def test_a_changed_extract_is_named(result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import shutil

    copy = Path(shutil.copytree(result, tmp_path / "copy"))
    file = next((copy / "panel").iterdir())
    file.write_bytes(file.read_bytes().replace(b'"high":0,"low":0', b'"high":1,"low":1', 1))
    assert execute(["verify", str(copy)]) == 1
    assert f"panel/{file.name}: was changed" in capsys.readouterr().err
