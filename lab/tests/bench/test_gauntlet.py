"""What the gauntlet leaves for reports."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from bench.gauntlet import main, measured
from packages.forensics.tests.gauntlet.conftest import SMALL
from steelyard.reports.measured_rates import MeasuredRates
from steelyard_forensics.gauntlet.parameters import load_world
from steelyard_forensics.gauntlet.planner import detectors
from steelyard_forensics.gauntlet.rates import rates_of
from steelyard_forensics.gauntlet.simulated import parts_of, run_part
from steelyard_forensics.gauntlet.vendors import Abilities


def test_each_rule_has_its_rate(tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_text(SMALL)
    world = load_world("simulated", tmp_path / "w.yaml")
    abilities = Abilities(world)
    audits = [audit for part in parts_of(world, 2) for audit in run_part(abilities, *part, 1)]
    found = measured(rates_of(world, audits, 1, tuple(detectors())), "2026-11-27")
    assert set(found.rules) == set(detectors())
    assert (found.vendors, found.at, found.report.tests) == (6, 0.05, 6)
    assert msgspec.json.decode(msgspec.json.encode(found), type=MeasuredRates) == found


@pytest.mark.parametrize(
    "asked",
    [
        ["--world", "small", "--vendors", "3"],
        ["--world", "embedded", "--html", "x.html"],
        ["--world", "twins", "--reports"],
        ["--quick", "--reports"],
        ["--world", "moon"],
    ],
)
def test_what_a_world_has_not_is_refused_before_anything_runs(asked: list[str]) -> None:
    """Rates that reports show are of the whole simulated world and nothing less."""
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 2


def test_the_tables_of_every_world_have_a_place_in_the_docs() -> None:
    from bench.gauntlet import _SECTIONS

    text = Path("docs/results/gauntlet.md").read_text() + Path("docs/detectors/order.md").read_text()
    assert all(f"<!-- {name} -->" in text and f"<!-- /{name} -->" in text for name in _SECTIONS.values())
