"""Which samples are the same, and what two runs do not share."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.comparison.pairing import PairedTask, Refused, paired_tasks, tasks_of_one
from steelyard.comparison.scored_run import MeasuredScores, ScoredRun, read_run
from steelyard.records import ModelIdentity, PlannedModel
from testkit.comparison_runs import run_sums, scored_run, sums_file, with_measurement

SCORES = {"t": {"s1": 1.0, "s2": 0.0, "s3": 1.0}}


def test_the_same_items_are_paired_and_others_counted() -> None:
    (found,) = paired_tasks(scored_run("a", SCORES), scored_run("b", {"t": {"s2": 1.0, "s3": 1.0, "s4": 1.0}}))
    assert isinstance(found, PairedTask)
    assert found.pairs == (("s2", "s2"), ("s3", "s3"))
    assert (found.only_first, found.only_second, found.changed, found.differences) == (1, 1, 0, ())


def test_differences_of_the_settings_are_named() -> None:
    other = with_measurement(scored_run("b", SCORES), shots=5, temperature=0.7, output_budget=100, chat=True)
    (found,) = paired_tasks(scored_run("a", SCORES), other)
    assert isinstance(found, PairedTask)
    assert found.differences == (
        "worked examples: 0 and 5", "chat format: no and yes", "temperature: 0.0 and 0.7",
        "token limit of an answer: not set and 100",
    )  # fmt: skip


def stopped(run: ScoredRun, ended: str) -> ScoredRun:
    first = run.measured[0]
    scores = MeasuredScores(first.measurement, first.scorer, first.samples, ended)  # type: ignore[arg-type]
    return ScoredRun(**{**run.__dict__, "measured": (scores,)})


def test_what_a_test_of_scores_stopped_is_refused() -> None:
    (found,) = paired_tasks(scored_run("a", SCORES), stopped(scored_run("b", SCORES), "scores"))
    assert isinstance(found, Refused)
    assert "stopped b early" in found.reason
    assert isinstance(paired_tasks(scored_run("a", SCORES), stopped(scored_run("b", SCORES), "budget"))[0], PairedTask)


def test_two_judges_are_refused() -> None:
    def judged(name: str, judge: str) -> ScoredRun:
        run = scored_run(name, SCORES, judge=PlannedModel(identity=ModelIdentity(uri=f"gguf:{judge}", name=judge)))
        scores = MeasuredScores(run.measured[0].measurement, "rubric@1", run.measured[0].samples)
        return ScoredRun(**{**run.__dict__, "measured": (scores,)})

    (found,) = paired_tasks(judged("a", "one"), judged("b", "other"))
    assert isinstance(found, Refused)
    assert "two different judges" in found.reason
    assert isinstance(paired_tasks(judged("a", "one"), judged("b", "one"))[0], PairedTask)


def test_tasks_of_one_alone() -> None:
    one, other = scored_run("a", {"t": {"s": 1.0}, "u": {"s": 1.0}}), scored_run("b", {"t": {"s": 1.0}})
    assert tasks_of_one(one, other) == (("u",), ())


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return run_sums(sums_file(tmp_path, 30), tmp_path / "first", wrong=60)


def paired(first: Path, second: Path) -> PairedTask | Refused:
    (found,) = paired_tasks(read_run(str(first))[0], read_run(str(second))[0])
    return found


def test_rows_in_another_order_are_paired_by_their_content(run: Path, tmp_path: Path) -> None:
    """The ids of a file of questions are its rows': they name other questions once it was sorted."""
    lines = (tmp_path / "sums.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "sums.jsonl").write_text("".join(reversed(lines)))
    found = paired(run, run_sums(tmp_path / "sums.jsonl", tmp_path / "second", wrong=60, name="first"))
    assert isinstance(found, PairedTask)
    assert len(found.pairs) == 30
    assert all(one.low == other.low for one, other in found.answers())
    assert dict(found.pairs)["sums/row/1"] != "sums/row/1"


def test_a_changed_question_is_not_the_same_sample(run: Path, tmp_path: Path) -> None:
    text = (tmp_path / "sums.jsonl").read_text().replace("What is 1 +", "Tell me: What is 1 +")
    (tmp_path / "sums.jsonl").write_text(text)
    found = paired(run, run_sums(tmp_path / "sums.jsonl", tmp_path / "second", wrong=60))
    assert isinstance(found, PairedTask)
    assert (len(found.pairs), found.changed) == (29, 1)


def test_another_temperature_and_instruction_ask_the_same_samples(run: Path, tmp_path: Path) -> None:
    options = ["--instruction", "Think.", "--temperature", "0.5"]
    found = paired(run, run_sums(tmp_path / "sums.jsonl", tmp_path / "second", wrong=60, options=options))
    assert isinstance(found, PairedTask)
    assert len(found.pairs) == 30
    assert any(each.startswith("temperature") for each in found.differences)
