"""An imported run is an ordinary one: it verifies in both layers, says where it comes from, and does not bend."""

from __future__ import annotations

import dataclasses
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.adapters.imported_run import ImportedItem, ImportedTask, write_imported_run
from steelyard.auditing.finalize import read_scores
from steelyard.cli import execute as steelyard
from steelyard.errors import InputError, VerificationError
from steelyard.evidence.bundle import seal_bundle
from steelyard.evidence.verify import verify_integrity
from steelyard.records import (
    GenerateRequest,
    ModelIdentity,
    ModelOutput,
    Origin,
    Outcome,
    RecordedScore,
    Sample,
    Score,
    Verdict,
)
from steelyard.storage.journal.lines import GENESIS, decode, encode
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from tests.adapters.imported import all_scores

ORIGIN = Origin(kind="imported", harness="some_harness 1.2", file="log.eval", sha256="ab" * 32)
MODEL = ModelIdentity(uri="imported:stub", name="stub")
THEIRS = "imported[some_harness exact]@1"


def items(count: int, right: int) -> list[ImportedItem]:
    """Sums, the first ``right`` of them right, with the harness's own scores."""
    found = []
    for number in range(count):
        sample = Sample(
            id=f"s{number}", request=GenerateRequest(prompt=f"{number} + 1?", chat=True), target=str(number + 1)
        )
        is_right = number < right
        answer = ModelOutput(outcome=Outcome.OK, text=str(number + 1 if is_right else 0))
        found.append(ImportedItem(sample, answer, score=Score(value=float(is_right))))
    return found


def write(run: Path, log: list[ImportedItem], scorer: str = THEIRS, reported: float | None = None) -> Verdict:
    task = ImportedTask(name="sums", items=log, scorer=scorer, prompt="some_harness", reported=reported)
    return write_imported_run(run, [task], ORIGIN, MODEL)


@pytest.mark.parametrize("scorer", [THEIRS, "exact@6"])
def test_the_same_share_by_their_scores_and_by_ours_and_it_verifies(tmp_path: Path, scorer: str) -> None:
    verdict = write(tmp_path / "run", items(50, 40), scorer)
    assert (verdict.measurements[0].measured, verdict.measurements[0].asked, verdict.exit) == (0.8, 50, 0)
    assert verify_integrity(tmp_path / "run").answers == 50
    assert all_scores(tmp_path / "run") == 50


def test_the_report_says_that_the_calls_were_not_seen(tmp_path: Path) -> None:
    write(tmp_path / "run", items(5, 4))
    for page in ("report.md", "report.html"):
        told = (tmp_path / "run" / page).read_text()
        assert "we did not see the calls" in told
        assert "harness 1.2" in told
        assert "drawn at random" not in told


def test_one_log_gives_one_order_and_the_same_answers_root(tmp_path: Path) -> None:
    write(tmp_path / "one", items(20, 10))
    write(tmp_path / "two", items(20, 10))
    roots = {verify_integrity(tmp_path / name).answers_root for name in ("one", "two")}
    assert len(roots) == 1


def test_what_is_missing_is_typed_and_bounds_the_interval(tmp_path: Path) -> None:
    log = items(20, 20)
    log[3] = ImportedItem(log[3].sample, ModelOutput(outcome=Outcome.TIMEOUT, detail="Timed out"))
    log[4] = dataclasses.replace(log[4], score=None)  # answered, and never scored by the harness
    verdict = write(tmp_path / "run", log)
    assert (verdict.measurements[0].missing, verdict.exit) == (2, 4)
    assert verdict.measurements[0].ci is not None
    assert verdict.measurements[0].ci[0] < 0.9 < verdict.measurements[0].ci[1]
    assert all_scores(tmp_path / "run") == 20


def test_epochs_are_repeats_and_one_that_the_log_lacks_is_missing(tmp_path: Path) -> None:
    log = items(10, 10) + [dataclasses.replace(item, repeat=1) for item in items(9, 9)]
    verdict = write(tmp_path / "run", log)
    assert (verdict.measurements[0].asked, verdict.measurements[0].missing) == (20, 1)
    assert all_scores(tmp_path / "run") == 20


