"""The name and version of this program, as plans, journals and exports record it."""

from __future__ import annotations

from importlib.metadata import version

__all__ = ["software"]


def software() -> str:
    """``steelyard 0.1.0``: name and version as one value, so that no record has a brand name as a key."""
    return f"steelyard {version('steelyard')}"
