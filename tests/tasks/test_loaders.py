"""Rows from mirrors and files: errors in a hostile file name its line; the error for missing data gives the fix."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.errors import InputError, MissingDependency
from steelyard.planning.part import revision_in_words
from steelyard.tasks import load_task
from steelyard.tasks.loaders import ENDINGS, DataMissing, hub_rows, read_rows


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_rows(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("data", [b'{"a": 1}\n{"a": "\xc3\xa9"}\n', b'\xef\xbb\xbf{"a": 1}\r\n\r\n{"a": "\xc3\xa9"}'])
def test_jsonl(tmp_path: Path, data: bytes) -> None:
    assert list(read_rows(written(tmp_path, "x.jsonl", data))) == [{"a": 1}, {"a": "é"}]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"a": 1}\n{"a": \n', ":2: is not JSON"),
        (b'{"a": 1}\n\n[1]\n', ":3: expected a JSON object, found list"),
        (b"null\n", ":1: expected a JSON object"),
        (b'{"a": NaN}\n', ":1: is not JSON"),
        (b'{"a": 1}\n{"a": "\xff"}\n', ":2: is not JSON"),
        (b'{"a": "\0"}\n', ":1: is not JSON"),
        (b'{"a": ["x", {"b": "\\u0000"}]}\n', ":1: text contains a NUL character"),
        (b'{"a": ' + b"[" * 100_000 + b"\n", ":1: is not JSON"),
        (b'{"a": "' + b"x" * ((16 << 20) + 1) + b'"}\n', ":1: line is longer than"),
        (b"", ": has no rows"),
        (b"\n\n", ": has no rows"),
    ],
    ids=range(11),
)
def test_hostile_jsonl(tmp_path: Path, data: bytes, expected: str) -> None:
    assert refused(written(tmp_path, "x.jsonl", data)).startswith(expected)


def test_an_escaped_backslash_is_no_nul(tmp_path: Path) -> None:
    assert list(read_rows(written(tmp_path, "x.jsonl", b'{"a": "\\\\u0000"}\n'))) == [{"a": "\\u0000"}]


def test_csv(tmp_path: Path) -> None:
    data = b'question, answer\n"two\n\nlines, one cell",x\n\nlast,y\n'
    assert list(read_rows(written(tmp_path, "x.csv", data))) == [
        {"question": "two\n\nlines, one cell", "answer": "x"},
        {"question": "last", "answer": "y"},
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a,b\n1,2\n1,2,3\n", ":3: 3 columns where the header has 2"),
        (b"a,b\n1\n", ":2: 1 columns"),
        (b"a,a\n1,2\n", ":1: the header must name every column once"),
        (b"a,\n1,2\n", ":1: the header"),
        (b'a,b\n1,"2\n', ":2: is not CSV"),
        (b"a,b\n1,\0\n", ":2: text contains a NUL"),
        (b"a,b\n\x81,1\n", ": is neither UTF-8, UTF-16 nor Windows-1252 text"),
        (b"a\n" + b"x" * 200_000 + b"\n", ":2: is not CSV"),
        (b"a,b\n", ": has no rows"),
        (b"", ": has no rows"),
    ],
    ids=range(10),
)
def test_hostile_csv(tmp_path: Path, data: bytes, expected: str) -> None:
    assert refused(written(tmp_path, "x.csv", data)).startswith(expected)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=200), name=st.sampled_from(["x.jsonl", "x.csv"]))
def test_any_bytes_are_rows_or_one_line(tmp_path: Path, data: bytes, name: str) -> None:
    path = written(tmp_path, name, data)
    rows, message = [], ""
    try:
        rows = list(read_rows(path))
    except InputError as error:
        message = str(error)
    assert all(isinstance(row, dict) for row in rows)
    assert "\n" not in message


def test_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "x.parquet"
    parquet.write_table(pyarrow.table({"question": ["a"], "choices": [["x", "y"]]}), path)
    assert list(read_rows(path)) == [{"question": "a", "choices": ["x", "y"]}]
    assert ": is not Parquet" in refused(written(tmp_path, "y.parquet", b"PAR1 nonsense"))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependency, match=r"pip install 'steelyard\[data\]'"):
        read_rows(path)


def test_other_files(tmp_path: Path) -> None:
    assert "unknown type of file" in refused(written(tmp_path, "x.exe", b""))
    assert "no such file" in refused(tmp_path / "absent.jsonl")
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    assert "no such file" in refused(folder)


def test_the_endings_are_those_that_are_read(tmp_path: Path) -> None:
    for ending in ENDINGS:
        assert "there is no such file" in refused(tmp_path / f"x{ending}")
    assert f"known are {', '.join(ENDINGS)}" in refused(tmp_path / "x.xyz")


def test_a_mirror_has_the_hubs_layout(tmp_path: Path) -> None:
    folder = tmp_path / "me" / "mine" / "main"
    folder.mkdir(parents=True)
    (folder / "test.jsonl").write_text('{"question": "q"}\n')
    assert list(hub_rows("me/mine", "main", "test", tmp_path)) == [{"question": "q"}]


def test_the_error_for_missing_data_gives_the_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub_hub(monkeypatch, AssertionError("who names a mirror is not taken to the network"))
    with pytest.raises(DataMissing, match="STEELYARD_DATA") as caught:
        load_task("gsm8k").prepare("cot", tmp_path)
    assert "openai/gsm8k/main/test.jsonl" in str(caught.value)
    assert isinstance(caught.value, MissingDependency)
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataMissing, match=r"--data DIR, or pip install 'steelyard\[data\]'"):
        load_task("gsm8k").prepare("cot")


def stub_hub(monkeypatch: pytest.MonkeyPatch, answer: object) -> None:
    """A stand-in for the hub's client: tests never go to the network."""

    def load_dataset(path: str, config: str, split: str) -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    module = types.SimpleNamespace(load_dataset=load_dataset, disable_progress_bars=lambda: None)
    monkeypatch.setitem(sys.modules, "datasets", module)


