"""What a claim retest seals in the plan: its threshold, its levels and its integer stop tables."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.evidence.canonical import sha256_hex
from steelyard.records import (
    Claim,
    PlanRow,
)

if TYPE_CHECKING:
    pass

__all__ = ["seal_row"]


def seal_row(row: PlanRow, claim: Claim, alpha: float, rows: int, secret: str) -> PlanRow:
    """Give a row its share of the error budget and of the time, its order seed, and its integer stop tables."""
    from steelyard.stats.sequential import stop_table, threshold

    weight = 1.0 / rows
    changes: dict[str, Any] = {
        "order_seed": sha256_hex(f"{secret}:{row.id}".encode()),
        "weight": weight,
        "share": weight,
        "alpha_inconsistent": alpha * weight,
        "alpha_consistent": alpha,
        "stop_inconsistent": (),
        "stop_consistent": (),
    }
    if row.estimate:
        return msgspec.structs.replace(row, **changes, threshold=1)  # and no tables: nothing stops it
    half_unit = claim.printed_unit / claim.scale / 2
    level = threshold(row.cells, claim.number / claim.scale, half_unit, Fraction(row.tolerance) / 100)
    changes["threshold"] = level
    if row.has_table:
        table = stop_table(row.cells, level, alpha * weight, alpha)
        changes |= {"stop_inconsistent": table.inconsistent, "stop_consistent": table.consistent}
    return msgspec.structs.replace(row, **changes)
