"""The file that people label: what is drawn is not chosen; what is written by hand is read or refused in one line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.auditing.judged import PlacedVerdict
from steelyard.errors import InputError
from steelyard.judging.items import text_digest
from steelyard.judging.labels import Labelled, answers_text, gold_keys, item_name, read_labels, table_text
from steelyard.records import JudgedKey
from steelyard.suites.labels import AnswerToLabel
from steelyard.util.table_cell import cell_text

OF = "0f" * 32
KEYS = [
    JudgedKey(sample=f"t/row/{place}", criterion=criterion, place=place, text=text_digest(f"answer {place}"))
    for place in range(6)
    for criterion in "ab"
]


def line(number: int, label: str, **more: str) -> str:
    return json.dumps({"id": item_name(KEYS[number], OF), "label": label, **more})


def written(folder: Path, *lines: str, name: str = "x.labels.jsonl") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


@given(st.permutations(range(12)))
def test_the_first_answers_of_the_sealed_order_are_drawn(order: list[int]) -> None:
    placed = [PlacedVerdict(position, KEYS[number], None) for position, number in enumerate(order)]
    extra = JudgedKey(sample="t/row/0", criterion="a", arm="again")
    drawn = gold_keys([PlacedVerdict(0, extra, 1.0), *reversed(placed)], 3)
    first = list(dict.fromkeys(KEYS[number].sample for number in order))[:3]
    assert list(dict.fromkeys(key.sample for key in drawn)) == first
    assert len(drawn) == 6


def test_labels_are_read_in_the_sealed_order_whatever_the_files(tmp_path: Path) -> None:
    path = written(tmp_path, line(1, "no"), line(0, "yes"), line(3, "unsure"), line(4, "yes"), line(7, ""))
    found = read_labels([path], KEYS, OF)
    assert [each.first for each in found.values()] == [1.0, 0.0, None, None, 1.0, None, None, None]
    assert list(found) == KEYS[:8]  # the third was left out, and the file was drawn up to the eighth
    unsure = read_labels([written(tmp_path, line(3, "unsure"))], KEYS, OF)
    assert set(unsure.values()) == {Labelled(first=None)}


def test_of_each_model_what_was_drawn_is_its_own(tmp_path: Path) -> None:
    keys = [msgspec.structs.replace(key, role=role) for key in KEYS[::2] for role in ("subject", "candidate-2")]
    assert len({item_name(key, OF) for key in keys}) == 12
    given = "".join(json.dumps({"id": item_name(keys[place], OF), "label": "yes"}) + "\n" for place in (1, 2, 5))
    (tmp_path / "r.jsonl").write_text(given)
    found = read_labels([tmp_path / "r.jsonl"], keys, OF)
    assert list(found) == [keys[0], keys[1], keys[2], keys[3], keys[5]]
    assert [found[keys[place]].first for place in (0, 3)] == [None, None]


def test_two_people_label_in_one_file_or_in_two(tmp_path: Path) -> None:
    one = written(tmp_path, line(0, "yes", labeller="Ada"), line(0, "no", labeller="Bo"))
    assert read_labels([one], KEYS, OF) == {KEYS[0]: Labelled(first=1.0, second=0.0)}
    beside = written(tmp_path, line(0, "yes", second="no"), line(1, "", second="yes"), name="c.jsonl")
    assert list(read_labels([beside], KEYS, OF).values()) == [
        Labelled(first=1.0, second=0.0),
        Labelled(first=None, second=1.0),
    ]
    ada = written(tmp_path, line(0, "yes", labeller="Ada"), name="a.jsonl")
    bo = written(tmp_path, line(1, "no", labeller="Bo"), name="b.jsonl")
    assert list(read_labels([ada, bo], KEYS, OF).values()) == [Labelled(first=1.0), Labelled(first=None, second=0.0)]
    cleo = written(tmp_path, line(1, "no", labeller="Cleo"), name="c.jsonl")
    with pytest.raises(InputError, match="two people label at most, and here are 3"):
        read_labels([ada, bo, cleo], KEYS, OF)


def test_one_person_is_not_two_labellers(tmp_path: Path) -> None:
    once = {KEYS[0]: Labelled(first=1.0), KEYS[1]: Labelled(first=0.0)}
    applied = written(tmp_path, line(0, "yes", labeller="Ada"), line(1, "no", labeller="Ada"), name="answers.jsonl")
    saved = written(tmp_path, line(0, "yes", labeller=" ada"), line(1, "no", labeller="ADA"), name="a.jsonl")
    assert read_labels([applied, saved], KEYS, OF) == once
    nameless = written(tmp_path, line(0, "yes"), line(1, "no"), name="b.jsonl")
    assert read_labels([nameless, saved], KEYS, OF) == once
    copied = written(
        tmp_path, line(0, "yes", labeller="Ada", second="yes"), line(1, "no", labeller="Ada"), name="c.jsonl"
    )
    assert read_labels([copied], KEYS, OF) == once
    both = written(tmp_path, line(0, "yes", labeller="Ada", second="yes", second_labeller="ada"), name="d.jsonl")
    with pytest.raises(InputError, match="1: both labels are of Ada: one person is not two"):
        read_labels([both], KEYS, OF)
    two = written(tmp_path, line(0, "yes", labeller="Ada", second="yes", second_labeller="Bo"), name="e.jsonl")
    assert read_labels([two], KEYS, OF) == {KEYS[0]: Labelled(first=1.0, second=1.0)}


def test_a_label_is_of_one_answer_of_one_run(tmp_path: Path) -> None:
    path = written(tmp_path, line(0, "yes", answer="answer 0"))
    assert read_labels([path], KEYS, OF) == {KEYS[0]: Labelled(first=1.0)}
    others = [msgspec.structs.replace(key, text=text_digest("another answer")) for key in KEYS]
    for keys, of in ((KEYS, "1f" * 32), (others, OF)):
        with pytest.raises(
            InputError, match=r"1: id '.{16}' was not drawn from this run: it is of another run's answers"
        ):
            read_labels([path], keys, of)
    with pytest.raises(InputError, match="2: its answer is not the one that was judged"):
        read_labels([written(tmp_path, line(1, "yes"), line(0, "yes", answer="answer 1"))], KEYS, OF)


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20), min_size=3, max_size=3
    )
)
def test_what_is_to_be_labelled_is_read_as_it_was_written(texts: list[str]) -> None:
    answer = AnswerToLabel(id="0a", question=texts[0], answer=texts[1], criterion=texts[2])
    assert json.loads(answers_text([answer])) == {  # what is empty is left out, but for what every line has
        "id": "0a", "question": texts[0], "answer": texts[1], "criterion": texts[2],
    }  # fmt: skip
    (row,) = csv.DictReader(io.StringIO(table_text([answer]), newline=""))
    assert (row["label"], row["second"], row["id"]) == ("", "", "0a")
    assert [cell_text(row[name]) for name in ("question", "answer", "criterion")] == texts


def test_people_write_as_people_do(tmp_path: Path) -> None:
    path = tmp_path / "x.labels.csv"
    for separator in (",", ";"):
        rows = [f"id{separator}label", *(f"{item_name(key, OF)}{separator} Yes " for key in KEYS[:3])]
        path.write_text("\ufeff" + "\r\n".join(rows) + "\r\n", newline="")
        assert [each.first for each in read_labels([path], KEYS, OF).values()] == [1.0] * 3


def test_what_is_wrong_is_said_with_its_line(tmp_path: Path) -> None:
    def said(*lines: str, name: str = "x.labels.jsonl") -> str:
        path = written(tmp_path, *lines, name=name)
        with pytest.raises(InputError) as caught:
            read_labels([path], KEYS, OF)
        return str(caught.value)

    assert said(line(0, "yes"), line(1, "maybe")).endswith("2: label 'maybe': write yes, no or skip")
    assert "2: another label of one person for this id" in said(line(0, "yes"), line(0, "no"))
    assert "1: id '0000' was not drawn from this run" in said('{"id": "0000", "label": "yes"}')
    assert "1: is no JSON object" in said("[1]")
    assert "1: is no JSON object" in said("[" * 100_000)
    assert "1: a line has the texts id and label" in said('{"id": 7, "label": "yes"}')
    assert "1: a line has the texts id and label" in said("what,is\nthis,then", name="y.csv")
    (tmp_path / "x.labels.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is not UTF-8 text"):
        read_labels([tmp_path / "x.labels.jsonl"], KEYS, OF)
