"""Verification as a stranger does it: the golden bundle holds, and 300 tamperings over every file of it do not.

A tampering that is sealed again (by someone without the key) is caught by recomputation.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steelyard.auditing.finalize import read_scores
from steelyard.cli import execute as steelyard
from steelyard.errors import VerificationError
from steelyard.evidence.canonical import without_defaults
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from testkit.resealing import edit, records_of, reseal, with_new_reports
from tests.assets.make_golden import GOLDEN

FILES = sorted(path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*") if path.is_file())


def test_the_golden_bundle_holds(capsys: pytest.CaptureFixture[str]) -> None:
    key = GOLDEN.parent / "golden.pub.pem"
    assert steelyard(["verify", str(GOLDEN), "--require-key", str(key)]) == 0
    said = capsys.readouterr().out
    assert "holds" in said
    assert "which you trust" in said
    assert "scores recomputed from the model outputs" in said
    assert "verdict recomputed: inconsistent" in said


def flip(data: bytes, source: random.Random) -> bytes:
    place = source.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << source.randrange(8))]) + data[place + 1 :]


def drop_line(data: bytes, source: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    lines.pop(source.randrange(len(lines)))
    return b"".join(lines)


def repeat_line(data: bytes, source: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    lines.insert(source.randrange(len(lines) + 1), source.choice(lines))
    return b"".join(lines)


def swap_lines(data: bytes, source: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    if len(lines) < 2:
        return flip(data, source)
    one, other = source.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def change_digit(data: bytes, source: random.Random) -> bytes:
    places = [place for place, byte in enumerate(data) if 48 <= byte <= 57]
    place = source.choice(places)
    return data[:place] + bytes([48 + (data[place] - 48 + 1 + source.randrange(9)) % 10]) + data[place + 1 :]


@pytest.mark.parametrize("change", [flip, drop_line, repeat_line, swap_lines, change_digit])
@pytest.mark.parametrize("name", FILES)
def test_no_tampering_over_any_file_is_accepted(
    bundle: Path, capsys: pytest.CaptureFixture[str], name: str, change: Callable[[bytes, random.Random], bytes]
) -> None:
    """Seven tamperings × five kinds × every file: more than 300, each named in one line with exit 1."""
    source = random.Random(f"{name} {change.__name__}")
    original = (bundle / name).read_bytes()
    for _ in range(7):
        changed = change(original, source)
        if changed == original:
            continue
        (bundle / name).write_bytes(changed)
        capsys.readouterr()
        assert steelyard(["verify", str(bundle)]) == 1
        said = capsys.readouterr().err.splitlines()[-1]
        # What a checkpoint or the seal says may be what shows that the journal was changed, and the other way round.
        assert name.rpartition("/")[2].partition(".")[0] in said or "journal" in said or "bundle" in said
    (bundle / name).write_bytes(original)
    assert steelyard(["verify", str(bundle)]) == 0


@pytest.mark.parametrize("name", FILES)
def test_no_file_can_be_left_out(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    assert steelyard(["verify", str(bundle)]) == 1


@pytest.mark.parametrize("name", ["extra.txt", "journal/main-0001.jsonl", "report.pdf", "samples/more.txt"])
def test_no_file_can_be_added(bundle: Path, name: str) -> None:
    (bundle / name).write_text("{}\n")
    assert steelyard(["verify", str(bundle)]) == 1


# ── sealed again by someone without the key ─────────────────────────────────────────────────────────────────────────


def test_an_honest_reseal_holds(unsigned: Path) -> None:
    assert steelyard(["verify", str(unsigned)]) == 0


def test_an_edited_score_does_not_follow_from_the_journal(unsigned: Path) -> None:
    edit(unsigned / "scores.jsonl", lambda score: score.update(value=1.0 - score["value"]), line=3)
    with pytest.raises(VerificationError, match=r"scores.jsonl line 4"):
        recompute(reseal(unsigned))


@pytest.mark.parametrize(
    "change",
    [
        lambda report: report["claims"][0].update(measured=99.0),
        lambda report: report["claims"][1].update(verdict="consistent"),
        lambda report: report.update(exit=0),
        lambda report: report["notes"].append({"message": "all is well"}),
        lambda report: report["claims"][0].pop("ci"),
    ],
)
def test_an_edited_report_does_not_follow_from_the_journal(unsigned: Path, change: Callable[[Any], None]) -> None:
    edit(unsigned / "report.json", change)
    with pytest.raises(VerificationError, match=r"report.json"):
        recompute(reseal(unsigned))


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_an_edited_page_is_not_what_the_journal_gives(unsigned: Path, name: str) -> None:
    path = unsigned / name
    path.write_text(path.read_text().replace("inconsistent", "consistent", 1))
    with pytest.raises(VerificationError, match=name):
        recompute(reseal(unsigned))


def test_another_order_shows_in_every_record(unsigned: Path) -> None:
    plan = without_defaults(RunFolder.open(unsigned).plan)
    plan["measurements"][0]["order_seed"] = "f" * 64
    with pytest.raises(VerificationError, match="committed order"):
        recompute(reseal(unsigned, plan=plan))


def test_a_record_left_out_leaves_a_gap(unsigned: Path) -> None:
    records = records_of(unsigned)
    wrong = next(n for n, record in enumerate(records) if record["type"] == "attempt" and record["position"] >= 0)
    with pytest.raises(VerificationError):
        recompute(reseal(unsigned, records=records[:wrong] + records[wrong + 1 :]))


def test_another_answer_is_not_the_one_that_was_scored(unsigned: Path) -> None:
    records = records_of(unsigned)
    right = next(score.seq for score in read_scores(RunFolder.open(unsigned)) if score.value == 1)
    (answer,) = [record for record in records if record["type"] == "attempt" and record["seq"] == right]
    others = (record["answer"] for record in records if record["type"] == "attempt" and record.get("answer"))
    answer["answer"] = next(other for other in others if other != answer["answer"])
    with pytest.raises(VerificationError):
        recompute(reseal(unsigned, records=records))


def test_one_call_is_not_ended_twice(unsigned: Path) -> None:
    records = records_of(unsigned)
    again = next(record for record in records if record["type"] == "attempt")
    with pytest.raises(VerificationError, match=r"both end the call|finished twice"):
        recompute(reseal(unsigned, records=[*records, dict(again)]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda record: record.update(measurement="99-none"), "no measurement"),
        (lambda record: record.update(position=10**6), "outside the committed order"),
        (lambda record: record.update(position=-1, repeat=7), "not a repeat"),
        (lambda record: record.update(sample="sums/row/0x"), "its item is"),
    ],
)
def test_a_record_that_the_plan_does_not_know(unsigned: Path, change: Callable[[Any], None], said: str) -> None:
    records = records_of(unsigned)
    change(next(record for record in records if record["type"] == "attempt" and record["position"] > 2))
    with pytest.raises(VerificationError, match=said):
        recompute(reseal(unsigned, records=records))


def test_other_samples_than_the_sealed_ones(unsigned: Path) -> None:
    path = next((unsigned / "samples").iterdir())
    path.write_text(path.read_text().replace("a", "b", 1))
    with pytest.raises(VerificationError, match="not the samples that the plan sealed"):
        recompute(reseal(unsigned))


def test_withheld_texts_are_said_and_their_scores_taken_as_sealed(
    unsigned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = without_defaults(RunFolder.open(unsigned).plan)
    del plan["texts"]
    with_new_reports(reseal(unsigned, plan=plan))
    assert steelyard(["verify", str(unsigned)]) == 0
    shutil.rmtree(unsigned / "texts")
    capsys.readouterr()
    assert steelyard(["verify", str(unsigned)]) == 0
    said = capsys.readouterr().out
    assert "withheld" in said
    assert "\n0 scores recomputed" in said
