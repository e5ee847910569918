"""Diagrams: who looks at the pixels counts what the answer says."""

from __future__ import annotations

import re
from typing import Any

import pytest

from steelyard.errors import InputError
from steelyard.tasks.drawing.diagrams import draw_network
from steelyard.tasks.generators import diagram_counting
from testkit.drawn_server import counted


@pytest.mark.parametrize("options", [{}, {"min_things": 48, "max_things": 48, "colours": 5}])
def test_who_looks_counts_the_same_shapes(options: dict[str, Any]) -> None:
    rows = diagram_counting.generate("looks", 40, kinds=("shapes",), **options)
    assert [counted(row["question"], row["image"].png()) for row in rows] == [row["answer"] for row in rows]


def test_lines_are_counted_right(monkeypatch: pytest.MonkeyPatch) -> None:
    networks: list[tuple[Any, ...]] = []

    def caught(*given: Any) -> str:
        networks.append(given)
        return draw_network(*given)

    monkeypatch.setattr(diagram_counting, "draw_network", caught)
    rows = diagram_counting.generate("lines", 200, kinds=("network",))
    for (_, names, joined, *_), row in zip(networks, rows, strict=True):
        ends = [{names[one], names[other]} for one, other in joined]
        named = re.search(r"(?:at|to) ([A-Z])\?", row["question"])
        if named is None:
            assert row["answer"] == str(len(ends))
            continue
        at = sum(named[1] in pair for pair in ends)
        assert row["answer"] == str(at if "lines end" in row["question"] else len(names) - 1 - at)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kinds": ()}, "kinds must be some of shapes, network"),
        ({"min_things": 3}, "4 ≤ min_things"),
        ({"max_things": 49}, "≤ 48"),
        ({"colours": 6}, "colours from 1 to 5"),
    ],
)
def test_other_options_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        diagram_counting.generate("s", 1, **options)
