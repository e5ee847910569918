"""What the vendor says: the claim sheet, and what is known of the benchmarks that it names."""

from __future__ import annotations

from steelyard.claims.sheet import read_sheet

__all__ = ["read_sheet"]
