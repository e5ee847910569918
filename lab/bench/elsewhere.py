"""Writes the rate of a rule that is measured on no simulated vendor; what others measured stays.

Of a rule the version that was measured last is kept alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from steelyard.reports.measured_rates import MeasuredElsewhere, MeasuredRates, RuleRate
from steelyard.stats.intervals import clopper_pearson

__all__ = ["REPORTS", "pooled", "write_elsewhere"]

REPORTS: Final = Path("src/steelyard/reports/measured_rates.json")


MOST: Final = 0.1
"""What no kind's upper bound exceeds (docs/results/gauntlet.md)."""


def pooled(kinds: Mapping[str, tuple[int, int]]) -> tuple[int, int, str]:
    """All that were accused and all runs, from both by kind; and in a sentence whose upper bound is above ``MOST``."""
    high = {kind: clopper_pearson(found, runs)[1] for kind, (found, runs) in kinds.items()}
    above = [f"{kind} ({high[kind]:.3f})" for kind in kinds if high[kind] > MOST]
    most = max(high, key=high.__getitem__)
    said = f"above {MOST:g}: {', '.join(above)}" if above else f"the highest upper bound is {most}'s, {high[most]:.3f}"
    return sum(found for found, _ in kinds.values()), sum(runs for _, runs in kinds.values()), said


def write_elsewhere(rule: str, what: str, found: int, runs: int, path: Path = REPORTS) -> None:
    """Write that ``found`` of so many ``runs`` were accused; ``what`` these are, in words."""
    low, high = clopper_pearson(found, runs)
    rate = RuleRate(share=round(found / runs, 5), low=round(low, 5), high=round(high, 5), tests=runs)
    own = MeasuredElsewhere(date=f"{datetime.now(UTC):%Y-%m-%d}", what=what, rate=rate)
    rates = msgspec.json.decode(path.read_bytes(), type=MeasuredRates)
    name = rule.partition("@")[0]
    others = {each: rate for each, rate in rates.elsewhere.items() if each.partition("@")[0] != name}
    rates = msgspec.structs.replace(rates, elsewhere={**others, rule: own})
    path.write_bytes(msgspec.json.format(msgspec.json.encode(rates), indent=2) + b"\n")
