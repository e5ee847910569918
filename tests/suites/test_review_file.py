"""The file that a page saved: a stranger's, so read strictly, and about this version of the suite alone."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.records import SuiteItem
from steelyard.suites import review_file
from steelyard.suites.review import Change
from steelyard.suites.review_file import FORMAT, read_saved_review
from steelyard.tasks.suite_file import SuiteFile

DIGEST = "ab" * 32
ITEMS = {"a": SuiteItem(id="a", question="What is 1 + 1?", answer="2")}


def read(path: Path) -> tuple[str, list[tuple[SuiteItem, Change]]]:
    return read_saved_review(path, DIGEST, SuiteFile(suite="s"), ITEMS)


def document(*changes: Any, **parts: Any) -> dict[str, Any]:
    return {"format": FORMAT, "suite": DIGEST, "reviewer": "Ada", "changes": list(changes), **parts}


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "review.json"
    made = {"item": "a", "decision": "edit", "answer": "two", "tags": ["x"], "difficulty": ""}
    path.write_text(json.dumps(document(made, saved="2026-11-26T21:00:00.000Z")))
    name, ((item, change),) = read(path)
    assert (name, item) == ("Ada", ITEMS["a"])
    assert change == Change(item="a", decision="edit", answer="two", tags=("x",), difficulty="")


def test_what_cannot_be_shown_here_is_no_reason_to_refuse_a_review(tmp_path: Path) -> None:
    path = tmp_path / "review.json"
    new = "\U000e1000"  # a character that this Python does not know, as a phone may have
    made = {"item": "a", "decision": "drop", "reason": f"Bad {new}\n.", "tags": [f"x{new}", "y", " y "]}
    path.write_text(json.dumps(document(made, reviewer=f"A{new}")))
    name, ((_, change),) = read(path)
    assert (name, change.reason, change.tags) == ("A\ufffd", "Bad \ufffd .", ("x\ufffd", "y"))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (document(suite="cd" * 32), "is about another version of the suite"),
        (document(suite="\x1b[31m"), "is about another version of the suite"),
        (document(format="steelyard-review/2"), "is not a file that the page of a review saves"),
        (document(more=1), "is not a file that the page"),
        (document({"item": "a", "decision": "keep", "sha256": ""}), "is not a file that the page"),
        (document({"item": "a", "decision": "delete"}), "is not a file that the page"),
        (document({"item": "a", "tags": "x"}), "is not a file that the page"),
        (document({"item": "../x", "decision": "keep"}), "item '../x' is not in the suite"),
        (document({"item": "a" * 10_000, "decision": "keep"}), "is not in the suite"),
        (document(*[{"item": "a", "decision": "keep"}] * 2), "decides twice about item 'a'"),
        (document({"item": "a", "decision": "drop"}), "item a: a dropped item has a reason"),
        (document({"item": "a", "decision": "edit", "answer": "x\u0000"}), "none of them NUL"),
        (document({"item": "a", "decision": "drop", "reason": "x" * 501}), "at most 500 characters"),
        (document({"item": "a", "tags": ["x" * 61]}), "at most 60 characters"),
        (document(reviewer="A" * 81), "reviewer: at most 80"),
        (document(saved="yesterday"), "saved: not a time"),
        ([], "is not a file that the page"),
        (5, "is not a file that the page"),
    ],
)
def test_what_is_refused_is_one_line(tmp_path: Path, found: Any, words: str) -> None:
    path = tmp_path / "review.json"
    path.write_text(json.dumps(found))
    with pytest.raises(InputError) as failed:
        read(path)
    message = str(failed.value)
    assert words in message
    assert message.isprintable()
    assert len(message) < 500


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"format": "\\ud800"}', b"null"])
def test_what_is_no_json_is_one_line(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "review.json"
    path.write_bytes(data)
    with pytest.raises(InputError, match="is not a file that the page of a review saves"):
        read(path)


def test_a_file_that_is_too_large_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "none.json")
    monkeypatch.setattr(review_file, "MAX_BYTES", 10)
    (tmp_path / "large.json").write_text(json.dumps(document()))
    with pytest.raises(InputError, match="larger than 10 bytes"):
        read(tmp_path / "large.json")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["a", "keep"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["item", "decision", "x"]), inner),
    max_leaves=8,
)


@given(VALUES)
def test_any_value_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    path = tmp_path_factory.mktemp("r") / "review.json"
    path.write_text(json.dumps(document(value)))
    with suppress(InputError):
        read(path)  # and nothing else is raised
