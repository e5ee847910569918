"""The tutorial's plugin, as a stranger would use it: built as a wheel, installed, run, verified."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from steelyard.tasks.generators.products import generate
from testkit.docs import console
from testkit.docs.pages import blocks
from testkit.repository import ROOT

EXAMPLE = ROOT / "docs" / "plugin-example"


def _run(*command: str | Path, folder: Path) -> str:
    environment = os.environ | {"STEELYARD_KEY": str(folder / "no-key-here.pem"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run([str(word) for word in command], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` of a virtual environment with the plugin's wheel, and with Steelyard from this environment."""
    folder = tmp_path_factory.mktemp("plugin")
    source = folder / "source"
    shutil.copytree(EXAMPLE, source)
    pip = (sys.executable, "-m", "pip")
    _run(*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, source, folder=folder)
    _run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", folder=folder)
    python = folder / "venv" / "bin" / "python"
    (wheel,) = folder.glob("*.whl")
    _run(*pip, "--python", python, "install", "--quiet", "--no-deps", wheel, folder=folder)
    # Steelyard and what it needs come from this environment, so that the test asks no index for them.
    here = _run(sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder).strip()
    there = _run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder).strip()
    (Path(there) / "steelyard-for-the-test.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    script = python.parent / "steelyard"
    script.write_text(f'#!/bin/sh\nexec "{python}" -m steelyard "$@"\n')
    script.chmod(0o755)
    return python.parent


@pytest.mark.slow
def test_the_plugin_scores_what_can_be_computed_without_it(installed: Path, tmp_path: Path) -> None:
    answers = [int(row["answer"]) for row in generate("rounding-1", 200)]
    right = sum(abs(float(f"{answer:.1g}") - answer) <= answer / 100 for answer in answers)
    assert 0 < right < 200
    told = _run(installed / "steelyard", "run", "rough_products", "--model", "calculator:1", folder=tmp_path)
    assert f"{right} of 200 right" in told


@pytest.mark.slow
def test_the_tutorials_commands_print_what_it_shows(installed: Path, tmp_path: Path) -> None:
    page = ROOT / "docs" / "tutorial" / "plugin.md"
    (block,) = [block for block in blocks(page) if block.language == "console"]
    first, *commands = console.commands(block.source)
    assert first.line.startswith("pip install")
    for command in commands:
        console.run(command, tmp_path, programs=installed)


@pytest.mark.slow
def test_doctor_lists_the_plugin_and_a_wrong_model_is_one_line(installed: Path, tmp_path: Path) -> None:
    told = _run(installed / "steelyard", "doctor", folder=tmp_path)
    assert "calculator" in told
    assert "within" in told
    wrong = subprocess.run(
        [installed / "steelyard", "run", "rough_products", "--model", "calculator:many"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert wrong.returncode == 2
    assert "such as calculator:2" in wrong.stderr
    assert len(wrong.stderr.splitlines()) == 1
