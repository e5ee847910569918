"""Claim sheets, and facts about the benchmarks that they name."""

from __future__ import annotations

from steelyard.claims.sheet import read_sheet

__all__ = ["read_sheet"]