def test_the_hub_is_asked_where_no_mirror_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    stub_hub(monkeypatch, [{"question": "q"}])
    assert list(hub_rows("me/mine", "main", "test", None)) == [{"question": "q"}]


@pytest.mark.parametrize(
    ("files", "revision"),
    [
        ({"hf://datasets/me/mine@" + "e5" * 20 + "/main/test.parquet": {}}, "e5" * 20),
        ({"https://example.org/test.parquet": {}}, ""),
        (None, ""),
    ],
)
def test_rows_of_the_hub_name_their_revision(
    monkeypatch: pytest.MonkeyPatch, files: dict[str, object] | None, revision: str
) -> None:
    class Loaded(list[dict[str, str]]):
        info = types.SimpleNamespace(download_checksums=files)

    stub_hub(monkeypatch, Loaded([{"question": "What?", "answer": "#### 4"}]))
    samples = load_task("gsm8k").prepare("chat")
    assert samples.revisions == ((revision,) if revision else ())
    said = (f"The rows are the hub's at revision {revision}.",) if revision else ()
    assert revision_in_words(samples) == said


def test_a_hub_that_does_not_answer_is_missing_data(monkeypatch: pytest.MonkeyPatch) -> None:
    stub_hub(monkeypatch, ConnectionError("no route\nto host"))
    with pytest.raises(DataMissing, match="ConnectionError: no route") as caught:
        hub_rows("me/mine", "main", "test", None)
    assert "\n" not in str(caught.value)


def test_images_of_the_hub_come_as_their_files_and_are_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    several = datasets.List if hasattr(datasets, "List") else datasets.Sequence
    broken = b"\x89PNG\r\n\x1a\n, and nothing that a decoder would take"
    rows = [
        {"image": {"bytes": broken, "path": None}, "more": [{"bytes": broken, "path": "x.png"}] * number, "query": "q"}
        for number in range(3)
    ]
    features = {"image": datasets.Image(), "more": several(datasets.Image()), "query": datasets.Value("string")}
    loaded = datasets.Dataset.from_list(rows, features=datasets.Features(features))
    monkeypatch.setattr(datasets, "load_dataset", lambda path, config, split: loaded)
    assert list(hub_rows("me/mine", "main", "test", None)) == rows
