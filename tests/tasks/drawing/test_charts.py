"""Charts: no label is cut or lies over another, and each value stands where the axis says."""

from __future__ import annotations

from typing import Any

import pytest

from bench.drawn_images import pixels_of
from steelyard.tasks.drawing.charts import Axis, Chart, Series, draw_chart
from steelyard.tasks.drawing.looks import PALETTES, PAPERS, Look
from steelyard.tasks.drawing.picture import Picture
from steelyard.tasks.generators import chart_reading
from tests.tasks.drawing.layout import caught, faults

LOOK = Look(PAPERS[0], PALETTES[0], "sans", "sans-bold")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"kinds": ("bar", "line"), "min_points": 10, "max_points": 10, "printed": 100},
        {"kinds": ("bar", "line"), "min_points": 10, "max_points": 10, "printed": 0, "steps": 5},
        {"kinds": ("pie",), "min_points": 7},
    ],
)
def test_no_label_is_cut_or_lies_over_another(options: dict[str, Any]) -> None:
    with caught() as found:
        chart_reading.generate("layout", 120, **options)
    assert len(found) > 1000
    assert faults(found) == []


@pytest.mark.parametrize("value", [10, 45, 60])
def test_a_bar_is_as_high_as_its_value(value: int) -> None:
    chart = Chart("bar", "T", ("A", "B"), (Series("", (value, 30)),), Axis(10, 6, 2), prints_values=False)
    pixels = pixels_of(Picture(draw_chart(chart, LOOK, 480, 360)).png())
    colour = [int(LOOK.colours[0][at : at + 2], 16) for at in (1, 3, 5)]
    bars = (pixels == colour).all(axis=2)
    columns = bars.sum(axis=0)
    first, second = columns[60:250].max(), columns[270:].max()
    assert first / second == pytest.approx(value / 30, rel=0.05)


def test_a_slice_takes_its_share_of_the_disc() -> None:
    chart = Chart("pie", "T", ("A", "B", "C"), (Series("", (50, 30, 20)),), Axis(100, 1, 1), prints_values=True)
    pixels = pixels_of(Picture(draw_chart(chart, LOOK, 480, 360)).png())[:, :380]  # without the names at the right
    areas = [
        int((pixels == [int(code[at : at + 2], 16) for at in (1, 3, 5)]).all(axis=2).sum()) for code in LOOK.colours[:3]
    ]
    assert [area / sum(areas) for area in areas] == pytest.approx([0.5, 0.3, 0.2], abs=0.01)
