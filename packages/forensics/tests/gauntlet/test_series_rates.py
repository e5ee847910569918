"""Rates of series that are written down here."""

from __future__ import annotations

from io import StringIO

import msgspec
from rich.console import Console

from steelyard_forensics.gauntlet import pages
from steelyard_forensics.gauntlet.series import Series
from steelyard_forensics.gauntlet.series_parameters import load_series
from steelyard_forensics.gauntlet.series_rates import SeriesRates, jobs_of, series_rates_of, series_shown


def test_a_series_is_found_in_its_first_audit_or_later_or_never() -> None:
    series = [
        Series("plain", "bold", None, 20, 0),
        Series("plain", "bold", 3, 3, 0),
        Series("inflated", "bold", 1, 1, 1),
        Series("inflated", "bold", 5, 5, 3),
        Series("inflated", "timid", None, 20, 7),
    ]
    rates = series_rates_of(load_series(), series, 1)
    plain, bold, timid = rates.rates
    assert (rates.honest, rates.cheats) == (2, 3)
    assert (plain.honest, plain.first.share, plain.found.share, plain.after) == (True, 0.0, 0.5, 3)
    assert (bold.begins, bold.first.share, bold.found.share, bold.after, bold.lied) == ("bold", 0.5, 1.0, 3, 2)
    assert (timid.begins, timid.found.share, timid.after, timid.lied) == ("timid", 0.0, None, 7)
    shown = series_shown(rates)
    assert "50.0 %" in shown.sentences[0]
    assert [each[0] for each in shown.tables[1][2]] == ["inflated, from its boldest rung", "inflated, from honesty"]
    console = Console(file=StringIO(), width=100)
    pages.print_rates(rates, console)
    assert isinstance(console.file, StringIO)
    assert max(map(len, console.file.getvalue().splitlines())) <= 100
    assert msgspec.convert(pages.machine(rates), SeriesRates) == rates


def test_every_vendor_has_one_job() -> None:
    jobs, count = jobs_of(load_series(), 2, 1)
    assert len(jobs) == count == 2 * (3 + 2 * 5)
