"""From a journal to a sealed run in one pass: scores whole or not at all, marks of acts, texts withheld in part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from steelyard.auditing.finalize import checkpoint, finalize, read_scores, results_of
from steelyard.errors import InputError, VerificationError
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.evidence.merkle import root
from steelyard.planning.build import plugins_of
from steelyard.planning.orders import questions_of, with_orders
from steelyard.planning.samples import Prepared
from steelyard.records import (
    Attempt,
    GenerateRequest,
    Outcome,
    RecordedScore,
    Sample,
    SampleScore,
)
from steelyard.storage.journal.lines import Session, Stop, new_header
from steelyard.storage.journal.texts import Texts
from steelyard.storage.journal.writer import Journal
from steelyard.storage.run_folder import RunFolder
from steelyard.util.atomic_file import whole_file
from steelyard.util.committed_order import committed_order
from steelyard.util.compact import Digests
from steelyard.verification.recompute import recompute
from tests.plans import measurement, plan

EXECUTING = "code[completion]@6"
SAMPLES = [Sample(id=f"t/row/{n}", request=GenerateRequest(prompt=f"write {n}"), target=str(n)) for n in range(40)]
DIGESTS = Digests(sha256_hex(canonical(sample)) for sample in SAMPLES)


@dataclass
class Written:
    """A run that is asked, but not finalized."""

    run: Path
    texts: Path


def written(
    run: Path, scorer: str, recorded: Sequence[int] = (), texts: Literal["sealed", "withheld"] = "sealed"
) -> Written:
    """Forty answers, of which those below 30 are right; ``recorded``: the positions whose score is journalled."""
    drafts = [measurement(
        prompt="written", scorers=(scorer,), population=len(SAMPLES),
        samples_root=root(digest.encode() for digest in DIGESTS).hex(), order_by="sample",
    )]  # fmt: skip
    questions, names = questions_of(drafts, plan().models)
    (asked,) = with_orders(drafts, names, dict.fromkeys(names, "0" * 128))
    sealed = RunFolder.create(
        run,
        plan(
            asked,
            software="steelyard 0.1.0",
            texts=texts,
            questions=questions,
            tasks={"t": "file"},
            plugins=plugins_of([asked], ()),
        ),
        {asked.id: Prepared(measurement=asked, samples=SAMPLES, digests=DIGESTS)},
        None,
        None,
    )
    journal, kept = Journal.create(run, new_header(plan=sealed.plan_sha256, software="0")), Texts(run)
    journal.append(Session(started_us=0, active_us=0, machine=""))
    for position, number in enumerate(committed_order(asked.order_seed, asked.trials)):
        sample = SAMPLES[number]
        journal.append(
            Attempt(
                measurement=asked.id,
                position=position,
                sample=sample.id,
                item=kept.add(canonical(sample).decode()),
                repeat=0,
                attempt=1,
                request=sha256_hex(canonical(sample.request)),
                outcome=Outcome.OK,
                final=True,
                answer=kept.add(sample.target if number < 30 else "no"),
                started_us=0,
                elapsed_us=1,
            )
        )
        if position in recorded:
            journal.append(
                RecordedScore(
                    measurement=asked.id, sample=sample.id, repeat=0, scorer=scorer, value=None if number == 7 else 1.0
                )
            )
    journal.append(Stop(reason="complete", active_us=1, at_us=1))
    journal.close()
    kept.close()
    checkpoint(RunFolder.open(run))
    return Written(run, run / "texts" / "main-0000.jsonl")


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
