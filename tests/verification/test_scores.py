"""Sealed scores beside those that the journal gives: none is missing, none is more, and every measurement ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.auditing.finalize import finalize
from steelyard.errors import VerificationError
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from testkit.resealing import records_of, reseal


def test_a_score_left_out(unsigned: Path) -> None:
    path = unsigned / "scores.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(VerificationError, match=r"but the journal gives more"):
        recompute(reseal(unsigned))


def test_a_score_more(unsigned: Path) -> None:
    path = unsigned / "scores.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines, lines[-1]]))
    with pytest.raises(VerificationError, match=r"scores.jsonl: more scores than"):
        recompute(reseal(unsigned))


def test_a_run_that_stopped_before_its_tests_were_decided(unsigned: Path) -> None:
    """Who leaves out the last answers and says that the run is complete has stopped where it suited."""
    records = records_of(unsigned)
    attempts = [number for number, record in enumerate(records) if record["type"] == "attempt"]
    kept = records[: attempts[3]] + [record for record in records[attempts[3] :] if record["type"] != "attempt"]
    reseal(unsigned, records=kept)
    finalize(RunFolder.open(unsigned))
    with pytest.raises(VerificationError, match="its tests are not decided"):
        recompute(unsigned)
