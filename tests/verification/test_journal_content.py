"""Records that the plan does not allow: an answer that does not end its call, samples that are no digests."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from steelyard.errors import VerificationError
from steelyard.evidence.canonical import canonical
from steelyard.verification.recompute import recompute
from testkit.resealing import records_of, reseal


def test_an_answer_that_does_not_end_its_call(unsigned: Path) -> None:
    records = records_of(unsigned)
    next(record for record in records if record["type"] == "attempt")["final"] = False
    with pytest.raises(VerificationError, match="an answer is asked for once"):
        recompute(reseal(unsigned, records=records))


def test_samples_that_are_no_digests(unsigned: Path) -> None:
    path = next((unsigned / "samples").iterdir())
    path.write_bytes(b"\xff" * 64 + path.read_bytes()[64:])
    with pytest.raises(VerificationError, match="missing or not a list of digests"):
        recompute(reseal(unsigned))


def test_a_second_segment_of_texts(unsigned: Path) -> None:
    """Everything that the seal names is read: a text in a segment that nobody reads would be sealed and not judged."""
    shutil.copy(unsigned / "texts" / "main-0000.jsonl", unsigned / "texts" / "main-0001.jsonl")
    with pytest.raises(VerificationError, match=r"main-0001.jsonl"):
        recompute(reseal(unsigned))


def test_texts_that_the_plan_sealed_and_that_are_gone(unsigned: Path) -> None:
    path = unsigned / "texts" / "main-0000.jsonl"
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(VerificationError, match=r"texts"):
        recompute(reseal(unsigned))


def test_a_report_with_a_claim_more(unsigned: Path) -> None:
    path = unsigned / "report.json"
    report = json.loads(path.read_bytes())
    path.write_bytes(canonical(report | {"claims": [*report["claims"], report["claims"][0]]}) + b"\n")
    with pytest.raises(VerificationError, match="entries, recomputed"):
        recompute(reseal(unsigned))


def test_a_cut_of_fewer_than_no_bytes(unsigned: Path) -> None:
    records = records_of(unsigned)
    records.insert(-1, {"type": "cut", "bytes": -1, "sha256": "f" * 64})
    with pytest.raises(VerificationError, match="below 0"):
        recompute(reseal(unsigned, records=records))
