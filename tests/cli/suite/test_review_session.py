"""One key for each decision: what is shown, what is put on record, and where it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.cli.suite.review_session import KEYS, ReviewSession, Terminal
from steelyard.records import SourceSpan, SuiteItem, Turn
from steelyard.suites.review import REASONS, Change, append_applied, append_changes, read_review
from steelyard.tasks.suite_file import SuiteFile
from tests.reports.answers_fixtures import HOSTILE

ITEMS = [SuiteItem(id=f"q{each}", question=f"What is {each} + 1?", answer=str(each + 1)) for each in range(4)]


class Scripted:
    """A person whose keys and lines were written down before."""

    width = 60

    def __init__(self, keys: str, *lines: str) -> None:
        self.keys, self.lines, self.said = list(keys), list(lines), list[str]()

    def key(self) -> str:
        return self.keys.pop(0)

    def line(self, prompt: str) -> str:
        return self.lines.pop(0)

    def edited(self, name: str, text: str) -> str:
        return self.lines.pop(0).replace("{}", text)

    def say(self, text: str) -> None:
        self.said.append(text)


def review(folder: Path, person: Scripted, items: list[SuiteItem] = ITEMS, choices: tuple[str, ...] = ()) -> list[str]:
    """Review until the person quits; the lines that were printed."""
    seconds = iter(range(0, 10_000, 20))
    ReviewSession(
        folder=folder,
        suite=SuiteFile(suite="s", choices=choices),
        items=items,
        review=read_review(folder),
        by="Ada",
        person=person,
        clock=lambda: next(seconds),
    ).run()
    assert person.keys == person.lines == []
    return person.said


def decided(folder: Path) -> dict[str, Change]:
    return {name: each.change for name, each in read_review(folder).decided.items()}


def test_every_key(tmp_path: Path) -> None:
    said = review(tmp_path, Scripted("?kthkeaeq", "x, two  words,,x", "{}!", "Why {}"))
    found = decided(tmp_path)
    assert found["q0"] == Change(item="q0", decision="keep")
    assert found["q1"] == Change(item="q1", decision="keep", tags=("x", "two words"), difficulty="hard")
    assert found["q2"] == Change(item="q2", decision="edit", answer="3!")
    assert found["q3"] == Change(item="q3", decision="edit", question="Why What is 3 + 1?")
    assert said.count(KEYS) == 6


def test_a_reason_by_its_number_or_in_own_words(tmp_path: Path) -> None:
    said = review(tmp_path, Scripted("dddq", "2", " Not  ours. ", ""))
    found = decided(tmp_path)
    assert (found["q0"].reason, found["q1"].reason) == (REASONS[1], "Not ours.")
    assert "q2" not in found
    assert f"  1  {REASONS[0]}" in said


def test_it_goes_on_where_it_stopped_and_ends_where_all_are_reviewed(tmp_path: Path) -> None:
    review(tmp_path, Scripted("kkq"))
    said = review(tmp_path, Scripted("kk"))
    assert said[1].startswith("── q2: item 3 of 4, 2 reviewed, 2 left")
    assert said[-1] == "All items are reviewed."
    assert review(tmp_path, Scripted("")) == ["All items are reviewed."]


def test_back_changes_a_decision(tmp_path: Path) -> None:
    said = review(tmp_path, Scripted("dbcnbkq", "1"))
    assert f"  decided     drop: {REASONS[0]}" in said
    assert decided(tmp_path)["q0"] == Change(item="q0", decision="keep")


def test_what_an_edit_takes_back_is_no_edit(tmp_path: Path) -> None:
    review(tmp_path, Scripted("eabeaq", "two", "1"))
    assert decided(tmp_path)["q0"] == Change(item="q0", decision="keep")


def test_what_cannot_be_is_said_and_not_on_record(tmp_path: Path) -> None:
    said = review(tmp_path, Scripted("eaexeqtq", "", "", ""))
    assert [line for line in said if line.startswith("not done")] == [
        "not done: the answer is empty: drop the item instead",
        "not done: the question is empty: drop the item instead",
    ]
    labelled = review(tmp_path, Scripted("eaq", "maybe"), choices=("1", "2"))
    assert "not done: the answer is none of the suite's choices: 1, 2" in labelled
    assert decided(tmp_path) == {}


def test_what_is_applied_is_not_made_again(tmp_path: Path) -> None:
    item = SuiteItem(id="q0", question="What is 0 + 1?", answer="one")
    append_changes(tmp_path, [(ITEMS[0], Change(item="q0", decision="edit", answer="one"))], "")
    append_applied(tmp_path, 1, "d")
    review(tmp_path, Scripted("bhq"), [item, *ITEMS[1:]])
    assert decided(tmp_path)["q0"] == Change(item="q0", decision="keep", difficulty="hard")


def test_rate_and_what_is_left(tmp_path: Path) -> None:
    items = [SuiteItem(id=f"q{each}", question="x", answer="y") for each in range(100)]
    said = review(tmp_path, Scripted("kkkq"), items)
    assert any("3 reviewed, 97 left, 2.2 a minute: about 43 minutes more" in line for line in said)


def test_hostile_text_is_escaped_and_cut(tmp_path: Path) -> None:
    text = "\n".join(HOSTILE).replace("\ud800", "") + "\x1b]0;title\x07\x9b31m"
    item = SuiteItem(
        id="h", question=text, answer="x" * 10_000, context=text, group=text, tags=(text,), choices=(text, "x"),
        history=(Turn(role="user", text=text),), source=SourceSpan(file=text, page=3, text=text),
    )  # fmt: skip
    said = review(tmp_path, Scripted("q"), [item])
    assert all(line.isprintable() for line in said)
    assert any("(6,000 more characters)" in line for line in said)


def test_ctrl_c_leaves(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        review(tmp_path, Scripted("k\x03"))
    assert list(decided(tmp_path)) == ["q0"]


def test_an_editor_edits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "more\\n" > "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    monkeypatch.delenv("VISUAL", raising=False)
    assert Terminal().edited("answer", "two") == "more"
    monkeypatch.setenv("EDITOR", "false")
    assert Terminal().edited("answer", "two") == "two"
