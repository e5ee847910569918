"""A log beside answers that we asked for ourselves, from Python: who is named, and what holds on verification."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import steelyard
from steelyard.adapters.imported_run import ImportedItem, ImportedTask, write_imported_run
from steelyard.auditing.scoring import output_of, sample_of
from steelyard.errors import InputError, VerificationError
from steelyard.records import Attempt, ModelIdentity, ModelOutput, Origin, Outcome, Sample, VerdictWord
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.journal.texts import open_index
from steelyard_forensics.api.published_texts import verify_texts
from steelyard_forensics.published.texts_seal import seal_texts
from testkit.writing_server import WritingServer, run_texts, task_file


def log_of(served: Path, path: Path, *, other: bool = False) -> Path:
    """A vendor's log with the prompts of a run and its answers, in two benchmarks; *b* may be another model's."""
    index, items = open_index(served), list[ImportedItem]()
    for record, _ in read_lines(served):
        if isinstance(record, Attempt) and record.final and record.position >= 0:
            sample, output = sample_of(record, index), output_of(record, index)
            assert sample is not None
            assert output is not None
            items.append(ImportedItem(Sample(id=sample.id, request=sample.request, target="x"), output))
    half = len(items) // 2
    own, rest = items[:half], items[half:]
    if other:
        rest = [
            ImportedItem(each.sample, ModelOutput(outcome=Outcome.OK, text=f" Certainly, kelp kelp {number} and kelp"))
            for number, each in enumerate(rest)
        ]
    tasks = [
        ImportedTask(name=name, items=each, scorer="exact@5", prompt="p") for name, each in (("a", own), ("b", rest))
    ]
    write_imported_run(
        path,
        tasks,
        Origin(kind="imported", harness="h 1", file="log.json", sha256="ab" * 32),
        ModelIdentity(uri="imported:m", name="m"),
    )
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A greedy run of a real server, and two logs about its prompts."""
    folder = tmp_path_factory.mktemp("texts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STEELYARD_KEY", str(folder / "no-key.pem"))
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        run_texts(task_file(folder), folder / "served", WritingServer(1), ("--temperature", "0"))
        run_texts(task_file(folder), folder / "drawn", WritingServer(2), ("--repeats", "1"))
    log_of(folder / "served", folder / "honest")
    log_of(folder / "served", folder / "other", other=True)
    return folder


def test_a_log_of_the_served_model_is_consistent_and_a_row_of_another_one_is_named(runs: Path) -> None:
    told: list[tuple[str, int, int]] = []
    honest = steelyard.published_texts(runs / "honest", str(runs / "served"), progress=lambda *each: told.append(each))
    assert [each.word for each in honest.rows] == [VerdictWord.CONSISTENT] * 2
    assert told[-1] == ("b", 60, 60)
    assert (honest.log.origin, honest.served.origin) == ("imported", "asked")
    other = steelyard.published_texts(runs / "other", runs / "served")
    assert [each.word for each in other.rows] == [VerdictWord.CONSISTENT, VerdictWord.INCONSISTENT]


def test_both_runs_make_each_guess_again(runs: Path, tmp_path: Path) -> None:
    found = steelyard.published_texts(runs / "other", runs / "served")
    seal_texts(tmp_path / "out", found, None)
    assert verify_texts(tmp_path / "out", None, (runs / "other", runs / "served")).texts == found
    with pytest.raises(VerificationError, match="about other runs"):
        verify_texts(tmp_path / "out", None, (runs / "served", runs / "other"))


def test_answers_that_were_drawn_are_refused(runs: Path) -> None:
    with pytest.raises(InputError, match="holds no greedy answers"):
        steelyard.published_texts(runs / "honest", runs / "drawn")


def test_a_log_of_which_the_texts_were_withheld_is_refused(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "other", tmp_path / "bare")
    shutil.rmtree(tmp_path / "bare" / "texts")
    with pytest.raises(InputError, match="withheld"):
        steelyard.published_texts(tmp_path / "bare", runs / "served")
