"""A claim's number as a record of somebody else holds it."""

from __future__ import annotations

from fractions import Fraction

import msgspec
import pytest

from steelyard.records import Claim


@pytest.mark.parametrize("value", ["1e999999999", "1e0_9", "1/3", "٩", "9" * 61, "1\n"])
def test_a_number_that_no_sheet_holds_is_none(value: str) -> None:
    """Read as a fraction, a few characters would take hours, in which nobody could verify the bundle."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"task": "gsm8k", "value": value}, Claim)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"task": "a", "value": "1", "compared_with": [{"model": "m", "value": value}]}, Claim)


def test_a_number_keeps_its_decimals() -> None:
    claim = msgspec.convert({"task": "gsm8k", "value": "-69.80", "compared_with": [{"model": "m"}]}, Claim)
    assert (claim.number, claim.decimals) == (Fraction(-349, 5), 2)
