"""The file that people label: what is drawn is not chosen; what is written by hand is read or refused in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.judging.labels import GoldItem, Labelled, gold_keys, item_name, labels_text, read_labels
from steelyard.records import JudgedKey

KEYS = [
    JudgedKey(sample=f"t/row/{place}", criterion=criterion, place=place) for place in range(6) for criterion in "ab"
]


def written(folder: Path, labels: list[str], suffix: str = ".jsonl", second: str = "") -> Path:
    items = [
        GoldItem(id=item_name(key), question="Q,\n“q”", answer="A;", criterion="C", label=label, second=second)  # type: ignore[arg-type]
        for key, label in zip(KEYS, labels, strict=False)
    ]
    path = folder / f"x.labels{suffix}"
    path.write_text(labels_text(items, suffix))
    return path


@given(st.permutations(range(12)))
def test_the_first_answers_of_the_sealed_order_are_drawn(order: list[int]) -> None:
    placed = [(position, KEYS[number], None) for position, number in enumerate(order)]
    extra = JudgedKey(sample="t/row/0", criterion="a", arm="again")
    drawn = gold_keys([(0, extra, 1.0), *reversed(placed)], 3)
    first = list(dict.fromkeys(KEYS[number].sample for number in order))[:3]
    assert list(dict.fromkeys(key.sample for key in drawn)) == first
    assert len(drawn) == 6


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_labels_are_read_as_they_were_written(tmp_path: Path, suffix: str) -> None:
    labels = ["yes", "no", "skip", "", "yes"]
    found = read_labels(written(tmp_path, labels, suffix, second="no"), KEYS)
    assert list(found.values()) == [Labelled(first=first, second=0.0) for first in (1.0, 0.0, None, None, 1.0)]


def test_what_was_not_reached_yet_is_left_out(tmp_path: Path) -> None:
    found = read_labels(written(tmp_path, ["yes", "", "no", "", ""]), KEYS)
    assert [each.first for each in found.values()] == [1.0, None, 0.0]
    assert read_labels(written(tmp_path, [""] * 5), KEYS) == {}


def test_people_write_as_people_do(tmp_path: Path) -> None:
    path = written(tmp_path, ["yes", "no"])
    path.write_text("\ufeff" + path.read_text().replace('"yes"', '" Yes "').replace('"no"', '"NO"') + "\n")
    assert [each.first for each in read_labels(path, KEYS).values()] == [1.0, 0.0]
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8-sig").splitlines() if line]
    short = [{"id": row["id"], "label": row["label"]} for row in reversed(rows)]
    path.write_text("".join(json.dumps(row) + "\n" for row in short))
    assert [each.first for each in read_labels(path, KEYS).values()] == [1.0, 0.0]


def test_what_is_wrong_is_said_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, ["yes", "no", "no"])
    lines = path.read_text().splitlines()

    def said(text: str, name: str = "x.labels.jsonl") -> str:
        (tmp_path / name).write_text(text)
        with pytest.raises(InputError) as caught:
            read_labels(tmp_path / name, KEYS)
        return str(caught.value)

    assert said("\n".join([lines[0], lines[1].replace('"no"', '"maybe"')])).endswith("2: labels are yes, no or skip")
    assert "2: two lines have the id" in said("\n".join([lines[0], lines[0]]))
    assert "is missing: what is drawn is not chosen" in said("\n".join([lines[0], lines[2]]))
    assert "was not drawn from this run" in said('{"id": "0000", "label": "yes"}')
    assert "1: is no JSON object" in said("[1]")
    assert "1: is no JSON object" in said("[" * 100_000)
    assert "2: labels are yes, no or skip" in said(f"id,label\n{item_name(KEYS[0])},ja\n", "y.csv")
    (tmp_path / "x.labels.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is not UTF-8 text"):
        read_labels(tmp_path / "x.labels.jsonl", KEYS)
