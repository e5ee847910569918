"""Who has seen which item: on record before it is sent, and kept whatever happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.suites.exposures import EXPOSURES, append_exposures, exposed_items, read_exposures, seen_among

API, OTHER = "https://api.example:443/v1", "http://127.0.0.1:8000/v1"


def test_a_run_without_an_end_counts_with_all_that_it_could_ask(tmp_path: Path) -> None:
    append_exposures(tmp_path, "r1", "s", "begun", {API: {"a", "b", "c"}})
    assert exposed_items(read_exposures(tmp_path)) == {API: {"a": 1, "b": 1, "c": 1}}
    append_exposures(tmp_path, "r1", "s", "ended", {API: {"a"}})
    assert exposed_items(read_exposures(tmp_path)) == {API: {"a": 1}}


def test_a_resumed_run_is_one_run(tmp_path: Path) -> None:
    for _ in range(2):
        append_exposures(tmp_path, "r1", "s", "begun", {API: {"a", "b"}})
    append_exposures(tmp_path, "r1", "s", "ended", {API: {"a", "b"}})
    append_exposures(tmp_path, "r2", "s", "ended", {API: {"b"}, OTHER: {"b"}})
    assert exposed_items(read_exposures(tmp_path)) == {API: {"a": 1, "b": 2}, OTHER: {"b": 1}}


def test_nothing_is_written_where_nobody_gets_anything(tmp_path: Path) -> None:
    append_exposures(tmp_path, "r1", "s", "begun", {})
    assert not (tmp_path / EXPOSURES).exists()
    assert read_exposures(tmp_path) == []


def test_a_torn_line_was_never_written(tmp_path: Path) -> None:
    (tmp_path / EXPOSURES).write_text('{"at": "x"')
    assert read_exposures(tmp_path) == []
    append_exposures(tmp_path, "r1", "s", "begun", {API: {"a"}})
    assert [each.run for each in read_exposures(tmp_path)] == ["r1"]
    (tmp_path / EXPOSURES).write_text('{"at": "x"\n')
    with pytest.raises(InputError, match=r"exposures.jsonl:1: is not JSON"):
        read_exposures(tmp_path)


def test_a_link_is_not_followed_and_nothing_may_then_be_sent(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("kept\n")
    (tmp_path / EXPOSURES).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="it would not be on record who saw the suite"):
        append_exposures(tmp_path, "r1", "s", "begun", {API: {"a"}})
    assert (tmp_path / "elsewhere").read_text() == "kept\n"


def test_who_has_seen_which_of_these_items(tmp_path: Path) -> None:
    append_exposures(tmp_path, "a" * 64, "d", "begun", {"http://one": ["a", "b"], "http://two": ["c"]})
    assert seen_among({"a", "b", "z"}, read_exposures(tmp_path)) == {"http://one": 2}
    assert seen_among(set(), read_exposures(tmp_path)) == {}
