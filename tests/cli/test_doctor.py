"""``steelyard doctor`` tells what works here, and how to mend what does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.cli import execute as steelyard


@pytest.mark.model
def test_all_that_is_needed_works_here(smollm2: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert steelyard(["doctor"]) == 0
    told = capsys.readouterr().out
    assert "✓ embedded model: loads and answers" in told
    assert "signing key: none" in told
    assert "steelyard key new" in told


def test_what_is_absent_comes_with_its_mend(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert steelyard(["doctor", "--json"]) == 0
    findings = {finding["what"]: finding for finding in json.loads(capsys.readouterr().out)["findings"]}
    assert findings["embedded model"]["mend"] == "steelyard model get"
    assert findings["sandbox"]["mend"] == "apt-get install bubblewrap util-linux"
    assert not findings["sandbox"]["works"]


def test_a_key_that_others_can_read_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    key = tmp_path / "key.pem"
    monkeypatch.setenv("STEELYARD_KEY", str(key))
    assert steelyard(["key", "new"]) == 0
    capsys.readouterr()
    steelyard(["doctor"])
    assert f"✓ signing key: {key}" in capsys.readouterr().out
    key.chmod(0o644)
    steelyard(["doctor"])
    assert "– signing key" in capsys.readouterr().out
