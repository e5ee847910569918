"""The detector of the how-to page, as a plugin: planned, sealed, asked and verified with two models."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from steelyard import plugins
from steelyard.cli import execute as steelyard
from testkit.docs.pages import blocks
from testkit.fixtures import SumsServer
from testkit.repository import ROOT

PAGE = ROOT / "docs" / "how-to" / "write-a-detector.md"


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[None]:
    """The page's module and an installed distribution that declares it, in a folder on the path."""
    site = tmp_path / "site"
    info = site / "steelyard_not_worse-1.0.0.dist-info"
    info.mkdir(parents=True)
    (source,) = [block.source for block in blocks(PAGE) if block.markers.get("write") == "not_worse.py"]
    (site / "not_worse.py").write_text(source)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: steelyard-not-worse\nVersion: 1.0.0\n")
    (info / "entry_points.txt").write_text("[steelyard.plugins]\ndetector.not_worse = not_worse:NotWorse\n")
    sys.path.insert(0, str(site))
    plugins._entries.cache_clear()
    try:
        yield
    finally:
        sys.path.remove(str(site))
        sys.modules.pop("not_worse", None)
        plugins._entries.cache_clear()


@pytest.mark.parametrize("worse", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_the_pages_detector_finds_a_worse_model_and_no_other(
    installed: None, sums_server: Any, sums_file: tuple[Path, float], tmp_path: Path, worse: bool
) -> None:
    questions, rate = sums_file
    sheet = tmp_path / "sheet.yaml"
    sheet.write_text(f"model: adder\nclaims:\n  - {{task: sums, value: {rate * 100:.1f}}}\n")
    run = tmp_path / "run"
    with SumsServer() as other:
        if worse:
            other.is_wrong = lambda first, second: False  # type: ignore[method-assign]
        models = ["--model", f"openai:sums@{sums_server.url}", "--model", f"reference=openai:sums@{other.url}"]
        asked = ["--task", str(questions), "--detect", "not_worse", "--out", str(run)]
        exit_code = steelyard(["audit", str(sheet), *models, *asked])
    report = json.loads((run / "report.json").read_bytes())
    found = [each["word"] for each in report["tests"] if each["rule"].startswith("not_worse")]
    assert found == ["inconsistent" if worse else "insufficient_power"]
    assert [each["detector"] for each in report["findings"]] == ["not_worse"] * worse
    assert exit_code == (1 if worse else 3)
    assert steelyard(["verify", str(run)]) == 0
