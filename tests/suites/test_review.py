"""Decisions about items: on record as they are made, and counted for the item that was seen alone."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.records import SuiteItem
from steelyard.suites.review import (
    MAX_REASON,
    MAX_TAGS,
    REVIEW,
    Change,
    append_applied,
    append_changes,
    change_problem,
    changed_item,
    forget_texts,
    read_review,
    seen_digest,
)
from steelyard.tasks.suite_file import SuiteFile

ITEM = SuiteItem(id="a", question="What is 1 + 1?", answer="2", tags=("sums",))
OTHER = SuiteItem(id="b", question="Red or blue?", answer="red", choices=("red", "blue"))
SUITE = SuiteFile(suite="s")


def change(**parts: object) -> Change:
    return Change(item="a", **parts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("item", "made", "problem"),
    [
        (ITEM, change(decision="keep"), ""),
        (ITEM, change(decision="edit", answer="two"), ""),
        (ITEM, change(decision="drop", reason="Wrong."), ""),
        (ITEM, change(tags=("x",), difficulty="hard"), ""),
        (ITEM, change(decision="keep", answer="3"), "is the decision 'edit'"),
        (ITEM, change(decision="edit"), "is the decision 'edit'"),
        (ITEM, change(decision="drop"), "a dropped item has a reason"),
        (ITEM, change(decision="drop", reason="  "), "a dropped item has a reason"),
        (ITEM, change(decision="keep", reason="x"), "a dropped item has a reason, and only that"),
        (ITEM, change(decision="drop", reason="x" * (MAX_REASON + 1)), "one line of printable text"),
        (ITEM, change(decision="drop", reason="x\x1b[31m"), "one line of printable text"),
        (ITEM, change(decision="edit", question=" \n"), "the question is empty"),
        (ITEM, change(decision="edit", answer=""), "the answer is empty"),
        (ITEM, change(decision="edit", answer="a\0b"), "none of them NUL"),
        (ITEM, change(decision="edit", answer="\ud800"), "none of them NUL or half a character"),
        (ITEM, change(decision="edit", question="x" * 100_001), "at most 100,000 characters"),
        (ITEM, change(tags=("a", "a")), "different tags"),
        (ITEM, change(tags=tuple(map(str, range(MAX_TAGS + 1)))), "at most 20"),
        (ITEM, change(tags=("a,b",)), "a tag is printable"),
        (ITEM, change(tags=("",)), "a tag is printable"),
        (ITEM, change(tags=("\u202e",)), "a tag is printable"),
        (OTHER, change(decision="edit", answer="green"), "is not one of the choices"),
        (OTHER, change(decision="edit", answer="blue"), ""),
    ],
)
def test_what_can_be_decided(item: SuiteItem, made: Change, problem: str) -> None:
    found = change_problem(item, made, SUITE)
    assert problem in found
    assert bool(problem) == bool(found)


def test_an_answer_is_one_of_the_suites_labels() -> None:
    suite = SuiteFile(suite="s", choices=("Yes", "No"))
    assert change_problem(ITEM, change(decision="edit", answer=" yes "), suite) == ""
    assert "none of the suite's choices: Yes, No" in change_problem(ITEM, change(decision="edit", answer="2"), suite)


def test_the_last_decision_counts_for_the_item_as_it_was_seen_and_as_it_became(tmp_path: Path) -> None:
    edited = msgspec.structs.replace(ITEM, answer="two")
    append_changes(tmp_path, [(ITEM, change(decision="drop", reason="Wrong."))], "Ada")
    append_changes(tmp_path, [(ITEM, change(decision="edit", answer="two"))], "Bo")
    review = read_review(tmp_path)
    assert review.decided["a"].by == "Bo"
    assert review.is_pending(ITEM)
    assert not review.is_pending(edited)
    assert review.number_reviewed([ITEM]) == review.number_reviewed([edited]) == 1
    by_hand = msgspec.structs.replace(ITEM, answer="deux")
    assert review.number_reviewed([by_hand, OTHER]) == 0
    append_applied(tmp_path, 1, "d")
    review = read_review(tmp_path)
    assert not review.is_pending(ITEM)  # put back by hand, it is not changed again
    assert review.number_reviewed([ITEM]) == 0
    assert review.number_reviewed([edited]) == 1


def test_a_dropped_item_that_is_put_back_stays_and_is_to_be_reviewed(tmp_path: Path) -> None:
    append_changes(tmp_path, [(ITEM, change(decision="drop", reason="Wrong."))], "")
    assert read_review(tmp_path).is_pending(ITEM)
    append_applied(tmp_path, 1, "d")
    review = read_review(tmp_path)
    assert not review.is_pending(ITEM)
    assert review.change_of(ITEM) is None


def test_a_canary_that_moves_is_no_change(tmp_path: Path) -> None:
    append_changes(tmp_path, [(ITEM, change(decision="keep"))], "")
    moved = msgspec.structs.replace(ITEM, canary="c")
    assert seen_digest(moved) == seen_digest(ITEM)
    assert read_review(tmp_path).number_reviewed([moved]) == 1


def test_tags_alone_are_no_review(tmp_path: Path) -> None:
    append_changes(tmp_path, [(ITEM, change(tags=(), difficulty="easy"))], "")
    review = read_review(tmp_path)
    assert review.is_pending(ITEM)
    assert review.number_reviewed([ITEM]) == 0
    assert changed_item(ITEM, review.decided["a"].change) == msgspec.structs.replace(ITEM, tags=(), difficulty="easy")


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)


@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=3), st.sampled_from(["", "easy", "hard", None]))
def test_a_decision_is_read_as_it_was_made(
    tmp_path_factory: pytest.TempPathFactory, question: str, answer: str, tags: list[str], difficulty: str | None
) -> None:
    folder = tmp_path_factory.mktemp("s")
    made = change(decision="edit", question=question, answer=answer, tags=tuple(tags), difficulty=difficulty)
    (written,) = append_changes(folder, [(ITEM, made)], "Ada")
    assert read_review(folder).decided == {"a": written}
    assert written.change == made


def test_an_encrypted_suite_keeps_who_decided_what_and_no_text(tmp_path: Path) -> None:
    forget_texts(tmp_path, [ITEM])
    assert not (tmp_path / REVIEW).exists()
    edited = msgspec.structs.replace(ITEM, answer="secret", tags=("secret",))
    append_changes(tmp_path, [(ITEM, change(decision="edit", answer="secret", tags=("secret",)))], "Ada")
    before = (tmp_path / REVIEW).read_bytes()
    with pytest.raises(InputError, match="end the review first"):
        forget_texts(tmp_path, [ITEM])
    assert (tmp_path / REVIEW).read_bytes() == before
    append_applied(tmp_path, 1, "d")
    append_changes(tmp_path, [(OTHER, Change(item="b", decision="drop", reason="secret"))], "Ada")
    append_applied(tmp_path, 1, "d")
    forget_texts(tmp_path, [edited])
    assert b"secret" not in (tmp_path / REVIEW).read_bytes()
    review = read_review(tmp_path)
    assert (review.decided["a"].by, review.number_reviewed([edited])) == ("Ada", 1)


@pytest.mark.parametrize(
    "line", ["{}", "[]", '{"kind":"decided"}', '{"kind":"other"}', "not JSON", '{"kind":"applied","at":"x","x":1}']
)
def test_another_line_is_named(tmp_path: Path, line: str) -> None:
    append_changes(tmp_path, [(ITEM, change(decision="keep"))], "")
    with (tmp_path / REVIEW).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(InputError, match=r"review.jsonl:2: ") as failed:
        read_review(tmp_path)
    assert "\n" not in str(failed.value)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / REVIEW).mkdir()
    with pytest.raises(InputError, match=r"review.jsonl: cannot be written"):
        append_changes(tmp_path, [(ITEM, change(decision="keep"))], "")
    assert json.dumps(sorted(path.name for path in tmp_path.iterdir())) == '["review.jsonl"]'
