"""The pages of a portfolio."""

from __future__ import annotations

import io
import json

from rich.console import Console

from steelyard.comparison import portfolio_pages
from steelyard.comparison.portfolio import Facts, portfolio_of
from steelyard.reports.passive import check_passive
from testkit.comparison_runs import HOSTILE, scored_run


def test_a_portfolio_on_every_page() -> None:
    tasks = [{"t": {f"s{each}": float(each % (number + 2) > 0) for each in range(120)}} for number in range(6)]
    named = [
        (f"r{number}", scored_run(f"gpt-{number}" if number else HOSTILE, each)) for number, each in enumerate(tasks)
    ]
    cost = {f"r{number}": 10.0**number for number in range(6)}
    found = portfolio_of(named, Facts(vendor={"r0": HOSTILE}, cost=cost))
    page = portfolio_pages.html(found)
    check_passive(page)
    assert "<script" not in page
    assert 'viewBox="0 0 600 260"' in page
    console = Console(width=100, record=True, file=io.StringIO(), markup=False, highlight=False)
    portfolio_pages.print_portfolio(found, console)
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text
    assert json.dumps(portfolio_pages.machine(found), allow_nan=False)
