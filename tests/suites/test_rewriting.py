"""Changing a suite: all of its files or none, and the version's number where people wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.records import DroppedItem, SuiteItem
from steelyard.suites.exposures import append_exposures
from steelyard.suites.rewriting import is_fixed, keep_canary, rewrite_suite
from steelyard.suites.writing import lines_of
from steelyard.tasks.suite_file import read_suite
from testkit.suite_files import suite_at

ITEM = SuiteItem(id="b", question="What is 2 + 2?", answer="4")


@pytest.mark.parametrize(
    ("yaml", "after"),
    [
        ("suite: s\n# mine\n", "suite: s\nversion: 2\n# mine\n"),
        ("suite: s\nversion: 1  # mine\n", "suite: s\nversion: 2  # mine\n"),
    ],
)
def test_the_version_is_raised_where_it_stands(tmp_path: Path, yaml: str, after: str) -> None:
    folder = suite_at(tmp_path / "s", yaml)
    dropped = [DroppedItem(check="x", reason="y", item=ITEM)]
    rewrite_suite(folder, read_suite(folder), lines_of([ITEM]), dropped, 2)
    assert (folder / "suite.yaml").read_text() == after
    assert (folder / "samples.jsonl").read_bytes() == lines_of([ITEM])
    assert (folder / "dropped.jsonl").read_bytes() == lines_of(dropped)


def test_a_version_that_cannot_be_set_leaves_all_as_it_was(tmp_path: Path) -> None:
    folder = suite_at(tmp_path / "s", "{suite: s, version: 1}\n")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(InputError, match="set 'version: 2' there first"):
        rewrite_suite(folder, read_suite(folder), lines_of([ITEM]), [], 2)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_version_is_fixed_once_an_endpoint_has_seen_it(tmp_path: Path) -> None:
    folder = suite_at(tmp_path / "s")
    assert not is_fixed(folder, 1, "d")
    append_exposures(folder, "r", "d", "begun", {"https://h/v1": ["a"]})
    assert is_fixed(folder, 1, "d")
    assert not is_fixed(folder, 1, "another digest")


def test_the_canary_moves_to_the_first_item_that_stays() -> None:
    before = [SuiteItem(id="a", question="x", canary="c"), ITEM]
    after: list[SuiteItem | None] = [None, ITEM]
    keep_canary(after, before)
    assert after[1] is not None
    assert after[1].canary == "c"
