"""A portfolio in the terminal, as one HTML file and as JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.comparison import portfolio_words as words
from steelyard.comparison.portfolio_record import Holding, Portfolio
from steelyard.comparison.words import SIGNS
from steelyard.reports.jinja import template
from steelyard.util.text import one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["dots", "html", "machine", "print_portfolio"]

MOST_PAIRS = 15  # in the terminal; all are in the page and in the JSON
_LONGEST = 600  # characters of a sentence, which may name ten models


def machine(portfolio: Portfolio) -> dict[str, Any]:
    """The document that ``steelyard portfolio --json`` prints; docs/how-to/portfolio.md lists its keys."""
    document: dict[str, Any] = msgspec.to_builtins(portfolio)
    return {"sentences": words.sentences(portfolio), **document}


def print_portfolio(portfolio: Portfolio, console: Console) -> None:
    """Print it, 100 columns at most. Foreign text is one line without controls."""
    from rich.text import Text

    from steelyard.util.console import fitting

    for number, sentence in enumerate(words.sentences(portfolio)):
        console.print(Text(one_line(f"{sentence}.", _LONGEST), style="bold" if number == 0 else ""))
    if portfolio.no_frontier:
        console.print(Text(one_line(f"no quality per cost: {portfolio.no_frontier}.", 400)))
    console.print()
    console.print(fitting(console, _holdings(portfolio)))
    console.print()
    console.print(fitting(console, _overlaps(portfolio)))
    if len(portfolio.overlaps) > MOST_PAIRS:
        console.print(Text(f"{len(portfolio.overlaps) - MOST_PAIRS} more pairs: --html and --json have them all"))
    for note in portfolio.notes:
        console.print(Text.assemble(("Note ", "yellow"), one_line(note, 300)))


def _plain() -> Table:
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)


def _holdings(portfolio: Portfolio) -> Table:
    from rich.text import Text

    table = _plain()
    for heading in ("", "model", "vendor", "family"):
        table.add_column(heading, overflow="fold")
    for heading in ("share", "score", "95 % interval", "a call", "frontier"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in portfolio.holdings:
        table.add_row(
            each.letter,
            Text(one_line(each.model, 40)),
            Text(one_line(each.vendor, 20)),
            Text(one_line(each.family, 20)),
            words.percent(each.share),
            f"{100 * each.quality:.1f}",
            f"{100 * each.quality_low:.1f}–{100 * each.quality_high:.1f}",
            "–" if each.cost is None else f"{each.cost:.3g}",
            SIGNS["better"] if each.on_frontier else "",
        )
    return table


def _overlaps(portfolio: Portfolio) -> Table:
    table = _plain()
    table.add_column("pair")
    for heading in ("both fail", "by chance", "κ of failures (95 % interval)"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for each in portfolio.overlaps[:MOST_PAIRS]:
        table.add_row(
            f"{each.first}, {each.second}",
            words.percent(each.both),
            words.percent(each.expected),
            words.kappa(each),
            words.overlap_sentence(each),
        )
    return table


# ── the page ────────────────────────────────────────────────────────────────────────────────────────────────────────


def html(portfolio: Portfolio) -> str:
    """The page: no script, no request. Every foreign text passes the filter ``shown``."""
    return template("portfolio.html.j2", "steelyard.comparison").render(
        portfolio=portfolio,
        sentences=_as_sentences(portfolio),
        holdings=[_holding(each) for each in portfolio.holdings],
        overlaps=[
            {
                "pair": each,
                "both": words.percent(each.both),
                "expected": words.percent(each.expected),
                "kappa": words.kappa(each),
                "sentence": words.overlap_sentence(each),
            }
            for each in portfolio.overlaps
        ],
        concentrations=[
            {
                "by": each.by,
                "sentence": words.concentration_sentence(each),
                "shares": [
                    (one_line(name, 60), words.percent(share), f"{200 * share:.1f}")
                    for name, share in each.shares.items()
                ],
            }
            for each in portfolio.concentrations
        ],
        dots=dots(portfolio),
        signs=SIGNS,
    )


def _as_sentences(portfolio: Portfolio) -> list[str]:
    """With a capital letter, but for the first: it begins with a model's name."""
    first, *others = words.sentences(portfolio)
    return [first, *(f"{each[0].upper()}{each[1:]}" for each in others)]


def _holding(each: Holding) -> dict[str, Any]:
    return {
        "held": each,
        "share": words.percent(each.share),
        "quality": f"{100 * each.quality:.1f}",
        "interval": f"{100 * each.quality_low:.1f}–{100 * each.quality_high:.1f}",
        "cost": "–" if each.cost is None else f"{each.cost:.3g}",
    }


def dots(portfolio: Portfolio) -> list[dict[str, str]]:
    """Each model's place in a drawing of 600 × 260: cost on a logarithmic scale, quality with its interval.

    Nothing where a cost is unknown, or 0, or there are fewer than two.
    """
    known = [each for each in portfolio.holdings if each.cost]
    if len(known) < 2 or len(known) < len(portfolio.holdings):
        return []
    logs = [math.log10(each.cost) for each in known if each.cost]
    low, high = min(each.quality_low for each in known), max(each.quality_high for each in known)
    left, wide = min(logs), (max(logs) - min(logs)) or 1.0
    tall = (high - low) or 1.0

    def height(quality: float) -> str:
        return f"{240 - 220 * (quality - low) / tall:.1f}"

    return [
        {
            "x": f"{30 + 540 * (log - left) / wide:.1f}",
            "y": height(each.quality),
            "beside": f"{39 + 540 * (log - left) / wide:.1f}",
            "below": f"{float(height(each.quality)) + 4:.1f}",
            "top": height(each.quality_high),
            "bottom": height(each.quality_low),
            "letter": each.letter,
            "css": "consistent" if each.on_frontier else "not-tested",
        }
        for each, log in zip(known, logs, strict=True)
    ]
