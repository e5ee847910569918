"""Before a gate is asked: how probably it ends green, red or undecided, by exact computation over its stop table."""

from __future__ import annotations

from typing import Final

from steelyard.detectors.gate.monitor import GateMonitor
from steelyard.detectors.gate.paired import PairedMonitor
from steelyard.stats.exact import OperatingCharacteristics, characteristics_at_rate, operating_characteristics
from steelyard.stats.gate import paired_gate
from steelyard.stats.paired_bets import EARLY
from steelyard.stats.sequential import StopTable

__all__ = ["outlook_of"]

POWER: Final = 0.9
TOO_LARGE: Final = 20_000  # items, above which the exact sum takes seconds
_STEPS: Final = 12  # bisections of the rate: to a thirtieth of a point


def outlook_of(gate: GateMonitor, expected: float | None) -> str:
    """One sentence: from which rate on it is green in 9 of 10 runs, and what is to be expected at a stated one.

    Empty where nothing can be computed beforehand. ``expected`` is a rate of right answers in [0, 1].
    """
    if isinstance(gate, PairedMonitor):
        return _of_a_baseline(gate)
    items, planned = gate.measurement.population, gate.measurement.planned
    if items > TOO_LARGE:
        return ""
    parts = [_where_green(gate)]
    if expected is not None:
        parts.append(_at(expected, _chances(gate, expected)))
    elif gate.sealed.steady and planned == items:
        parts.append("answers do not vary here, so that the whole suite leaves no doubt")
    return "; ".join(parts)


def _chances(gate: GateMonitor, rate: float) -> OperatingCharacteristics:
    items = gate.measurement.population
    table = StopTable(inconsistent=gate.sealed.red, consistent=gate.sealed.green)
    if gate.sealed.steady:
        return operating_characteristics(items, round(rate * items), table)
    return characteristics_at_rate(items, rate, table)


def _where_green(gate: GateMonitor) -> str:
    bar = float(gate.sealed.at_least)
    if _chances(gate, 1.0).p_consistent < POWER:
        return "too few items: not even a model without a mistake would be green in 9 of 10 runs"
    low, high = bar, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if _chances(gate, middle).p_consistent >= POWER else (middle, high)
    return f"green in 9 of 10 runs from a rate of {100 * high:.1f} % on"


def _at(expected: float, found: OperatingCharacteristics) -> str:
    green, red = found.p_consistent, found.p_inconsistent
    undecided = max(0.0, 1 - green - red)
    said = (
        f"at a rate of {100 * expected:g} % green with a chance of {100 * green:.0f} %, red {100 * red:.0f} %, "
        f"undecided {100 * undecided:.0f} %"
    )
    return f"{said}: it will probably end undecided" if undecided > 1 / 2 else said


def _of_a_baseline(gate: PairedMonitor) -> str:
    """Whether a model that answers as the baseline does, without any noise, would be green."""
    n = gate.measurement.planned
    alike = paired_gate([1.0] * n, [1.0] * n, gate.margin, gate.alpha)
    if gate.forecast(-gate.margin) is not None or alike.p_within <= (1 - EARLY) * gate.green_level:
        return ""
    return (
        "it will end undecided for a model that answers exactly as the baseline does: too few items for this margin "
        "(measure more, or give a larger --margin)"
    )
