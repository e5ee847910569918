"""A share as a decimal text, read exactly."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

__all__ = ["decimal_share"]

_SHARE: Final = re.compile(r"0?\.[0-9]{1,6}|[01](\.0{1,6})?")


def decimal_share(text: str) -> Fraction | None:
    """A decimal text from 0 to 1 as a share, exact; None for any other text."""
    return Fraction(text) if _SHARE.fullmatch(text) else None
