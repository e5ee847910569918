"""Variants by rules: other numbers, other names, the choices in another order; what has none is counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.suites.exposures import append_exposures
from steelyard.suites.refreshing import refresh_suite
from steelyard.suites.varying import vary_suite
from steelyard.tasks.suite_task import SuiteTask, task_from_suite
from steelyard.tasks.suite_variants import VARIANTS
from testkit.suite_files import suite_at
from tests.suites.test_refreshing import suite_in


@pytest.fixture
def suite(tmp_path: Path) -> SuiteTask:
    return suite_in(tmp_path / "s")


def test_items_with_a_rule_or_names_have_variants(suite: SuiteTask) -> None:
    done = vary_suite(suite, "s", 3)
    assert (done.items, done.without, done.variants, done.version) == (2, 2, 4, 1)
    found = task_from_suite(suite.folder).variants
    assert [len(each) for each in found.by_item.values()] == [2, 2]
    for variant in found.by_item["a"]:
        x = int(variant.question.split()[2])
        assert variant.answer == str(x + 3)
        assert variant.canary == ""
    questions = {each.question for each in found.by_item["b"]}
    assert len(questions) == 2
    assert not any("Anna" in question for question in questions)
    again = (suite.folder / VARIANTS).read_bytes()
    vary_suite(task_from_suite(suite.folder), "s", 3)
    assert (suite.folder / VARIANTS).read_bytes() == again


def test_choices_change_their_order_unless_one_speaks_of_the_others(tmp_path: Path) -> None:
    items = [
        {"id": "a", "question": "Which?", "answer": "red", "choices": ["red", "blue", "green"]},
        {"id": "b", "question": "And which?", "answer": "red", "choices": ["red", "blue", "None of the above"]},
        {"id": "c", "question": "And now?", "answer": "x", "choices": ["x", "y"]},
    ]
    folder = suite_at(tmp_path / "s", samples="".join(json.dumps(item) + "\n" for item in items))
    done = vary_suite(task_from_suite(folder), "s", 4)
    found = task_from_suite(folder).variants.by_item
    assert found.keys() == {"a", "c"}
    assert done.without == 1
    assert len({each.choices for each in found["a"]} | {("red", "blue", "green")}) == 4
    assert all(set(each.choices) == {"red", "blue", "green"} and each.answer == "red" for each in found["a"])
    assert [each.choices for each in found["c"]] == [("y", "x")]


def test_a_version_that_was_seen_gets_another_number_and_a_variant_counts_as_its_item(suite: SuiteTask) -> None:
    append_exposures(suite.folder, "r", suite.suite, "ended", {"http://h/v1": ["d"]})
    assert vary_suite(suite, "s", 2).version == 2
    varied = task_from_suite(suite.folder)
    (variant,) = varied.variants.by_item["a"]
    append_exposures(suite.folder, "r2", varied.suite, "ended", {"http://h/v1": [variant.id]})
    done = refresh_suite(varied, "t")
    assert (done.twins, done.kept, done.version) == (1, 1, 3)
    assert "a" not in task_from_suite(suite.folder, to_ask=False).rows.ids


def test_where_no_item_has_a_variant_nothing_is_written(tmp_path: Path) -> None:
    folder = suite_at(tmp_path / "s")
    with pytest.raises(InputError, match=r"none of 1 items has a variant: write rules in templates/twins\.yaml"):
        vary_suite(task_from_suite(folder), "s", 2)
    assert not (folder / VARIANTS).exists()
