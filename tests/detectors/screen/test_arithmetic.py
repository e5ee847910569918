"""Granularity: no honest value is ever called impossible, and every impossible one is, where the rule applies."""

from __future__ import annotations

import decimal
from fractions import Fraction
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.detectors.screen.arithmetic import (
    fewest_passes,
    impossible,
    nearest_items,
    no_count,
    rounded_passes,
    sampling_noise,
)

MODES = (decimal.ROUND_HALF_EVEN, decimal.ROUND_HALF_UP, decimal.ROUND_DOWN, decimal.ROUND_UP)
SCALES = {"percent": 100, "fraction": 1}


def printed(right: int, answers: int, scale: int, places: int, mode: str) -> str:
    """What a vendor prints, by the decimal module, which knows nothing of our arithmetic."""
    with decimal.localcontext(prec=60):
        exact = decimal.Decimal(scale * right) / decimal.Decimal(answers)
        return f"{exact.quantize(decimal.Decimal(1).scaleb(-places), rounding=mode):f}"


def brute_force(value: str, unit: str, answers: int) -> bool:
    """The definition itself: no k with v − u < scale·k/n < v + u, for n below scale / 2u; a last zero is no digit."""
    places = len(value.partition(".")[2].rstrip("0"))
    number, step, scale = Fraction(value), Fraction(1, 10**places), SCALES[unit]
    return 2 * answers < scale * 10**places and not any(
        number - step < Fraction(scale * k, answers) < number + step for k in range(answers + 1)
    )


