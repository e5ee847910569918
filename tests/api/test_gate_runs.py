"""What a plan holds of a baseline, and two runs held against each other (the command: tests/cli/test_gate.py)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

import steelyard
from steelyard.api.gate_runs import baseline_bar, gate_runs, points_of, sealed_run
from steelyard.errors import InputError, VerificationError
from steelyard.records import VerdictWord
from testkit.fixtures import SumsServer


@pytest.fixture
def base(sums_server: SumsServer, sums_file: tuple[Path, float], tmp_path: Path) -> Path:
    small = tmp_path / "small" / "sums.jsonl"
    small.parent.mkdir()
    small.write_text("".join(sums_file[0].read_text().splitlines(keepends=True)[:200]))
    steelyard.run(small, model=f"openai:sums@{sums_server.url}", out=tmp_path / "base")
    return tmp_path / "base"


def test_a_plan_holds_the_scores_and_the_digest_of_the_seal(base: Path) -> None:
    run = sealed_run(base)
    options, inputs = baseline_bar(run, "sums", "2")
    assert len(options["right"]) + len(options["wrong"]) == 200
    assert run.right_of("sums") == set(options["right"])
    assert run.right_of("other") == frozenset()
    assert (options["margin"], options["baseline"]) == ("2", inputs["baseline"].sha256)
    with pytest.raises(InputError, match="its tasks: sums"):
        baseline_bar(run, "other", "2")


def test_a_run_against_itself_and_against_a_worse_one(base: Path) -> None:
    run = sealed_run(base)
    same = gate_runs(run, run, "3")
    assert (same.exit, same.results[0].word) == (0, VerdictWord.CONSISTENT)
    scores = {
        name: [msgspec.structs.replace(each, value=0.0) if each.position % 4 == 0 else each for each in found]
        for name, found in run.scores.items()
    }

    worse = replace(run, scores=scores)
    assert gate_runs(worse, run, "3").exit == 1
    assert gate_runs(run, worse, "0").exit == 0
    scores = {name: [msgspec.structs.replace(each, value=None, status="missing") for each in found]
              for name, found in run.scores.items()}  # fmt: skip
    assert gate_runs(replace(run, scores=scores), run, "3").exit == 4


def test_a_broken_seal_is_refused(base: Path) -> None:
    with (base / "report.json").open("a") as file:
        file.write(" ")
    with pytest.raises(VerificationError):
        sealed_run(base)


def test_that_nobody_signed_is_said(base: Path) -> None:
    run = sealed_run(base)
    notes = gate_runs(run, run, "2").notes
    assert {note.message for note in notes} == {f"{base} is not signed: anybody could have sealed it"}


def test_a_run_that_is_not_sealed_is_refused(base: Path) -> None:
    (base / "bundle.dsse.json").unlink()
    with pytest.raises(InputError, match="not finished and sealed"):
        sealed_run(base)


@pytest.mark.parametrize("text", ["2", "0", "0.25", "12.5"])
def test_margins(text: str) -> None:
    assert points_of(text) == text


@pytest.mark.parametrize("text", ["", "-1", "2%", "100", "1e1", "nan", "٢"])
def test_margins_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="--margin"):
        points_of(text)
