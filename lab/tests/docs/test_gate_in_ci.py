"""The recipes of docs/how-to/gate-in-ci.md are run: the scripts of GitHub and GitLab, and the table of sizes."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from bench.gates import safe_rate
from steelyard.stats.bar_gate import make_bar_gate
from testkit.docs.pages import blocks
from testkit.fixtures import SumsServer
from testkit.repository import ROOT

PAGE = ROOT / "docs" / "how-to" / "gate-in-ci.md"


def recipe(name: str) -> dict[str, object]:
    (block,) = (each for each in blocks(PAGE) if each.markers.get("part of") == name)
    found = yaml.safe_load(block.source)
    assert isinstance(found, dict)
    return found


def run(script: str, folder: Path, model: str, **more: str) -> int:
    """Run one line of a recipe as a shell does, with this Python's ``steelyard``."""
    bin_ = folder / "bin"
    bin_.mkdir(exist_ok=True)
    (bin_ / "steelyard").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m steelyard "$@"\n')
    (bin_ / "steelyard").chmod(0o755)
    environment = {**os.environ, "PATH": f"{bin_}:/usr/bin:/bin", "MODEL": model, **more}
    return subprocess.run(["bash", "-ec", script], cwd=folder, env=environment, check=False).returncode


@pytest.fixture
def project(tmp_path: Path, sums_file: tuple[Path, float]) -> Path:
    suite = tmp_path / "project" / "suites" / "tickets"
    suite.mkdir(parents=True)
    lines = sums_file[0].read_text().splitlines(keepends=True)
    (suite.parent / "tickets.jsonl").write_text("".join(lines))
    suite.rmdir()
    return tmp_path / "project"


def of_the_file(script: str) -> str:
    """The recipe's line for a file of questions, which the test has in place of a suite."""
    assert "suites/tickets " in script
    return script.replace("suites/tickets ", "suites/tickets.jsonl ").replace("0.85", "0.65")


def test_the_github_recipe(project: Path, sums_server: SumsServer) -> None:
    steps = recipe("a workflow")["jobs"]["gate"]["steps"]  # type: ignore[index]
    (script,) = (step["run"] for step in steps if step.get("run", "").startswith("steelyard"))
    summary = project / "summary.md"
    model = f"openai:sums@{sums_server.url}"
    assert run(of_the_file(script), project, model, GITHUB_STEP_SUMMARY=str(summary)) == 0
    assert summary.read_text().startswith("### Steelyard gate: Green")
    assert ElementTree.parse(project / "gate.xml").getroot().get("failures") == "0"


def test_the_gitlab_recipe(project: Path, sums_server: SumsServer) -> None:
    job = recipe(".gitlab-ci.yml")["model gate"]
    (script,) = (line for line in job["script"] if line.startswith("steelyard"))  # type: ignore[index]
    assert run(of_the_file(script), project, f"openai:sums@{sums_server.url}") == 0
    assert job["allow_failure"]["exit_codes"] == [3]  # type: ignore[index]
    for name in ("gate.md", "runs/gate/bundle.dsse.json", "gate.xml"):
        assert (project / name).is_file()


@pytest.mark.parametrize(("items", "points"), [(300, 6), (1000, 4)])
def test_the_room_above_the_bar_is_as_the_page_says(items: int, points: int) -> None:
    rate = safe_rate(make_bar_gate(items, Fraction(85, 100)), 0.9)
    assert rate is not None
    assert points - 1 < 100 * rate - 85 <= points
