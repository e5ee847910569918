"""Tables of numbers, and a question about their cells."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, Final, NamedTuple

from steelyard.errors import InputError
from steelyard.tasks.drawing.picture import Picture
from steelyard.tasks.drawing.tables import Rules, Table, draw_table
from steelyard.tasks.generators.looks import draw_look
from steelyard.tasks.generators.names import CITIES, GOODS, LAST_NAMES
from steelyard.tasks.generators.seeds import distinct_items, one_of, some_of

__all__ = ["generate"]


class _Topic(NamedTuple):
    title: str
    head: str
    noun: str
    plural: str
    names: tuple[str, ...]
    columns: tuple[str, ...]


_TOPICS: Final = (
    _Topic("Stores", "City", "city", "cities", CITIES, ("Staff", "Orders", "Returns", "Visits", "Calls", "Tills")),
    _Topic("Stock", "Product", "product", "products", GOODS, ("Price", "Stock", "Sold", "Weight", "Ordered", "Lost")),
    _Topic(
        "Drivers", "Name", "driver", "drivers", LAST_NAMES, ("Trips", "Miles", "Parcels", "Hours", "Stops", "Calls")
    ),
)
_TOPS: Final = (60, 200, 900, 5000)
_RULES: Final[tuple[Rules, ...]] = ("rows", "grid", "bands")


def generate(
    seed: str,
    count: int,
    min_rows: int = 4,
    max_rows: int = 9,
    min_columns: int = 3,
    max_columns: int = 5,
    sizes: Sequence[int] = (12, 13, 14),
) -> Sequence[dict[str, Any]]:
    """Rows with ``image``, ``question`` and ``answer``.

    A table has ``min_rows`` to ``max_rows`` rows of ``min_columns`` to ``max_columns`` numbers, in letters of one of
    ``sizes`` (pixels). Raises InputError for options outside their range.
    """
    if not (3 <= min_rows <= max_rows <= 13 and 2 <= min_columns <= max_columns <= 6):
        raise InputError("table_reading: needs 3 ≤ min_rows ≤ max_rows ≤ 13 and 2 ≤ min_columns ≤ max_columns ≤ 6")
    if not sizes or not all(size in range(9, 15) for size in sizes):
        raise InputError("table_reading: sizes must be numbers of pixels from 9 to 14")

    def make(random: Random) -> tuple[str, str, Picture]:
        topic = one_of(random, _TOPICS)
        names = some_of(random, topic.names, random.randrange(min_rows, max_rows + 1))
        columns = some_of(random, topic.columns, random.randrange(min_columns, max_columns + 1))
        cells = {column: _column(random, len(names)) for column in columns}
        rows = tuple((name, *(str(cells[column][place]) for column in columns)) for place, name in enumerate(names))
        table = Table(topic.title, (topic.head, *columns), rows)
        column = one_of(random, columns)
        question, answer = _asked(random, topic, column, dict(zip(names, cells[column], strict=True)))
        return (
            question,
            answer,
            Picture(draw_table(table, draw_look(random), one_of(random, sizes), one_of(random, _RULES))),
        )

    return [
        {"question": question, "answer": answer, "image": image}
        for question, answer, image in distinct_items("table_reading", seed, count, make)
    ]


def _column(random: Random, rows: int) -> tuple[int, ...]:
    top = one_of(random, _TOPS)
    return tuple(random.randrange(1, top + 1) for _ in range(rows))


def _asked(random: Random, topic: _Topic, column: str, values: dict[str, int]) -> tuple[str, str]:
    """A question about one column; which is drawn first, and another where its answer would not be one."""
    one, other = some_of(random, tuple(values), 2)
    numbers = list(values.values())
    question = random.randrange(6)
    if question == 1 and numbers.count(max(numbers)) == 1:
        return f'Which {topic.noun} has the largest number under "{column}"?', max(values, key=values.__getitem__)
    if question == 2 and numbers.count(min(numbers)) == 1:
        return f'Which {topic.noun} has the smallest number under "{column}"?', min(values, key=values.__getitem__)
    if question == 3 and values[one] != values[other]:
        more, less = (one, other) if values[one] > values[other] else (other, one)
        return f'Under "{column}", how much larger is the number of {more} than that of {less}?', str(
            values[more] - values[less]
        )
    if question == 4:
        return f'What is the sum of all numbers under "{column}"?', str(sum(numbers))
    if question == 5:
        return f'Under "{column}", how many {topic.plural} have a larger number than {one}?', str(
            sum(number > values[one] for number in numbers)
        )
    return f'What is the number under "{column}" of {one}?', str(values[one])
