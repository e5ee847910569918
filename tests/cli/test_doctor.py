"""``assay doctor`` tells what works here, and how to mend what does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assay.cli import run as assay


@pytest.mark.model
def test_all_that_is_needed_works_here(smollm2: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert assay(["doctor"]) == 0
    told = capsys.readouterr().out
    assert "✓ embedded model: loads and answers" in told
    assert "signing key: none" in told
    assert "assay key new" in told


def test_what_is_absent_comes_with_its_mend(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert assay(["doctor", "--json"]) == 0
    findings = {finding["what"]: finding for finding in json.loads(capsys.readouterr().out)["findings"]}
    assert findings["embedded model"]["mend"] == "assay model get"
    assert findings["sandbox"]["mend"] == "apt-get install bubblewrap util-linux"
    assert not findings["sandbox"]["works"]


def test_a_key_that_others_can_read_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    key = tmp_path / "key.pem"
    monkeypatch.setenv("ASSAY_KEY", str(key))
    assert assay(["key", "new"]) == 0
    capsys.readouterr()
    assay(["doctor"])
    assert f"✓ signing key: {key}" in capsys.readouterr().out
    key.chmod(0o644)
    assay(["doctor"])
    assert "– signing key" in capsys.readouterr().out
