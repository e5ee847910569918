"""Settings that differ are named with each value, and one that is not there does not count."""

from __future__ import annotations

from steelyard.comparison.settings import HOW_ASKED, HOW_MUCH, differing, differing_settings, shown_setting
from steelyard.records import Measurement


def measured(**more: object) -> Measurement:
    given: dict[str, object] = {
        "id": "00", "task": "t", "prompt": "p", "kind": "generate", "scorers": ("s@1",), "population": 9,
        "samples_root": "", "order_seed": "",
    }  # fmt: skip
    return Measurement(**(given | more))  # type: ignore[arg-type]


def test_only_what_differs_is_named() -> None:
    assert list(differing_settings([measured(), measured()])) == []
    asked = [measured(), measured(prompt="chat", chat=True, temperature=0.7, output_budget=64), None]
    assert list(differing_settings(asked)) == [
        ("prompt format", ("p", "chat", "–")),
        ("chat format", ("no", "yes", "–")),
        ("temperature", ("0.0", "0.7", "–")),
        ("token limit of an answer", ("not set", "64", "–")),
    ]
    assert list(differing_settings([measured(limit=100), measured()], HOW_MUCH)) == [
        ("limit of samples", ("100", "not set"))
    ]


def test_one_value_alone_is_no_difference() -> None:
    assert list(differing("x", ["a", None])) == list(differing("x", [None, None])) == []
    assert list(differing("x", ["a", None, "b"])) == [("x", ("a", "–", "b"))]
    assert [shown_setting(each) for each in (None, "", (), True, False, 0, 1)] == [
        "not set", "not set", "not set", "yes", "no", "0", "1"
    ]  # fmt: skip


def test_every_setting_is_a_field_of_a_measurement() -> None:
    assert {*HOW_ASKED, *HOW_MUCH} <= set(Measurement.__struct_fields__)
