"""How concentrated the shares of a portfolio are: the only part of it that depends on them. It needs no statistics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from steelyard.comparison.portfolio_record import Concentration, Holding, Portfolio
from steelyard.comparison.vendors import UNKNOWN
from steelyard.errors import InputError

__all__ = ["EQUAL_SHARES", "concentration", "concentrations", "parts_of_one", "with_shares"]

EQUAL_SHARES: Final = "shares are equal, since none are given: --share RUN=PERCENT"  # a note of a portfolio


def parts_of_one(shares: Sequence[float]) -> list[float]:
    """Shares made to sum to 1. Raises InputError for none, for what is less than 0, and where all are 0."""
    if not shares or min(shares) < 0 or not sum(shares) > 0 or not math.isfinite(sum(shares)):
        raise InputError("--share: shares are numbers from 0, and not all 0")
    return [each / sum(shares) for each in shares]


def with_shares(portfolio: Portfolio, shares: Sequence[float]) -> Portfolio:
    """The same portfolio with other shares, one for each of its models in their order; raises InputError as above."""
    if len(shares) != len(portfolio.holdings):
        raise InputError("give a share for each model, or none at all")
    holdings = [
        replace(held, share=share) for held, share in zip(portfolio.holdings, parts_of_one(shares), strict=True)
    ]
    return replace(
        portfolio,
        holdings=tuple(holdings),
        concentrations=tuple(concentrations(holdings)),
        notes=tuple(each for each in portfolio.notes if each != EQUAL_SHARES),
    )


def concentrations(holdings: Sequence[Holding]) -> list[Concentration]:
    """By vendor, by family, and by architecture where any is known; what is unknown counts as one of its own."""
    found = []
    for by in ("vendor", "family", "architecture"):
        names = [getattr(each, by) for each in holdings]
        if all(name == UNKNOWN for name in names):
            continue
        labels = [
            f"{name} ({each.letter})" if name == UNKNOWN else name for name, each in zip(names, holdings, strict=True)
        ]
        found.append(concentration(by, labels, [each.share for each in holdings]))
    return found


def concentration(by: str, labels: Sequence[str], shares: Sequence[float]) -> Concentration:
    """The Herfindahl–Hirschman index of shares that sum to 1 (Hirschman 1964, "The Paternity of an Index")."""
    sums: dict[str, float] = {}
    for label, share in zip(labels, shares, strict=True):
        sums[label] = sums.get(label, 0.0) + share
    squares = math.fsum(share**2 for share in sums.values())
    ordered = dict(sorted(sums.items(), key=lambda each: -each[1]))
    return Concentration(by=by, shares=ordered, hhi=10_000 * squares, effective=1 / squares)
