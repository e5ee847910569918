"""The command line as a whole: its exit codes, its one line for an error, and ``--debug``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from steelyard import cli
from steelyard.cli import execute
from tests.assets.make_golden import GOLDEN


def test_an_error_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["report", str(tmp_path / "nothing")]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("steelyard: ")
    assert told.err.count("\n") == 1


def test_debug_prints_the_traceback_before_that_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["report", str(tmp_path / "nothing")]) == 2
    line = capsys.readouterr().err
    assert execute(["--debug", "report", str(tmp_path / "nothing")]) == 2
    told = capsys.readouterr().err
    assert told.startswith("Traceback (most recent call last):\n")
    assert told.endswith(line)
    assert "cli/report.py" in told


def test_debug_of_one_call_is_not_that_of_the_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    execute(["--debug", "report", str(tmp_path / "nothing")])
    capsys.readouterr()
    execute(["report", str(tmp_path / "nothing")])
    assert "Traceback" not in capsys.readouterr().err


def test_an_unexpected_error_says_where_it_was_raised(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(type(cli.group), "get_command", broken)
    assert execute(["verify", "x"]) == 70
    told = capsys.readouterr().err
    assert "RuntimeError: out of order [" in told
    assert "test_main.py:" in told
    assert "Traceback" not in told


def test_main_ends_the_process_with_the_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        cli.main(["report", str(tmp_path / "nothing")])
    assert ended.value.code == 2


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["--help"], 0), (["--version"], 0), (["frobnicate"], 2)])
def test_exit_codes_without_a_command(arguments: list[str], code: int) -> None:
    assert execute(arguments) == code


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["report", str(GOLDEN)], 1),
        pytest.param(["report", str(GOLDEN), "--json"], 1, marks=pytest.mark.slow),
        pytest.param(["show", str(GOLDEN)], 0, marks=pytest.mark.slow),
        (["--help"], 0),
    ],
)
def test_a_reader_that_stopped_changes_no_exit_code(command: list[str], code: int) -> None:
    """``| head`` under ``pipefail``: the verdict's code, and no traceback."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        found = subprocess.run(
            [sys.executable, "-m", "steelyard", *command], stdout=closed, stderr=subprocess.PIPE, check=False
        )
    assert found.returncode == code
    assert found.stderr == b""
