"""``steelyard verify`` of what people give it: an archive, the folder above, a file inside, a folder seen in Finder."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from steelyard.cli import execute
from tests.assets.make_golden import GOLDEN


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(GOLDEN, "the runs/golden")
    return Path("the runs/golden")


def told(capsys: pytest.CaptureFixture[str], path: str | Path, code: int) -> str:
    assert execute(["verify", str(path)]) == code
    _, line, rest = capsys.readouterr().err.split("\n")  # after the line that says what is verified
    assert rest == ""
    return line


@pytest.mark.parametrize("given", ["the runs", "the runs/golden/report.html", "the runs/golden/bundle.dsse.json"])
def test_the_folder_above_and_a_file_inside_say_what_to_give(
    given: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = re.search(r"steelyard verify .*", told(capsys, given, 2))
    assert command is not None
    assert shlex.split(command[0]) == ["steelyard", "verify", str(run)]
    assert execute(shlex.split(command[0])[1:]) == 0


def test_an_archive_and_an_empty_folder(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.make_archive("golden", "zip", run)
    assert "is an archive: unpack it, and give the folder in it" in told(capsys, "golden.zip", 2)
    Path("empty").mkdir()
    assert "no run is here: a sealed run is a folder that holds bundle.dsse.json" in told(capsys, "empty", 2)


@pytest.mark.parametrize("name", [".DS_Store", "journal/Thumbs.db", "desktop.ini", "._report.html"])
def test_what_an_operating_system_leaves_is_no_forgery(
    name: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run / name).write_bytes(b"x")
    assert f"{name}: the operating system left this here" in told(capsys, run, 2)
    (run / "notes.txt").write_bytes(b"x")
    assert "notes.txt: was added" in told(capsys, run, 1)
