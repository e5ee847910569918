"""``steelyard model get``: where the file lies, for people and for machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.cli import execute


@pytest.mark.model
def test_get_prints_where_it_lies(smollm2: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["model", "get"]) == 0
    assert capsys.readouterr().out == f"{smollm2}\n"
    assert execute(["model", "get", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "path": str(smollm2),
        "bytes": smollm2.stat().st_size,
        "sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    }


def test_a_failure_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert execute(["model", "get"]) == 2
    message = capsys.readouterr()
    assert message.out == ""
    assert message.err.startswith("steelyard: the embedded model cannot be kept in")
    assert message.err.count("\n") == 1
