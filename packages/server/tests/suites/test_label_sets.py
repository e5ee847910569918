from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from packages.server.tests.access.folk import FACTS, Folk
from packages.server.tests.suites.yard import caller_of
from steelyard.errors import InputError
from steelyard.suites.labels import read_saved_labels
from steelyard_server.suites.label_sets import MAX_ANSWERS, LabelSets, read_label_file


def answers_at(path: Path, number: int = 3) -> Path:
    rows = [
        {"id": f"a{each}", "question": "Who?", "answer": f"team {each}", "criterion": "It names one.", "label": "yes",
         "labeller": "Eve"}
        for each in range(1, number + 1)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_labels_in_the_file_are_left_out_so_that_nobody_is_led(tmp_path: Path) -> None:
    found = read_label_file(answers_at(tmp_path / "a.jsonl"))
    assert [(each.id, each.label, each.labeller) for each in found] == [(f"a{n}", "", "") for n in (1, 2, 3)]
    with pytest.raises(InputError, match="a set here at most 2,000"):
        read_label_file(answers_at(tmp_path / "b.jsonl", MAX_ANSWERS + 1))
    (tmp_path / "c.jsonl").write_text(
        '{"id": "a", "question": "?", "answer": "x", "criterion": "c", "verdict": "yes"}\n'
    )
    with pytest.raises(InputError, match=r"c\.jsonl:1: "):
        read_label_file(tmp_path / "c.jsonl")


def test_the_last_label_of_each_person_counts_and_nobody_sees_other_ones(folk: Folk, tmp_path: Path) -> None:
    ada, bob, sets = caller_of(folk), caller_of(folk), LabelSets(folk.pool)
    suite = f"s-{os.urandom(4).hex()}"
    number = sets.add(1, suite, "judge", read_label_file(answers_at(tmp_path / "a.jsonl")), ada, FACTS)
    for caller, place, label in ((ada, 1, "yes"), (ada, 1, "no"), (ada, 2, "unsure"), (bob, 1, "yes")):
        sets.label(number, place, label, caller, FACTS)
    with pytest.raises(InputError, match="choose one of the buttons"):
        sets.label(number, 1, "maybe", ada, FACTS)
    assert sets.of_person(number, ada.person) == {1: "no", 2: "unsure"}
    assert sets.of_person(number, bob.person) == {1: "yes"}
    assert [(each.name, each.labels) for each in sets.labellers(number)] == [(ada.name, 2), (bob.name, 1)]
    path = tmp_path / "labels.jsonl"
    path.write_bytes(sets.saved(number, ada.person, "Ada"))
    assert [(each.id, each.label, each.labeller) for each in read_saved_labels(path)] == [
        ("a1", "no", "Ada"), ("a2", "unsure", "Ada"),
    ]  # fmt: skip
    assert [each.id for each in sets.listed(1, suite)] == [number]
    assert sets.find(1, suite, number) is not None
    assert sets.find(2, suite, number) is None
    assert sets.find(1, "another", number) is None
    assert folk.acts(2) == ["label-answer", "label-answer"]
