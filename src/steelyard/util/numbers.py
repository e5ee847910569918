"""Numbers as people write them."""

from __future__ import annotations

from decimal import Decimal

__all__ = ["plain_number", "signed"]


def plain_number(value: float) -> str:
    """Three significant digits without an exponent, as amounts are written: ``0.0000171``, ``1.42``, ``1230``."""
    return format(Decimal(f"{value:.3g}"), "f")


def signed(value: float, digits: int) -> str:
    """A number with its sign and so many digits after the point; what is rounded to nought has none: ``0.0``."""
    text = f"{value:+.{digits}f}"
    return text if float(text) else text[1:]
