"""Right and wrong verdicts by people: every label that counts is in one cell, and the rates are those of the cells."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bench.inhouse.judge import JUDGES, wrong_verdicts_held
from steelyard.judging.confusion import ErrorRate, confusions, differing
from steelyard.judging.labels import Labelled
from steelyard.records import JudgedKey

VALUE = st.sampled_from([0.0, 1.0, None])
ROWS = st.lists(st.tuples(st.sampled_from("ab"), VALUE, VALUE, VALUE), max_size=40)


@given(ROWS)
def test_each_label_is_in_one_cell(rows: list[tuple[str, float | None, float | None, float | None]]) -> None:
    keys = [JudgedKey(sample=f"t/row/{place}", criterion=row[0], place=place) for place, row in enumerate(rows)]
    verdicts = {key: row[1] for key, row in zip(keys, rows, strict=True)}
    labels = {key: Labelled(first=row[2], second=row[3]) for key, row in zip(keys, rows, strict=True)}
    tables = {each.criterion: each for each in confusions(verdicts, labels)}
    assert set(tables) == {row[0] for row in rows}
    for criterion, each in tables.items():
        own = [row for row in rows if row[0] == criterion]
        said = [row for row in own if row[2] is not None or row[3] is not None]
        cells = (each.yes_yes, each.yes_no, each.no_yes, each.no_no, each.open_yes, each.open_no, each.split)
        assert sum(cells) == len(said)
        assert each.split == sum(row[2] != row[3] for row in said if None not in row[2:])
        assert each.wrong_yes.wrong + each.wrong_no.wrong == each.yes_no + each.no_yes
    wrong = list(differing(verdicts, labels))
    assert len(wrong) == sum(each.yes_no + each.no_yes for each in tables.values())
    assert all({each.judge, each.people} == {"yes", "no"} for each in wrong)


def test_the_cells_of_one_criterion() -> None:
    said = [(1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 1.0), (0.0, 0.0), (None, 1.0), (None, 0.0)]
    keys = [JudgedKey(sample=f"t/row/{place}", criterion="a", place=place) for place in range(len(said))]
    verdicts = {key: verdict for key, (verdict, _) in zip(keys, said, strict=True)}
    labels = {key: Labelled(first=label) for key, (_, label) in zip(keys, said, strict=True)}
    (found,) = confusions(verdicts, labels)
    assert (found.yes_yes, found.yes_no, found.no_yes, found.no_no, found.open_yes, found.open_no) == (1, 1, 2, 1, 1, 1)
    assert (found.wrong_yes, found.wrong_no) == (ErrorRate(1, 2), ErrorRate(2, 3))
    assert [(each.key.place, each.judge, each.people) for each in differing(verdicts, labels)] == [
        (1, "yes", "no"), (2, "no", "yes"), (3, "no", "yes"),
    ]  # fmt: skip
    assert ErrorRate(0, 0).ci == (0.0, 1.0)


def test_the_intervals_hold_the_rates_of_the_suite() -> None:
    for judge in JUDGES[::3]:
        for rate in (0.2, 0.8):
            assert min(wrong_verdicts_held(judge, rate, 200)) >= 185
