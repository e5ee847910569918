"""The files of a suite: what is written is read again as the same, whatever texts hold."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.records import SuiteItem, Turn
from steelyard.suites.writing import lines_of, new_suite, suite_yaml
from steelyard.tasks.definition import PromptFormat
from steelyard.tasks.suite_file import SAMPLES, SUITE, MadeFrom, SuiteFile, SuiteRows, read_suite

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)
PRINTED = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=40)


@given(st.lists(st.tuples(TEXTS, TEXTS, st.lists(TEXTS, max_size=2)), min_size=1, max_size=4))
def test_items_are_read_as_they_were_written(texts: list[tuple[str, str, list[str]]]) -> None:
    items = [
        SuiteItem(
            id=f"i{number}", question=question, answer=answer, tags=tuple(tags),
            history=(Turn(role="user", text=answer),),
        )
        for number, (question, answer, tags) in enumerate(texts)
    ]  # fmt: skip
    written = lines_of(items)
    assert written.count(b"\n") == len(items)
    assert [msgspec.json.decode(line, type=SuiteItem) for line in written.splitlines()] == items


@given(about=PRINTED, instruction=PRINTED, label=PRINTED, file=PRINTED)
def test_suite_yaml_is_read_as_it_was_written(about: str, instruction: str, label: str, file: str) -> None:
    import tempfile

    suite = SuiteFile(
        suite="s", about=" ".join(about.split()) or "x", instruction=" ".join(instruction.split()) or "x",
        choices=("yes", " ".join(label.split()) or "x"), endpoints=("http://127.0.0.1:1/v1",), scorer={"name": "exact"},
        prompts={"own": PromptFormat(prompt="{{ question }}", chat=True)}, default_prompt="own",
        made_from=(MadeFrom(file=" ".join(file.split()) or "x", sha256="ab", items=3),),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / SUITE).write_text(suite_yaml(suite))
        assert read_suite(Path(folder)) == suite


def test_a_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(InputError, match="is not an empty folder"):
        new_suite(tmp_path, SuiteFile(suite="s"), [SuiteItem(id="a", question="x", answer="y")], [])
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_new_suite_opens(tmp_path: Path) -> None:
    new_suite(tmp_path / "s", SuiteFile(suite="s"), [SuiteItem(id="a", question="x\ny", answer="z")], [])
    rows = SuiteRows(tmp_path / "s" / SAMPLES, read_suite(tmp_path / "s"))
    assert rows.item(0) == SuiteItem(id="a", question="x\ny", answer="z")
    assert (tmp_path / "s").stat().st_mode & 0o077 == 0
