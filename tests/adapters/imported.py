"""What a verifier finds in a run that was imported."""

from __future__ import annotations

from pathlib import Path

from steelyard.verification.recompute import recompute

__all__ = ["all_scores"]


def all_scores(run: Path) -> int:
    """How many scores there are, wherever they came from."""
    found = recompute(run)
    return found.scores + found.withheld + found.executed
