"""From a journal to a sealed run in one pass: scores whole or not at all, marks of acts, texts withheld in part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from steelyard.auditing.finalize import finalize, read_scores, results_of
from steelyard.errors import InputError, VerificationError
from steelyard.evidence.canonical import canonical
from steelyard.records import (
    SampleScore,
)
from steelyard.storage.run_folder import RunFolder
from steelyard.util.atomic_file import whole_file
from steelyard.verification.recompute import recompute
from testkit.written_runs import DIGESTS, EXECUTING, written


def test_a_run_is_finalized_and_recomputed_in_the_order_of_its_journal(tmp_path: Path) -> None:
    run = written(tmp_path / "run", "exact@5").run
    verdict = finalize(RunFolder.open(run))
    claim = verdict.measurements[0]
    assert (claim.asked, claim.measured, claim.missing, verdict.exit) == (40, 0.75, 0, 0)
    scores = list(read_scores(RunFolder.open(run)))
    assert [score.position for score in scores] == list(range(40))
    again: list[SampleScore] = []
    found = results_of(RunFolder.open(run), again.append)
    assert (found.scores, found.withheld, again, found.verdict) == (40, 0, scores, verdict)
    assert (recompute(run).scores, recompute(run).verdict) == (40, verdict)


def test_recorded_scores_are_read_without_texts_and_a_failed_one_is_missing(tmp_path: Path) -> None:
    done = written(tmp_path / "run", EXECUTING, range(40), texts="withheld")
    done.texts.unlink()
    verdict = finalize(RunFolder.open(done.run))
    claim = verdict.measurements[0]
    assert (claim.asked, claim.measured, claim.missing, verdict.exit) == (40, None, 1, 4)
    assert recompute(done.run).withheld == 0


def test_an_output_without_its_score_is_missing_and_neither_sealed_nor_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = written(tmp_path / "run", EXECUTING, range(39)).run
    assert results_of(RunFolder.open(run)).verdict.measurements[0].missing >= 1
    with pytest.raises(InputError, match="not scored yet: steelyard resume"):
        finalize(RunFolder.open(run))
    assert not (run / "scores.jsonl").exists()
    monkeypatch.setattr("steelyard.auditing.finalize.unscored", lambda run: None)
    finalize(RunFolder.open(run))
    with pytest.raises(VerificationError, match="sealed without its score"):
        recompute(run)


@pytest.fixture
def half_withheld(tmp_path: Path) -> Path:
    """A sealed run that withholds its texts, every other of which is taken away."""
    done = written(tmp_path / "run", "exact@5", texts="withheld")
    finalize(RunFolder.open(done.run))
    lines = done.texts.read_bytes().splitlines(keepends=True)
    done.texts.write_bytes(b"".join(lines[::2]))
    return done.run


def test_where_texts_are_withheld_in_part_scores_are_taken_as_sealed(half_withheld: Path) -> None:
    sealed = list(read_scores(RunFolder.open(half_withheld)))
    again: list[SampleScore] = []
    found = results_of(RunFolder.open(half_withheld), again.append)
    assert again == sealed
    assert 0 < found.withheld <= 40
    assert recompute(half_withheld).withheld == found.withheld


def changed(scores: list[SampleScore]) -> Iterator[tuple[list[SampleScore], str]]:
    yield scores[:-1], "does not belong|gives more"
    yield [*scores, scores[0]], "more scores than the 40"
    yield [scores[1], scores[0], *scores[2:]], "line 1|does not belong"
    yield [msgspec.structs.replace(score, value=None) for score in scores], "line 1|does not belong"
    yield [msgspec.structs.replace(score, scorer="letter@2") for score in scores], "line 1|does not belong"
    yield [msgspec.structs.replace(score, value=1000.0) for score in scores], "line 1|does not belong"
    yield [msgspec.structs.replace(score, value=-1.0) for score in scores], "line 1|does not belong"
    yield [msgspec.structs.replace(score, status="unparsed", value=1.0) for score in scores], "line 1|does not belong"
    yield [msgspec.structs.replace(score, seq=score.seq + 1) for score in scores], "line 1|does not belong"


@pytest.mark.parametrize("number", range(9))
def test_sealed_scores_that_do_not_follow(half_withheld: Path, number: int) -> None:
    scores, said = list(changed(list(read_scores(RunFolder.open(half_withheld)))))[number]
    (half_withheld / "scores.jsonl").write_bytes(b"".join(canonical(score) + b"\n" for score in scores))
    with pytest.raises(VerificationError, match=said):
        recompute(half_withheld)


def test_samples_that_are_not_the_sealed_ones(tmp_path: Path) -> None:
    run = written(tmp_path / "run", "exact@5").run
    finalize(RunFolder.open(run))
    path = run / "samples" / "00-t.txt"
    assert path.read_text() == "".join(f"{digest}\n" for digest in DIGESTS)
    for wrong in ("", "x\n", "é\n", "".join(f"{digest}\n" for digest in DIGESTS[:-1])):
        path.write_text(wrong)
        with pytest.raises(VerificationError, match="samples/00-t"):
            recompute(run)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("before")

    def fails() -> None:
        with whole_file(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fails()
    assert [file.name for file in tmp_path.iterdir()] == ["x"]
    assert path.read_text() == "before"
    with whole_file(path) as file:
        file.write(b"after")
    assert path.read_text() == "after"
