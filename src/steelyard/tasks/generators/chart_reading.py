"""Charts of bars, lines and slices, and a question whose answer can be read off exactly."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Any, Final, Literal, NamedTuple

from steelyard.errors import InputError
from steelyard.tasks.drawing.charts import Axis, Chart, Series, draw_chart
from steelyard.tasks.drawing.picture import Picture
from steelyard.tasks.generators.looks import draw_look
from steelyard.tasks.generators.names import CITIES, GOODS, MONTHS
from steelyard.tasks.generators.seeds import distinct_items, one_of, some_of

__all__ = ["KINDS", "generate"]

KINDS: Final = ("bar", "line", "pie")
_MAJORS: Final = (10, 20, 40, 100, 200, 400)
_MOST_SLICES: Final = 7
_LEAST_SLICE: Final = 5  # percent: a label fits beside each
_ON_GRID: Final = " Every value lies on a grid line."


class _Topic(NamedTuple):
    title: str
    noun: str  # what a label is
    labels: tuple[str, ...]
    is_ordered: bool = False


_TOPICS: Final = (
    _Topic("Visitors by city", "city", CITIES),
    _Topic("Parcels by city", "city", CITIES),
    _Topic("Stock by product", "product", GOODS),
    _Topic("Orders by product", "product", GOODS),
    _Topic("Calls by month", "month", MONTHS, is_ordered=True),
    _Topic("Repairs by month", "month", MONTHS, is_ordered=True),
)
_SERIES: Final = (("2019", "2024"), ("North", "South"), ("Morning", "Evening"), ("Plan", "Actual"))


def generate(
    seed: str,
    count: int,
    kinds: Sequence[Literal["bar", "line", "pie"]] = KINDS,
    min_points: int = 4,
    max_points: int = 8,
    max_series: int = 2,
    steps: int = 2,
    printed: int = 50,
) -> Sequence[dict[str, Any]]:
    """Rows with ``image``, ``question`` and ``answer``; ``kind`` says which chart it is.

    A chart has ``min_points`` to ``max_points`` labels (a pie at most 7) and up to ``max_series`` series. So many
    percent of the bars and lines of one series have their values ``printed``; on others each value lies on a grid
    line, of which ``steps`` go to a labelled one. Raises InputError for options outside their range.
    """
    if not kinds or not all(kind in KINDS for kind in kinds):
        raise InputError(f"chart_reading: kinds must be some of {', '.join(KINDS)}")
    if not 3 <= min_points <= max_points <= 10 or ("pie" in kinds and min_points > _MOST_SLICES):
        raise InputError("chart_reading: needs 3 ≤ min_points ≤ max_points ≤ 10; a pie has at most 7 slices")
    if max_series not in (1, 2) or steps not in (1, 2, 5) or not 0 <= printed <= 100:
        raise InputError("chart_reading: max_series is 1 or 2, steps 1, 2 or 5, and printed 0 to 100")

    def make(random: Random) -> tuple[str, str, str, Picture]:
        kind = one_of(random, kinds)
        if kind == "pie":
            chart, topic = _pie(random, min_points, min(max_points, _MOST_SLICES))
        else:
            chart, topic = _chart(random, kind, min_points, max_points, max_series, steps, printed)
        question, answer = _asked(random, chart, topic)
        width, height = random.randrange(480, 641, 20), random.randrange(360, 481, 20)
        return question, answer, kind, Picture(draw_chart(chart, draw_look(random), width, height))

    return [
        {"question": question, "answer": answer, "kind": kind, "image": image}
        for question, answer, kind, image in distinct_items("chart_reading", seed, count, make)
    ]


def _chart(
    random: Random,
    kind: Literal["bar", "line"],
    min_points: int,
    max_points: int,
    max_series: int,
    steps: int,
    printed: int,
) -> tuple[Chart, _Topic]:
    topic, points = one_of(random, _TOPICS), random.randrange(min_points, max_points + 1)
    labels = _labels(random, topic, points)
    axis = Axis(one_of(random, _MAJORS), random.randrange(5, 7), steps)
    count = random.randrange(1, max_series + 1)
    prints_values = count == 1 and random.randrange(100) < printed
    # Printed values stand above their points: those near the top would stand in the title.
    fine = 1 if prints_values else axis.major // steps
    levels = tuple(range(fine, (axis.top - axis.major // 2 if prints_values else axis.top) + 1, fine))
    first = tuple(one_of(random, levels) for _ in range(points))
    series = [first]
    if count == 2:  # nowhere the same value: one point would hide the other
        series.append(tuple(one_of(random, [level for level in levels if level != value]) for value in first))
    names = some_of(random, one_of(random, _SERIES), count)
    named = tuple(Series(name, values) for name, values in zip(names, series, strict=True))
    return Chart(kind, topic.title, labels, named, axis, prints_values), topic


def _pie(random: Random, min_points: int, max_points: int) -> tuple[Chart, _Topic]:
    topic, points = one_of(random, _TOPICS), random.randrange(min_points, max_points + 1)
    # Cuts at distinct places of what is left beside the least slices: every division is equally likely.
    spare = 100 - points * _LEAST_SLICE
    cuts = sorted(some_of(random, range(spare + points - 1), points - 1))
    edges = [-1, *cuts, spare + points - 1]
    shares = tuple(_LEAST_SLICE + high - low - 1 for low, high in pairwise(edges))
    axis = Axis(100, 1, 1)
    return Chart("pie", topic.title, _labels(random, topic, points), (Series("", shares),), axis, True), topic


def _labels(random: Random, topic: _Topic, points: int) -> tuple[str, ...]:
    if topic.is_ordered:
        first = random.randrange(len(topic.labels) - points + 1)
        return topic.labels[first : first + points]
    return some_of(random, topic.labels, points)


def _asked(random: Random, chart: Chart, topic: _Topic) -> tuple[str, str]:
    """A question and its answer; which question is drawn first, and another where its answer would not be one."""
    series = one_of(random, chart.series)
    unit, of = ("percentage", "") if chart.kind == "pie" else ("value", f" of {series.name}")
    of = of if len(chart.series) > 1 else ""
    values = dict(zip(chart.labels, series.values, strict=True))
    one, other = some_of(random, chart.labels, 2)
    hint = "" if chart.prints_values else _ON_GRID
    question = random.randrange(6)
    if question == 1 and values[one] != values[other]:
        more, less = (one, other) if values[one] > values[other] else (other, one)
        return f"By how much is the {unit}{of} for {more} larger than for {less}?{hint}", str(
            values[more] - values[less]
        )
    if question == 2:
        return f"What is the sum of the {unit}s{of} for {one} and {other}?{hint}", str(values[one] + values[other])
    if question == 3 and series.values.count(max(series.values)) == 1:
        return f"Which {topic.noun} has the largest {unit}{of}?", max(values, key=values.__getitem__)
    if question == 4 and series.values.count(min(series.values)) == 1:
        return f"Which {topic.noun} has the smallest {unit}{of}?", min(values, key=values.__getitem__)
    limit = _limit(random, chart, series.values)
    if question == 5 and limit is not None:
        plural = {"city": "cities"}.get(topic.noun, f"{topic.noun}s")
        above = sum(value > limit for value in series.values)
        return f"For how many {plural} is the {unit}{of} larger than {limit}?", str(above)
    return f"What is the {unit}{of} for {one}?{hint}", str(values[one])


def _limit(random: Random, chart: Chart, values: Sequence[int]) -> int | None:
    """A labelled value of the axis, or a round percentage, that is none of the values; None where all are."""
    ticks = range(10, 50, 5) if chart.kind == "pie" else range(chart.axis.major, chart.axis.top, chart.axis.major)
    free = [tick for tick in ticks if tick not in values]
    return one_of(random, free) if free else None
