"""Rows read when asked for are those of the whole file, in any order; a file that changes meanwhile is refused."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.tasks.from_file import task_from_file
from steelyard.tasks.loaders import read_rows

QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def in_every_way(path: Path, expected: list[dict[str, Any]]) -> None:
    """Hold the rows against what is expected: shown on the way, in order, backwards, by slice."""
    shown: list[dict[str, Any]] = []
    rows = read_rows(path, lambda row, _: shown.append(row))
    assert shown == expected
    assert len(rows) == len(expected)
    assert list(rows) == expected
    assert [rows[number] for number in reversed(range(len(rows)))] == expected[::-1]
    assert [rows[-1], rows[-len(rows)]] == [expected[-1], expected[0]]
    assert rows[1::2] == expected[1::2]
    with pytest.raises(IndexError):
        rows[len(rows)]


@QUICK
@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers() | st.none()), min_size=1),
    st.sampled_from(["\n", "\r\n", "\n\n \n"]),
    st.booleans(),
)
def test_jsonl(tmp_path: Path, rows: list[dict[str, Any]], newline: str, mark: bool) -> None:
    rows = [row for row in rows if "\\u0000" not in json.dumps(row)] or [{}]
    path = tmp_path / "x.jsonl"
    text = newline.join(json.dumps(row) for row in rows)
    path.write_bytes((b"\xef\xbb\xbf" if mark else b"") + text.encode())
    in_every_way(path, json.loads(json.dumps(rows)))


@QUICK
@given(st.text(st.sampled_from('ab,"\r\né '), max_size=60), st.booleans())
def test_csv_is_read_as_the_csv_module_reads_the_whole(tmp_path: Path, text: str, mark: bool) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes((b"\xef\xbb\xbf" if mark else b"") + ("x,y\n" + text).encode())
    try:
        cells = [
            row for row in csv.reader(io.StringIO("x,y\n" + text, newline=""), strict=True) if "".join(row).strip()
        ][1:]
    except csv.Error:
        cells = []
    if not cells or any(len(row) != 2 for row in cells):
        with pytest.raises(InputError):
            read_rows(path)
        return
    in_every_way(path, [dict(zip("xy", row, strict=True)) for row in cells])


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [{"question": f"q{n}", "choices": ["x", str(n)], "level": n / 3} for n in range(2500)]
    path = tmp_path / "x.parquet"
    parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=400)
    in_every_way(path, rows)


@pytest.mark.parametrize("name", ["x.jsonl", "x.csv"])
def test_a_file_that_is_written_to_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text('{"question":"a","answer":"b"}\n' if name == "x.jsonl" else "question,answer\na,b\n")
    samples = task_from_file(path).prepare("question")
    assert samples[0].target == "b"
    with path.open("a") as file:
        file.write("\n")
    with pytest.raises(InputError, match="was changed while in use"):
        samples[0]


def test_a_file_that_is_replaced_goes_on_as_it_was(tmp_path: Path) -> None:
    path, other = tmp_path / "x.jsonl", tmp_path / "y.jsonl"
    path.write_text('{"question":"a","answer":"b"}\n')
    samples = task_from_file(path).prepare("question")
    other.write_text('{"question":"a","answer":"c"}\n')
    other.replace(path)
    assert samples[0].target == "b"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([{"question": "q", "answer": "a"}, {"question": "q"}], "line 2 has no answer"),
        (
            [{"question": "q", "answer": "a"}, {"question": "q", "answer": "a", "choices": ["a", "b"]}],
            "x.jsonl:1: choices",
        ),
        (
            [{"question": "q", "answer": "a", "choices": ["a", "b"]}, {"question": "q", "answer": "a"}],
            "x.jsonl:2: choices",
        ),
        (
            [{"question": "", "answer": "a"}, {"question": "q", "answer": "a", "choices": ["a", "b"]}],
            "line 1 has no question",
        ),
        ([{"q": "q", "answer": "a"}, {"question": "q"}], "x.jsonl: needs a column question, prompt"),
    ],
)
def test_the_first_error_of_a_file_read_with_or_without_choices(tmp_path: Path, rows: list[Any], expected: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(InputError, match=expected):
        task_from_file(path)


def test_samples_of_several_sources_lie_behind_each_other(tmp_path: Path) -> None:
    from steelyard.tasks import load_task

    task = load_task("bbh")
    assert task.definition.hub is not None
    configs = task.definition.hub.configs
    assert len(configs) > 20
    for number, config in enumerate(configs):
        path = tmp_path / task.definition.hub.path / config / f"{task.definition.hub.split}.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text('{"input": "q", "target": "a"}\n' * (1 + number % 3))
    samples = task.prepare(task.default_prompt, tmp_path)
    in_order = [sample.id for sample in samples]
    assert len(in_order) == len(samples) == len(set(in_order))
    assert [samples[number].id for number in range(len(samples))] == in_order
    assert [sample.id for sample in samples[-4:]] == in_order[-4:]
