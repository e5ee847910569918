"""A suite is named after its folder, and never made empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.errors import InputError, NothingKept
from steelyard.records import DroppedItem, SuiteItem
from steelyard.suites.collected import Collected
from steelyard.suites.made import make_suite, suite_name
from steelyard.tasks.suite_file import SuiteFile, read_suite


@pytest.mark.parametrize(
    ("folder", "given", "name"), [("my tickets", "", "my-tickets"), ("a", "b.1", "b.1"), ("ä x", "", "x")]
)
def test_names(folder: str, given: str, name: str) -> None:
    assert suite_name(Path(folder), given) == name


@pytest.mark.parametrize("given", ["", "a/b", "x" * 90])
def test_a_name_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(InputError, match="a name has letters"):
        suite_name(Path("äö"), given)


def test_no_item_is_no_suite_and_the_reasons_are_counted(tmp_path: Path) -> None:
    dropped = tuple(
        DroppedItem(check=check, reason="x", item=SuiteItem(id="a", question="x"))
        for check in ("empty", "duplicate", "empty")
    )
    with pytest.raises(NothingKept, match="2 empty, 1 duplicate"):
        make_suite(tmp_path / "s", SuiteFile(suite="s"), Collected(dropped=dropped))
    assert not (tmp_path / "s").exists()


def test_what_the_sources_say_goes_into_the_file(tmp_path: Path) -> None:
    items = (SuiteItem(id="a", question="Was?", answer="x"), SuiteItem(id="b", question="Wer?", answer="y"))
    make_suite(tmp_path / "s", SuiteFile(suite="s"), Collected(items=items, is_german=True, asked_whole=True))
    made = read_suite(tmp_path / "s")
    assert (made.language, made.default_prompt) == ("de", "verbatim")
    assert made.canary.startswith("steelyard-canary-")
