"""What wrote a record: the name and version that plans, journals and exports carry."""

from __future__ import annotations

from importlib.metadata import version

__all__ = ["software"]


def software() -> str:
    """``steelyard 0.1.0``: the program and its version, as one value, so that no record has a brand for a key."""
    return f"steelyard {version('steelyard')}"
