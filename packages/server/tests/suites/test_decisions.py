"""The last decision about an item counts, as long as the item is what was decided about; as in the command line."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pytest

from packages.server.tests.access.folk import FACTS, Folk
from packages.server.tests.suites.yard import add_suite, caller_of, make_suite, version_of
from steelyard.errors import InputError
from steelyard.suites.review import Change, append_changes
from steelyard.suites.review_file import read_saved_review
from steelyard.tasks.suite_task import task_from_suite
from steelyard_server.access.callers import Caller
from steelyard_server.suites.decisions import Decisions, ReviewState
from steelyard_server.suites.rows import StoredItem, SuiteRow, Suites


def item_of(folk: Folk, row: SuiteRow, place: int) -> StoredItem:
    found = Suites(folk.pool).item(row.id, place)
    assert found is not None
    return found


def decide(folk: Folk, row: SuiteRow, place: int, caller: Caller, **parts: object) -> None:
    item = item_of(folk, row, place)
    change = msgspec.convert({"item": item.item.id, **parts}, Change)
    Decisions(folk.pool).decide(row, item, change, caller, FACTS)


def states(folk: Folk, row: SuiteRow) -> list[tuple[str, bool]]:
    return [(each.decision, each.is_pending) for each in Decisions(folk.pool).states(1, row)]


def test_a_page_reads_its_items_alone_and_counts_are_the_databases(folk: Folk, tmp_path: Path) -> None:
    ada = caller_of(folk)
    row = add_suite(folk, tmp_path / "s", ada)
    decisions = Decisions(folk.pool)
    assert decisions.review_state(row) == ReviewState(0, 0, 1)
    decide(folk, row, 1, ada, decision="keep")
    decide(folk, row, 3, ada, decision="drop", reason="Nobody would ask this.")
    assert [(each.place, each.decision) for each in decisions.states(1, row, 2, 1)] == [(2, "")]
    assert [(each.place, each.decision) for each in decisions.states(1, row, 3)] == [(3, "drop")]
    assert decisions.states(1, row, 4) == []
    assert [decisions.review_state(row, after).next_open for after in (0, 1, 2, 3)] == [2, 2, 2, 2]
    decide(folk, row, 2, ada, decision="keep")
    assert decisions.review_state(row) == ReviewState(3, 3, 0)


@pytest.mark.parametrize("seed", range(3))
def test_how_far_a_review_is_is_what_its_items_say(folk: Folk, tmp_path: Path, seed: int) -> None:
    """Decisions, versions with changed items, and decisions that came into files, in any order."""
    caller, drawn, decisions = caller_of(folk), random.Random(seed), Decisions(folk.pool)
    before = row = add_suite(folk, tmp_path / "s", caller)
    for _ in range(25):
        act = drawn.choice(("decide", "decide", "decide", "decide", "late", "version", "apply"))
        if act in ("version", "apply"):
            applied = decisions.lines(1, row)[1] if act == "apply" else 0
            samples = tmp_path / "s" / "samples.jsonl"
            old, new = (f"team {drawn.randint(1, 3)}" for _ in range(2))
            samples.write_text(samples.read_text().replace(old, new))
            made = version_of(tmp_path / "s", row.id if applied else 0, applied)
            before, (row, _) = row, Suites(folk.pool).add(1, made, caller, FACTS)
        of = before if act == "late" else row
        kind = drawn.choice(("keep", "", "drop"))
        decide(folk, of, drawn.randint(1, 3), caller, decision=kind, **({"reason": "no"} if kind == "drop" else {}))
        shown = decisions.states(1, row)
        left = [each.place for each in shown if not each.decision]
        for after in range(5):
            assert decisions.review_state(row, after) == ReviewState(
                sum(bool(each.decision) for each in shown), sum(each.is_pending for each in shown),
                next((place for place in left if place > after), next(iter(left), 0)),
            )  # fmt: skip


def test_the_last_decision_counts_whoever_made_it(folk: Folk, tmp_path: Path) -> None:
    ada, bob = caller_of(folk), caller_of(folk)
    row = add_suite(folk, tmp_path / "s", ada)
    decide(folk, row, 1, ada, decision="drop", reason="Nobody would ask this.")
    decide(folk, row, 1, bob, decision="keep")
    decide(folk, row, 2, ada, tags=["valves"])
    assert states(folk, row) == [("keep", True), ("", True), ("", False)]
    last = Decisions(folk.pool).last(1, row, item_of(folk, row, 1))
    assert last is not None
    assert (last.by, last.change.decision) == (bob.name, "keep")
    assert folk.acts(3) == ["review-item"] * 3


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"decision": "drop"}, "a dropped item has a reason"),
        ({"decision": "edit", "question": " "}, "the question is empty"),
        ({"decision": "edit", "answer": "a\0b"}, "none of them NUL"),
        ({"decision": "keep", "tags": ["a,b"]}, "a tag is printable text without a comma"),
        ({"decision": "keep", "answer": "x"}, "is the decision 'edit'"),
    ],
)
def test_what_cannot_be_decided_is_one_clause(folk: Folk, tmp_path: Path, parts: dict[str, object], words: str) -> None:
    caller = caller_of(folk)
    row = add_suite(folk, tmp_path / "s", caller)
    with pytest.raises(InputError, match=words):
        decide(folk, row, 1, caller, **parts)
    assert states(folk, row)[0] == ("", False)


def test_a_decision_about_another_version_counts_for_what_did_not_change(folk: Folk, tmp_path: Path) -> None:
    caller = caller_of(folk)
    row = add_suite(folk, tmp_path / "s", caller)
    for place in (1, 2):
        decide(folk, row, place, caller, decision="keep")
    samples = tmp_path / "s" / "samples.jsonl"
    samples.write_text(samples.read_text().replace("team 1", "team 7"))
    after, _ = Suites(folk.pool).add(1, version_of(tmp_path / "s"), caller, FACTS)
    assert states(folk, after) == [("", False), ("keep", True), ("", False)]


def test_what_the_suites_own_record_says_counts_until_somebody_decides_here(folk: Folk, tmp_path: Path) -> None:
    caller = caller_of(folk)
    name = add_suite(folk, tmp_path / "s", caller).name
    item = next(task_from_suite(tmp_path / "s", to_ask=False).rows.items())
    append_changes(tmp_path / "s", [(item, Change(item="q1", decision="keep"))], "Ada")
    row, _ = Suites(folk.pool).add(1, version_of(tmp_path / "s"), caller, FACTS)
    assert states(folk, row)[0] == ("keep", False)
    last = Decisions(folk.pool).last(1, row, item_of(folk, row, 1))
    assert last is not None
    assert (last.by, last.at, row.name) == ("", None, name)
    decide(folk, row, 1, caller)
    assert states(folk, row)[0] == ("", True), "it was taken back here"


def test_lines_are_those_of_a_review_and_name_people_by_number(folk: Folk, tmp_path: Path) -> None:
    caller = caller_of(folk)
    row, decisions = add_suite(folk, tmp_path / "s", caller), Decisions(folk.pool)
    assert decisions.lines(1, row) == (b"", 0)
    decide(folk, row, 1, caller, decision="edit", question="Who mends the pump?")
    decide(folk, row, 2, caller, decision="keep")
    lines, last = decisions.lines(1, row)
    assert lines.count(b"\n") == 2
    assert f'"by":"person {caller.person}"'.encode() in lines
    assert caller.name.encode() not in lines
    made, _ = Suites(folk.pool).add(1, version_of(make_suite(tmp_path / "t", row.name, 4), row.id, last), caller, FACTS)
    assert decisions.lines(1, made) == (b"", 0), "they are in files"


def test_the_decisions_alone_are_the_file_that_the_page_of_a_review_saves(folk: Folk, tmp_path: Path) -> None:
    caller = caller_of(folk)
    row = add_suite(folk, tmp_path / "s", caller)
    decide(folk, row, 1, caller, decision="edit", question="Who mends the pump?")
    decide(folk, row, 3, caller, decision="drop", reason="\u202eno")
    path = tmp_path / "review.json"
    path.write_bytes(Decisions(folk.pool).saved(1, row))
    suite = task_from_suite(tmp_path / "s", to_ask=False)
    by, changes = read_saved_review(path, suite.suite, suite.file, {item.id: item for item in suite.rows.items()})
    assert by == caller.name
    assert [(item.id, change.decision, change.reason) for item, change in changes] == [
        ("q1", "edit", ""), ("q3", "drop", "\N{REPLACEMENT CHARACTER}no"),
    ]  # fmt: skip
