"""Charts: each answer is what the chart shows, by another reading of the question."""

from __future__ import annotations

import re
from typing import Any

import pytest

from steelyard.errors import InputError
from steelyard.tasks.drawing.charts import Chart, draw_chart
from steelyard.tasks.generators import chart_reading


def asked(monkeypatch: pytest.MonkeyPatch, count: int, **options: Any) -> list[tuple[Chart, str, str]]:
    charts: list[Chart] = []

    def caught(chart: Chart, *more: Any) -> str:
        charts.append(chart)
        return draw_chart(chart, *more)

    monkeypatch.setattr(chart_reading, "draw_chart", caught)
    rows = chart_reading.generate("answers", count, **options)
    return [(chart, row["question"], row["answer"]) for chart, row in zip(charts, rows, strict=True)]


def answer_of(chart: Chart, question: str) -> str:
    named = [series for series in chart.series if f" of {series.name} " in f"{question.replace('?', ' ')} "]
    series = named[0] if len(chart.series) > 1 else chart.series[0]
    values = dict(zip(chart.labels, series.values, strict=True))
    if two := re.search(r"for (\w+) larger than for (\w+)\?", question):
        return str(values[two[1]] - values[two[2]])
    if two := re.search(r"for (\w+) and (\w+)\?", question):
        return str(values[two[1]] + values[two[2]])
    if limit := re.search(r"larger than (\d+)\?", question):
        return str(len([value for value in values.values() if value > int(limit[1])]))
    if end := re.search(r"has the (largest|smallest)", question):
        wanted = (max if end[1] == "largest" else min)(values.values())
        (name,) = [name for name, value in values.items() if value == wanted]
        return name
    one = re.search(r"for (\w+)\?", question)
    assert one is not None, question
    return str(values[one[1]])


@pytest.mark.parametrize("options", [{}, {"steps": 5, "printed": 0}, {"kinds": ("pie",)}, {"max_series": 1}])
def test_answers_are_what_the_chart_shows(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]) -> None:
    found = asked(monkeypatch, 300, **options)
    assert [answer_of(chart, question) for chart, question, _ in found] == [answer for *_, answer in found]


def test_a_value_can_be_read_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is printed, or lies on a grid line, and no point hides another one."""
    for chart, question, _ in asked(monkeypatch, 300, steps=2):
        if chart.kind == "pie":
            assert sum(chart.series[0].values) == 100
            assert min(chart.series[0].values) >= 5
            continue
        assert all(0 < value <= chart.axis.top for series in chart.series for value in series.values)
        if not chart.prints_values:
            fine = chart.axis.major // 2
            assert all(value % fine == 0 for series in chart.series for value in series.values)
            asks_value = not re.search(r"^(Which|For how many)", question)
            assert asks_value == question.endswith(" Every value lies on a grid line.")
        if len(chart.series) == 2:
            assert not chart.prints_values
            assert all(one != other for one, other in zip(*(series.values for series in chart.series), strict=True))


def test_the_kinds_are_those_that_are_asked_for() -> None:
    assert {row["kind"] for row in chart_reading.generate("k", 60)} == set(chart_reading.KINDS)
    assert {row["kind"] for row in chart_reading.generate("k", 20, kinds=("line",))} == {"line"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kinds": ()}, "kinds must be some of bar, line, pie"),
        ({"kinds": ("radar",)}, "kinds must be some of bar, line, pie"),
        ({"min_points": 2}, "3 ≤ min_points"),
        ({"min_points": 8, "max_points": 9}, "a pie has at most 7 slices"),
        ({"max_points": 11}, "≤ 10"),
        ({"max_series": 3}, "max_series is 1 or 2"),
        ({"steps": 3}, "steps 1, 2 or 5"),
        ({"printed": 101}, "printed 0 to 100"),
    ],
)
def test_other_options_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        chart_reading.generate("s", 1, **options)
