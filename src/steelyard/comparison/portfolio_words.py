"""The sentences of a portfolio, the same in the terminal, on the page and in JSON."""

from __future__ import annotations

from steelyard.comparison.labels import labels_of
from steelyard.comparison.portfolio_record import Concentration, Flattening, Overlap, Portfolio
from steelyard.reports.words import count, counted, p_value

__all__ = [
    "concentration_sentence",
    "flattening_sentence",
    "kappa",
    "least_sentence",
    "overlap_sentence",
    "percent",
    "sentences",
]


def percent(share: float) -> str:
    """A share: ``12.3 %``."""
    return f"{100 * share:.1f} %"


def kappa(overlap: Overlap) -> str:
    """κ with its interval: ``.31 (.22 to .40)``; a dash where it is not defined."""
    if overlap.kappa is None:
        return "–"
    return f"{overlap.kappa:.2f} ({overlap.low:.2f} to {overlap.high:.2f})"


def concentration_sentence(found: Concentration) -> str:
    """``by vendor: HHI 5,200, as 1.9 equal shares; the largest is OpenAI with 60.0 %``."""
    name, share = next(iter(found.shares.items()))
    return (
        f"by {found.by}: HHI {found.hhi:,.0f} of 10,000, as {found.effective:.1f} equal shares; the largest is "
        f"{name} with {percent(share)}"
    )


def overlap_sentence(found: Overlap) -> str:
    """What κ says of two models, where its interval says it."""
    if found.kappa is None:
        return "no κ: one of them never fails, or always does"
    if found.low > 0:
        return "they fail together more often than by chance"
    if found.high < 0:
        return "they fail together less often than by chance"
    return "not told apart from independent failures"


def least_sentence(portfolio: Portfolio) -> str:
    """Which pair fails least together, and which it is not told apart from; of a single pair, what κ says of it."""
    names = labels_of({each.letter: each.model for each in portfolio.holdings})
    least = portfolio.overlaps[0]
    pair = f"{names[least.first]} and {names[least.second]}"
    if len(portfolio.overlaps) == 1:
        return f"{pair} both fail on {percent(least.both)} of the samples: {overlap_sentence(least)}"
    text = f"{pair} fail least together: both on {percent(least.both)} of the samples"
    like = [f"{names[each.first]} and {names[each.second]}" for each in portfolio.overlaps[1:] if each.not_told_apart]
    if like:
        text += f"; not told apart from {', '.join(like[:4])}{f' and {len(like) - 4} more' if len(like) > 4 else ''}"
    return text


def flattening_sentence(found: Flattening, alpha: float) -> str:
    """Whether quality flattens with cost."""
    low, middle, high = (f"{100 * each:.1f}" for each in (found.slope_low, found.slope, found.slope_high))
    slope = f"a tenfold cost brings {middle} points ({low} to {high})"
    if found.p > alpha:
        return (
            f"not told apart: {counted(found.points, 'model')} fit a straight line as well as one that flattens "
            f"({p_value(found.p)}); {slope}"
        )
    text = f"quality flattens with cost ({p_value(found.p)})"
    if found.ceiling is not None:
        ends = [f"{100 * end:.1f}" if end is not None else "no end" for end in (found.ceiling_low, found.ceiling_high)]
        text += f": the best curve tends to {100 * found.ceiling:.1f} of 100 ({' to '.join(ends)})"
    return text


def sentences(portfolio: Portfolio) -> list[str]:
    """The whole result, the most important first."""
    found = [least_sentence(portfolio)]
    found.append(
        f"all {len(portfolio.holdings)} fail on {percent(portfolio.all_fail)} of {count(portfolio.n)} samples; "
        f"independent failures would give {percent(portfolio.all_fail_expected)}"
    )
    found += [concentration_sentence(each) for each in portfolio.concentrations]
    if portfolio.flattening is not None:
        found.append(flattening_sentence(portfolio.flattening, portfolio.alpha))
    return found
