"""One field against the right one: what a person calls the same, what nobody does, and what is open between."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.scorers.json_schema.rules import MISSING, all_of, field_rule, is_date, is_number
from steelyard.scorers.reading.json_answers import parse_json

RIGHT, WRONG, OPEN = True, False, None


def read(rule: object, expected: Any, given: Any) -> bool | None:
    ours = parse_json(json.dumps(expected))
    return field_rule(rule).read(ours, MISSING if given is MISSING else parse_json(json.dumps(given)))


@pytest.mark.parametrize(
    ("rule", "expected", "given", "reading"),
    [
        # numbers
        ("exact", 12.5, 12.50, RIGHT),
        ("exact", 12, 12.0, RIGHT),
        ("exact", 12.5, 12.51, WRONG),
        ("exact", 12.5, "12.50", OPEN),
        ("exact", 1500, "1,500 EUR", OPEN),
        ("exact", 12.5, "13", WRONG),
        ("exact", 12.5, "twelve", WRONG),
        ("exact", "12.5", 12.5, OPEN),
        ("exact", 1, True, WRONG),
        ("number", 12.5, 12.5, RIGHT),
        ("number", 12.5, "12.50", RIGHT),
        ("number", 12.5, "12,50 €", RIGHT),
        ("number", 1500, "1.500", OPEN),
        ("number", 1.5, "1,500", OPEN),
        ("number", 12.5, "12.5 kg", OPEN),
        ("number", 12.5, 12.6, WRONG),
        ("number", 12.5, "about a dozen", WRONG),
        ("number", 1, True, WRONG),
        ("number", 5, [5], WRONG),
        ("number", "12 €", 12, RIGHT),
        ("number", "12 €", "12 $", OPEN),
        ("number", "no number", 12, OPEN),
        ({"number": 0.01}, 12.5, 12.51, RIGHT),
        ({"number": 0.01}, 12.5, 12.5101, WRONG),
        ({"number": "1%"}, -200, -202, RIGHT),
        ({"number": "1%"}, -200, -202.1, WRONG),
        ({"number": "1%"}, 0, 0, RIGHT),
        # texts
        ("exact", "Ada Lovelace", "ada lovelace", RIGHT),
        ("exact", "Ada Lovelace", "Ada\u00a0Lovelace.", RIGHT),
        ("exact", "Müller", "Mu\u0308ller", RIGHT),
        ("exact", "Müller", "Mueller", OPEN),
        ("exact", "Ada Lovelace", "Lovelace", OPEN),
        ("exact", "Ada Lovelace", "Charles Babbage", WRONG),
        ("exact", "open", "closed", WRONG),
        ("exact", "open", "not open", OPEN),
        ("exact", "> 5", "5", OPEN),
        ("exact", "5", "(5)", OPEN),
        ("exact", "-5", "−5", RIGHT),
        ("exact", "1e3", "1000", OPEN),
        ("exact", "5 kg", "6 kg", WRONG),
        ("exact", "->", "<-", WRONG),
        ("exact", "->", "->", RIGHT),
        ("exact", "x", ["x"], OPEN),
        ("exact", "x", {"x": 1}, WRONG),
        ("strict", "AB-12", "AB-12", RIGHT),
        ("strict", "AB-12", "ab-12", WRONG),
        ("strict", None, "", WRONG),
        ("strict", None, MISSING, WRONG),
        # truth
        ("exact", True, True, RIGHT),
        ("exact", True, False, WRONG),
        ("exact", True, "true", OPEN),
        ("exact", True, "ja", OPEN),
        ("exact", True, "no", WRONG),
        ("exact", False, 0, OPEN),
        ("exact", "yes", True, OPEN),
        ("exact", "yes", False, WRONG),
        # nothing
        ("exact", None, None, RIGHT),
        ("exact", None, "", OPEN),
        ("exact", None, "n/a", OPEN),
        ("exact", None, "nicht angegeben", OPEN),
        ("exact", None, MISSING, OPEN),
        ("exact", None, "Ada", WRONG),
        ("exact", None, 0, WRONG),
        ("exact", "", "", RIGHT),
        ("exact", "None", "none", RIGHT),
        ("exact", [], None, OPEN),
        ("exact", "Ada", None, WRONG),
        ("exact", "Ada", MISSING, WRONG),
        ("number", 0, None, WRONG),
        # dates
        ("date", "2026-03-04", "2026-03-04", RIGHT),
        ("date", "2026-03-04", "4 March 2026", RIGHT),
        ("date", "2026-03-04", "04.03.2026", RIGHT),
        ("date", "2026-03-04", "4. März 2026", RIGHT),
        ("date", "2026-03-04", "2026-03-04T00:00:00Z", RIGHT),
        ("date", "2026-03-04", "2026-03-04T23:30:00+02:00", OPEN),
        ("date", "2026-03-04", "2026-03-05T00:00:00Z", WRONG),
        ("date", "2026-03-04", "03/04/2026", OPEN),
        ("date", "2026-03-04", "20260304", OPEN),
        ("date", "2026-03-04", 20260304, OPEN),
        ("date", "2026-03-04", "on 4 March 2026, a Wednesday", OPEN),
        ("date", "2026-03-04", "2026-04-03", WRONG),
        ("date", "2026-03-04", "soon", WRONG),
        ("date", "2026-03-04", [], WRONG),
        ("date", "3/4/2026", "2026-03-04", OPEN),
        # lists and sets
        ("exact", ["a", "b"], ["A", "b"], RIGHT),
        ("exact", ["a", "b"], ["b", "a"], WRONG),
        ("exact", ["a"], "a", OPEN),
        ("exact", ["a"], "b", WRONG),
        ("set", ["a", "b"], ["b", "a", "A"], RIGHT),
        ("set", [1, 2], [2, 1.0], RIGHT),
        ("set", ["a", "b"], ["a"], WRONG),
        ("set", ["a", "b"], ["a", "b", "c"], WRONG),
        ("set", ["a", "b"], "a, b", OPEN),
        ("set", ["a", "b"], "a", WRONG),
        ("set", [1, 2], ["2", "1"], OPEN),
        ("set", "a", ["a"], RIGHT),
        ("set", [{"x": 1}, {"y": 2}], [{"y": 2}, {"x": 1}], RIGHT),
        ("set", [], [], RIGHT),
    ],
)  # fmt: skip
def test_readings(rule: object, expected: Any, given: Any, reading: bool | None) -> None:
    assert read(rule, expected, given) is reading


@pytest.mark.parametrize("rule", ["exakt", 3, None, {}, {"number": "x"}, {"number": -1}, {"number": True}, {"date": 1}])
def test_what_is_no_rule_is_refused(rule: object) -> None:
    with pytest.raises(InputError, match="is no rule: write exact"):
        field_rule(rule)


def test_a_small_tolerance_is_not_written_with_an_exponent() -> None:
    assert field_rule({"number": 0.00001}).tolerance == 1 / field_rule({"number": 100000}).tolerance


def test_right_values_for_a_rule() -> None:
    assert [is_date(each) for each in ("2026-03-04", "3/4/2026", 3)] == [True, False, False]
    assert is_number("12 €")
    assert not is_number("dozen")


def test_one_wrong_field_makes_all_wrong() -> None:
    assert [all_of(), all_of(True), all_of(True, None), all_of(None, False)] == [True, True, None, False]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(alphabet="aB1.,- é", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)


@given(VALUES)
def test_a_value_is_right_for_itself_by_every_rule_that_fits(value: Any) -> None:
    assert read("exact", value, value) is True
    assert read("strict", value, value) is True
    assert not isinstance(value, list) or read("set", value, value[::-1]) is True


@given(st.sampled_from(["exact", "strict", "set", "number", "date"]), VALUES, VALUES)
def test_any_two_values_have_a_reading(rule: str, one: Any, other: Any) -> None:
    assert read(rule, one, other) in (True, False, None)


@given(VALUES, VALUES)
def test_what_is_strictly_right_is_never_wrong(one: Any, other: Any) -> None:
    if read("strict", one, other):
        assert read("exact", one, other) is True
