"""Numbers as people write them."""

from __future__ import annotations

from decimal import Decimal

__all__ = ["plain_number"]


def plain_number(value: float) -> str:
    """Three significant digits without an exponent, as amounts are written: ``0.0000171``, ``1.42``, ``1230``."""
    return format(Decimal(f"{value:.3g}"), "f")
