"""``steelyard gate --self-test``: two more passes, the rates and the table."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest

from steelyard.api.gate_self_test import self_test_lines
from steelyard.cli import execute
from steelyard.stats.gate import self_test
from testkit.fixtures import SumsServer


def test_the_lines_of_a_steady_model() -> None:
    found = self_test([[1.0, 0.0, 1.0] * 20] * 3, 0.02, repetitions=100)
    lines = self_test_lines(found, "2", 60)
    assert lines[1].startswith("false red: 0.00 % (95 % interval of the simulation 0.0–")
    assert lines[3] == "0 of 6 ordered pairs of whole passes are red"
    assert lines[-2].split() == ["undecided", "0", "100", "0"]


def test_a_model_that_varies_is_asked_twice_more(
    sums_server: SumsServer, sums_file: tuple[Path, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    small = tmp_path / "small" / "sums.jsonl"
    small.parent.mkdir()
    small.write_text("".join(sums_file[0].read_text().splitlines(keepends=True)[:120]))
    calls = iter(range(10**6))
    monkeypatch.setattr(
        SumsServer, "is_wrong", staticmethod(lambda a, b: zlib.crc32(f"{a} {b} {next(calls)}".encode()) % 5 == 0)
    )
    model = ["--model", f"openai:sums@{sums_server.url}"]
    assert execute(["run", str(small), *model, "--out", "base"]) == 0
    gate = ["gate", str(small), *model, "--baseline", "base", "--margin", "2", "--self-test"]
    capsys.readouterr()
    assert execute([*gate, "--out", "again", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["samples"] == 120
    assert sum(found["table"].values()) == found["repetitions"] == 2000
    assert found["false_red"] <= 0.07
    assert Path("again-pass-3/report.json").is_file()
    assert execute([*gate, "--dry-run"]) == 2
    assert execute(["gate", str(small), *model, "--at-least", "0.5", "--self-test"]) == 2
    assert "--self-test needs a suite" in capsys.readouterr().err
    sums_server.name = "other"
    monkeypatch.setattr(SumsServer, "name", "other", raising=False)
    assert execute(["gate", str(small), "--model", f"openai:other@{sums_server.url}", *gate[4:], "--out", "no"]) == 2
    assert "asks the same model again" in capsys.readouterr().err
