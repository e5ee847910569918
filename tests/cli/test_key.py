"""``steelyard key``: what is printed, and one line where it cannot be done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.cli import execute

Capture = pytest.CaptureFixture[str]


def test_new_then_show(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "key.pem"
    assert execute(["key", "new", "--out", str(path), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["path"] == str(path)
    assert made["public_path"] == str(tmp_path / "key.pub.pem")
    assert made["ledger"] == str(tmp_path / "key.ledger.jsonl")
    for shown in (path, tmp_path / "key.pub.pem"):
        assert execute(["key", "show", str(shown), "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == made
    assert execute(["key", "show", str(path)]) == 0
    printed = capsys.readouterr().out
    assert [line.split()[-1] for line in printed.splitlines()] == list(made.values())
    assert path.read_text() not in printed


def test_the_default_place(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_KEY", str(tmp_path / "mine.pem"))
    assert execute(["key", "show"]) == 2
    assert (
        capsys.readouterr().err
        == f"steelyard: {tmp_path}/mine.pem: no key is here: make one with `steelyard key new`\n"
    )
    assert execute(["key", "new"]) == 0
    assert execute(["key", "show"]) == 0
    assert (tmp_path / "mine.pub.pem").is_file()


def test_errors_are_one_line(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "key.pem"
    assert execute(["key", "new", "--out", str(path)]) == 0
    before = path.read_bytes()
    capsys.readouterr()
    assert execute(["key", "new", "--out", str(path)]) == 2
    assert path.read_bytes() == before
    path.chmod(0o644)
    assert execute(["key", "show", str(path)]) == 2
    (tmp_path / "plan.dsse.json").touch()
    assert execute(["key", "new", "--out", str(tmp_path / "other.pem")]) == 2
    assert execute(["key", "frobnicate"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 4
    for line, reason in zip(
        lines, ("another key's ledger is here", "chmod 600", "inside a run", "No such command"), strict=True
    ):
        assert reason in line
