"""Extracts: whole measurements alone, canonical lines, and everything else refused by its line."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.adapters.imported_log import ImportedTask, Survey
from steelyard.adapters.imported_run import _remarks_on_scores
from steelyard.claims.decoding import TEMPERATURE_NOT_STATED
from steelyard.errors import InputError, VerificationError
from steelyard.planning.decoding import of_the_endpoint
from steelyard.records import Capabilities
from steelyard.scorers.imported import Imported
from steelyard_forensics.panels.extracts import extract_of, read_extract, side_digest, side_of, too_open, whole_sides
from testkit.comparison_runs import scored_run, with_measurement

RUN = scored_run("m", {"sums": {f"s{each}": float(each % 2) if each else None for each in range(30)}})


def test_an_extract_is_read_back() -> None:
    measured = whole_sides(RUN)["sums"]
    side = side_of(measured)
    data = extract_of([measured])
    (scores,) = read_extract(data, {"sums": side}, "x").values()
    assert len(scores) == 30
    assert (scores[0].low, scores[0].high) == (0, 1)  # open
    assert sum(each.low for each in scores) == 15
    assert extract_of([measured]) == data
    assert too_open(measured) == 0


def test_another_way_of_asking_is_another_side() -> None:
    ways: list[dict[str, object]] = [
        {}, {"prompt": "x"}, {"items": "y"}, {"samples_root": "z"}, {"chat": True}, {"output_budget": 8},
        {"output_budget": 8, "budget_stated": True}, {"reasoning_effort": "low"}, {"temperature": 0.7},
        {"differences": (TEMPERATURE_NOT_STATED,)},
    ]  # fmt: skip
    sides = [side_of(with_measurement(RUN, **fields).measured[0]) for fields in ways]
    assert len(set(map(side_digest, sides))) == len(ways)
    assert side_digest(side_of(RUN.measured[0])) == side_digest(sides[0])


def test_what_other_fields_say_and_what_was_answered_is_no_other_way_of_asking() -> None:
    """A model that reasons and one that does not, asked with one limit; two logs with scores of their own."""
    reasons = of_the_endpoint(Capabilities(reasons=True), 16384, 256, "low")
    plain = of_the_endpoint(Capabilities(), 16384, 256, "low")
    assert reasons != plain
    task = ImportedTask("sums", (), Imported("h accuracy").identifier, prompt="x", public=True, reported=0.9)
    own = tuple(_remarks_on_scores(task, Survey(scores=array("d", [0.5, 1.0]))))
    assert len(own) == 2
    for differences in (reasons, plain, own):
        assert side_of(with_measurement(RUN, differences=differences).measured[0]) == side_of(RUN.measured[0])
    fixed = of_the_endpoint(Capabilities(takes_temperature=False), None, 256, "")
    assert side_of(with_measurement(RUN, differences=fixed).measured[0]).differences == fixed


@pytest.mark.parametrize(("ended", "said"), [("scores", "a test stopped it"), ("budget", "less was asked")])
def test_a_part_is_refused(ended: str, said: str) -> None:
    part = replace(RUN, measured=(replace(RUN.measured[0], ended=ended),))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=said):
        whole_sides(part)
    with pytest.raises(InputError, match="30 of 40 samples of sums"):
        whole_sides(with_measurement(RUN, population=40))


def test_many_open_answers_are_counted() -> None:
    run = scored_run("m", {"sums": {f"s{each}": None if each < 3 else 1.0 for each in range(30)}})
    assert too_open(run.measured[0]) == 3


@given(st.data())
def test_a_changed_extract_is_refused_or_says_other_scores(data: st.DataObject) -> None:
    side = side_of(RUN.measured[0])
    whole = extract_of(whole_sides(RUN).values())
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = (
        whole[:at] + bytes([data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[at]))]) + whole[at + 1 :]
    )
    try:
        found = read_extract(changed, {"sums": side}, "panel/x")
    except VerificationError:
        return
    assert found != read_extract(whole, {"sums": side}, "panel/x")


@pytest.mark.parametrize(
    "change", [lambda lines: lines[1:], lambda lines: [*lines, lines[-1]], lambda lines: lines[::-1]]
)
def test_lines_that_are_missing_doubled_or_moved(change: object) -> None:
    lines = extract_of(whole_sides(RUN).values()).splitlines(keepends=True)
    with pytest.raises(VerificationError, match="panel/x"):
        read_extract(b"".join(change(lines)), {"sums": side_of(RUN.measured[0])}, "panel/x")  # type: ignore[operator]