class TestNoHonestValueIsImpossible:
    @pytest.mark.parametrize("places", [0, 1, 2, 3])
    def test_all_counts_items_passes_and_roundings(self, places: int) -> None:
        """All k, N ≤ 2,000, r ≤ 16: half up, half to even, down and up all give the floor or the ceiling of 100·k/n."""
        units = 100 * 10**places
        counts = numpy.unique(numpy.outer(numpy.arange(1, 2001), numpy.arange(1, 17)))
        assert counts[-1] == 32_000
        for answers in counts[2 * counts < units].tolist():
            scaled = units * numpy.arange(answers + 1, dtype=numpy.int64)
            down = scaled // answers
            up = -(-scaled // answers)
            values: Any  # arrays through what is written for whole numbers
            for values in (down, up):
                assert not numpy.any(no_count(values, units, answers))

    @given(
        items=st.integers(1, 2000),
        passes=st.integers(1, 16),
        share=st.fractions(0, 1),
        places=st.integers(0, 6),
        mode=st.sampled_from(MODES),
        unit=st.sampled_from(["percent", "fraction"]),
    )
    def test_as_vendors_print_it(
        self, items: int, passes: int, share: Fraction, places: int, mode: str, unit: str
    ) -> None:
        answers = items * passes
        value = printed(round(share * answers), answers, SCALES[unit], places, mode)
        assert not impossible(value, unit, items, passes)


class TestImpossibleValuesAreFound:
    @pytest.mark.parametrize("places", [0, 1])
    def test_all_values_against_the_definition(self, places: int) -> None:
        units = 100 * 10**places
        for answers in [*range(1, 41), 49, 50, 51, 164, 198]:
            for number in range(units + 1):
                value = f"{number // 10**places}.{number % 10**places}" if places else str(number)
                padded = bool(places) and number % 10 == 0
                one = units // 10 if padded else units
                expected = 2 * answers < one and self.between(number // 10 if padded else number, one, answers)
                assert impossible(value, "percent", answers) == expected, (value, answers)

    @staticmethod
    def between(number: int, units: int, answers: int) -> bool:
        return not any((number - 1) * answers < units * k < (number + 1) * answers for k in range(answers + 1))

    @given(
        answers=st.integers(1, 300),
        number=st.integers(0, 10**6),
        places=st.integers(1, 5),
        unit=st.sampled_from(["percent", "fraction"]),
    )
    def test_random_values_against_the_definition(self, answers: int, number: int, places: int, unit: str) -> None:
        units = SCALES[unit] * 10**places
        whole, part = divmod(number % (units + 1), 10**places)
        value = f"{whole}.{part:0{places}d}"
        assert impossible(value, unit, answers) == brute_force(value, unit, answers)

    @pytest.mark.parametrize(
        ("value", "unit", "items", "passes", "expected"),
        [
            ("69.8", "percent", 198, 1, True),
            ("69.7", "percent", 198, 1, False),
            ("69.6", "percent", 198, 1, False),  # 138 of 198 = 69.697, truncated
            ("69.8", "percent", 198, 3, False),
            ("69.70", "percent", 198, 1, False),  # padded by a spreadsheet: one decimal
            ("69.60", "percent", 198, 1, False),
            ("69.80", "percent", 198, 1, True),
            ("0.6970", "fraction", 198, 1, False),
            ("70.00", "percent", 198, 1, False),
            ("0.698", "fraction", 198, 1, True),
            ("0.697", "fraction", 198, 1, False),
            ("85", "percent", 30, 1, True),
            ("86", "percent", 30, 1, False),
            ("87", "percent", 30, 1, False),
            ("1", "percent", 50, 1, False),  # at the limit of the rule, where it is skipped
            ("1", "percent", 49, 1, True),
            ("0", "percent", 1, 1, False),
            ("100", "percent", 1, 1, False),
            ("0.0", "percent", 7, 1, False),
            ("-0.0", "percent", 7, 1, False),
            ("100.00", "percent", 7, 1, False),
            ("150", "percent", 7, 1, True),
            ("-7", "percent", 7, 1, True),
            ("5", "percent", 3, 1, True),
            ("999999999999.999999999999", "percent", 10**9, 10**9, False),
        ],
    )
    def test_examples(self, value: str, unit: str, items: int, passes: int, expected: bool) -> None:
        assert impossible(value, unit, items, passes) is expected


class TestExplanations:
    def test_fewest_passes(self) -> None:
        assert fewest_passes("69.8", "percent", 198) == 3
        assert fewest_passes("69.8", "percent", 198, more_than=3) == 4
        assert fewest_passes("33.3333333", "percent", 7) == 3
        assert fewest_passes("33.33333312", "percent", 7) is None

    def test_nearest_items(self) -> None:
        assert nearest_items("69.8", "percent", 198) == 196
        assert nearest_items("50.0000001", "percent", 30) is None
        assert nearest_items("50", "percent", 1) is None

    @given(items=st.integers(1, 400), number=st.integers(0, 1000))
    def test_explanations_do_explain(self, items: int, number: int) -> None:
        value = f"{number / 10:.1f}"
        passes, fewer = fewest_passes(value, "percent", items), nearest_items(value, "percent", items)
        assert passes is None or (passes > 1 and not impossible(value, "percent", items, passes))
        assert fewer is None or (0 < fewer < items and not impossible(value, "percent", fewer))


def test_sampling_noise() -> None:
    assert sampling_noise(0.5, 0.5, 200) == pytest.approx(0.098, abs=1e-3)
    assert sampling_noise(0, 1, 10) == 0


class TestRoundedPasses:
    @given(
        items=st.integers(1, 300),
        shares=st.lists(st.fractions(0, 1), min_size=2, max_size=9),
        places=st.integers(0, 4),
        more=st.integers(0, 3),
        mode=st.sampled_from(MODES),
        unit=st.sampled_from(["percent", "fraction"]),
    )
    def test_no_average_of_rounded_passes_is_missed(
        self, items: int, shares: list[Fraction], places: int, more: int, mode: str, unit: str
    ) -> None:
        passes = [Fraction(printed(round(share * items), items, SCALES[unit], places, mode)) for share in shares]
        mean = sum(passes, Fraction(0)) / len(passes)
        value = printed(mean.numerator, mean.denominator, 1, places + more, mode)
        assert rounded_passes(value, unit, items, len(passes)) or not impossible(value, unit, items, len(passes))

    def test_what_no_rounded_passes_give(self) -> None:
        assert rounded_passes("33.337", "percent", 198, 3)  # 33.34, 33.33 and 33.34
        assert not rounded_passes("33.45", "percent", 198, 3)
        assert not rounded_passes("63.46", "percent", 30, 5)
