"""Rates of rows that are written down here."""

from __future__ import annotations

from io import StringIO

import msgspec
import pytest
from rich.console import Console

from steelyard_forensics.gauntlet import pages
from steelyard_forensics.gauntlet.rates import rate
from steelyard_forensics.gauntlet.twins import TwinsTested
from steelyard_forensics.gauntlet.twins_parameters import load_twins
from steelyard_forensics.gauntlet.twins_rates import TwinsRates, jobs_of, twins_rates_of, twins_shown


def row(
    kind: str, word: str, *, dose: float | None = None, constat: bool | None = None, z: bool = False
) -> TwinsTested:
    return TwinsTested(kind, dose, "b", word, 0.5, constat, z, False)


def test_a_rate_is_over_the_rows_that_were_tested_and_its_interval_over_vendors() -> None:
    vendors = [
        [row("plain", "inconsistent", constat=True, z=True), row("plain", "consistent", constat=False)],
        [row("plain", "not_testable", z=True), row("plain", "consistent")],
        [row("memorised", "inconsistent", dose=0.8), row("memorised", "inconsistent", dose=0.8)],
    ]
    rates = twins_rates_of(load_twins(), vendors, 1)
    whole, plain = rates.alarms
    assert (whole.kind, plain.kind, rates.honest, rates.cheats) == ("", "plain", 2, 1)
    assert (plain.tests, plain.refused) == (3, 1)
    assert plain.ours == rate(1 / 3, 2)
    assert plain.constat == rate(1 / 2, 1)
    assert plain.z.share == pytest.approx(1 / 3)
    (power,) = rates.power
    assert (power.kind, power.dose, power.ours.share, power.constat) == ("memorised", 0.8, 1.0, None)
    shown = twins_shown(rates)
    assert "33.3 %" in shown.sentences[0]
    assert shown.tables[1][2] == [["memorised 0.8", "2", "1.000 [.025, 1.000]", "–", ".000", ".000"]]
    console = Console(file=StringIO(), width=100)
    pages.print_rates(rates, console)
    assert isinstance(console.file, StringIO)
    assert max(map(len, console.file.getvalue().splitlines())) <= 100
    assert msgspec.convert(pages.machine(rates), TwinsRates) == rates


def test_every_vendor_has_one_job() -> None:
    jobs, count = jobs_of(load_twins(), 12, 1)
    assert count == 12 * 22
    numbers: list[range] = [job.keywords["numbers"] for job in jobs]  # type: ignore[attr-defined]
    assert sum(map(len, numbers)) == count