def test_partial_credit_is_kept_and_counted_apart(tmp_path: Path) -> None:
    log = items(4, 4)
    log[0] = dataclasses.replace(log[0], score=Score(value=0.25))
    verdict = write(tmp_path / "run", log, reported=0.9)
    assert verdict.measurements[0].measured == 0.75
    scores = read_scores(RunFolder.open(tmp_path / "run"))
    assert sorted(score.value or 0.0 for score in scores) == [
        0.25,
        1.0,
        1.0,
        1.0,
    ]
    told = " ".join(verdict.measurements[0].differences)
    assert "mean of the scores is 0.8125" in told
    assert "states a score of 0.9000" in told


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ([], "no samples"),
        (items(3, 3) + items(1, 1), "in the log twice"),
        ([dataclasses.replace(items(1, 1)[0], score=Score(value=7.5))], "outside 0 to 1"),
        ([dataclasses.replace(items(1, 1)[0], score=Score(value=float("nan")))], "outside 0 to 1"),
        ([dataclasses.replace(items(1, 1)[0], repeat=10**9)], "repeat"),
        ([*items(500, 1), dataclasses.replace(items(1, 1)[0], repeat=9_999)], "more than 4,000,000 calls"),
    ],
)
def test_what_no_honest_log_holds_is_refused_and_leaves_nothing(
    tmp_path: Path, log: list[ImportedItem], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        write(tmp_path / "run", log)
    assert list(tmp_path.iterdir()) == []


def test_one_id_with_two_contents_is_refused(tmp_path: Path) -> None:
    one, other = items(2, 2)
    other = dataclasses.replace(other, sample=Sample(id="s0", request=one.sample.request, target="else"), repeat=1)
    with pytest.raises(InputError, match="two contents"):
        write(tmp_path / "run", [one, other])


def test_hostile_texts_are_kept_as_texts(tmp_path: Path) -> None:
    sample = Sample(id="../../etc/passwd\ud800", request=GenerateRequest(prompt="\ud800<script>"), target="\x00")
    log = [
        ImportedItem(
            sample, ModelOutput(outcome=Outcome.OK, text="\udfff\x1b[31m"), score=Score(value=1.0, note="\ud800")
        )
    ]
    write(tmp_path / "run", log)
    assert all_scores(tmp_path / "run") == 1
    assert "\x1b" not in (tmp_path / "run" / "report.html").read_text()


class Changing:
    """A log that says something else when it is read again."""

    def __init__(self) -> None:
        self.times = 0

    def __iter__(self) -> Iterator[ImportedItem]:
        self.times += 1
        yield from items(5, 5)[: 6 - self.times]
        if self.times > 1:
            yield dataclasses.replace(items(1, 1)[0], sample=items(9, 9)[8].sample)


def test_a_log_that_changes_while_it_is_read_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    task = ImportedTask(name="sums", items=Changing(), scorer=THEIRS, prompt="some_harness")
    with pytest.raises(InputError, match="changed while it was read"):
        write_imported_run(tmp_path / "run", [task], ORIGIN, MODEL)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("with_texts", [False, True])
def test_texts_are_sealed_only_where_that_is_asked_for(tmp_path: Path, with_texts: bool) -> None:
    task = ImportedTask(name="sums", items=items(5, 4), scorer=THEIRS, prompt="some_harness")
    write_imported_run(tmp_path / "run", [task], ORIGIN, MODEL, with_texts=with_texts)
    shutil.rmtree(tmp_path / "run" / "texts")
    assert steelyard(["verify", str(tmp_path / "run")]) == (1 if with_texts else 0)


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine").write_text("precious")
    with pytest.raises(InputError, match="not an empty folder"):
        write(tmp_path / "run", items(1, 1))


def test_no_changed_byte_in_any_file_is_accepted(tmp_path: Path) -> None:
    run = tmp_path / "run"
    write(run, items(6, 3))
    source = random.Random(3)
    files = [path for path in sorted(run.rglob("*")) if path.is_file() and path.name != "local.json"]
    assert len(files) > 8
    for path in files:
        whole = path.read_bytes()
        place = source.randrange(len(whole))
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << source.randrange(8)]) + whole[place + 1 :])
        assert steelyard(["verify", str(run)]) == 1, path.name
        path.write_bytes(whole)
    assert steelyard(["verify", str(run)]) == 0


def test_a_score_that_is_edited_and_sealed_again_is_caught(tmp_path: Path) -> None:
    """Their scores are journalled: to better one, the chain has to be made again; then scores.jsonl does not follow."""
    run = tmp_path / "run"
    write(run, items(10, 5))
    path = run / "journal" / "main-0000.jsonl"
    edited = path.read_bytes().replace(b'"value":0}', b'"value":1}').replace(b'"value":0,', b'"value":1,', 1)
    assert edited != path.read_bytes()
    path.write_bytes(edited)
    assert steelyard(["verify", str(run)]) == 1
    _chain_again(path)
    (run / "checkpoints.jsonl").unlink()
    seal_bundle(run, {"renderer": {}}, None)
    with pytest.raises(VerificationError, match=r"scores\.jsonl"):
        recompute(run)


def _chain_again(path: Path) -> None:
    import msgspec

    from steelyard.evidence.canonical import sha256_hex

    head, lines = GENESIS, []
    for seq, line in enumerate(path.read_bytes().splitlines()):
        record = msgspec.structs.replace(decode(line), seq=seq, prev=head)
        lines.append(encode(record))
        head = sha256_hex(lines[-1])
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def test_a_score_without_its_answer_is_caught(tmp_path: Path) -> None:
    run = tmp_path / "run"
    write(run, items(4, 4))
    path = run / "journal" / "main-0000.jsonl"
    lines = path.read_bytes().splitlines()
    recorded = [line for line in lines if isinstance(decode(line), RecordedScore)]
    path.write_bytes(b"".join(line + b"\n" for line in [*lines, recorded[0]]))
    _chain_again(path)
    (run / "checkpoints.jsonl").unlink()
    seal_bundle(run, {"renderer": {}}, None)
    with pytest.raises(VerificationError, match=r"has no answer that waits for it|about the same call"):
        recompute(run)
