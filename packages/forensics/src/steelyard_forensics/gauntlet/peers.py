"""What others do with the same answers: rules and tests that are in use, as baselines of the detectors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from steelyard_forensics.gauntlet.vendors import Reals, Vendor

__all__ = ["PEERS", "PeerTested", "peers_of"]

PEERS: Final = {
    "claim: raw gap": "our whole pass is more than 2 points below the claim",
    "claim: z test": "the two-proportion z test of the claim and our whole pass, one-sided, at .05",
    "twins: raw gap": "public samples are answered more than 5 points better than fresh ones",
    "twins: z test": "the two-proportion z test of public and fresh samples, one-sided, at .05",
    "cues: raw gap": "public samples are answered more than 5 points better under their own prompt than under another",
    "cues: z test": "the two-proportion z test of both prompts, one-sided, at .05",
}
_Z: Final = 1.6448536269514722


@dataclass(frozen=True)
class PeerTested:
    """Whether one of :data:`PEERS` accuses a row; ``is_true``: nothing is wrong with it."""

    peer: str
    benchmark: str
    is_true: bool
    accuses: bool


def peers_of(vendor: Vendor, random: np.random.Generator) -> tuple[PeerTested, ...]:
    """What each peer says of each row, from one whole pass; calls that fail are left out, as they do."""
    found = []
    for row in vendor.rows:
        ours, n = _measured(row.public, vendor, random)
        claimed, scored = float(row.printed) / 100, row.scored or row.benchmark.samples
        accuses = {
            "claim: raw gap": claimed - ours > 0.02,
            "claim: z test": _z(claimed, scored * row.passes, ours, n) > _Z,
        }
        found += [PeerTested(name, row.benchmark.name, row.is_true, said) for name, said in accuses.items()]
        if row.fresh.size:
            fresh, of = _measured(row.fresh, vendor, random)
            accuses = {
                "twins: raw gap": ours - fresh > 0.05,
                "twins: z test": _z(ours, n, fresh, of) > _Z,
            }
            found += [PeerTested(name, row.benchmark.name, row.same, said) for name, said in accuses.items()]
            other, of = _measured(row.placebo, vendor, random.spawn(1)[0])
            accuses = {
                "cues: raw gap": ours - other > 0.05,
                "cues: z test": _z(ours, n, other, of) > _Z,
            }
            found += [PeerTested(name, row.benchmark.name, row.unaware, said) for name, said in accuses.items()]
    return tuple(found)


def _measured(chances: Reals, vendor: Vendor, random: np.random.Generator) -> tuple[float, int]:
    """The share of right answers of one pass, and of how many."""
    kind = vendor.kind
    right = random.random(len(chances)) < chances
    there = random.random(len(chances)) >= np.where(right, kind.missing, kind.missing_wrong)
    return float(right[there].mean()) if there.any() else 0.0, int(there.sum())


def _z(first: float, n: int, second: float, of: int) -> float:
    """(p₁ − p₂)/√(p(1 − p)(1/n₁ + 1/n₂)) with the pooled p; 0 where nothing varies."""
    pooled = (first * n + second * of) / max(1, n + of)
    variance = pooled * (1 - pooled) * (1 / max(1, n) + 1 / max(1, of))
    return (first - second) / math.sqrt(variance) if variance > 0 else 0.0
