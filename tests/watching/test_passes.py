"""What a pass came to, read from a real run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from steelyard.cli import execute
from steelyard.errors import VerificationError
from steelyard.stats.watching import make_baseline
from steelyard.storage.run_folder import RunFolder
from steelyard.watching.passes import baseline_from, baseline_line, facts_of, measurement_of, scores_of
from testkit.fixtures import SumsServer

Measured = Callable[..., RunFolder]


@pytest.fixture
def measured(sums_server: SumsServer, tmp_path: Path) -> Measured:
    """Runs 30 sums on the scripted server."""
    file = tmp_path / "thirty.jsonl"
    rows = [{"question": f"What is {n} + 1?", "answer": str(n + 1)} for n in range(30)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def measure(*more: str) -> RunFolder:
        out = tmp_path / "run"
        code = execute(["run", str(file), "--model", f"openai:sums@{sums_server.url}", "--out", str(out), *more])
        assert code in (0, 3, 4)
        return RunFolder.open(out)

    return measure


def test_a_whole_pass(measured: Measured) -> None:
    run = measured()
    wrong = sum(SumsServer.is_wrong(str(n), "1") for n in range(30))
    facts = facts_of(run)
    assert facts.low == facts.high == -(-(30 - wrong) * 10**6 // 30)
    assert (facts.items, facts.missing, facts.open, facts.reasoned) == (30, 0, 0, 0)
    assert (facts.served, facts.prompt_tokens, facts.answer_tokens) == (("sums",), 270, 2)
    assert sorted(map(bool, scores_of(run))) == [False] * wrong + [True] * (30 - wrong)


def test_missing_answers_have_two_bounds(measured: Measured, sums_server: SumsServer) -> None:
    sums_server.status = lambda prompt, times: 400 if "What is 7 +" in prompt else 200
    facts = facts_of(measured())
    assert facts.missing == 1
    assert facts.high - facts.low == pytest.approx(10**6 / 30, abs=1)


def test_answers_that_are_cut_off_are_open_and_not_right(measured: Measured, sums_server: SumsServer) -> None:
    sums_server.cut_off = True
    facts = facts_of(measured())
    assert (facts.open, facts.missing, facts.low, facts.high) == (30, 0, 0, 0)


def test_what_a_budget_left_unasked_is_missing(measured: Measured) -> None:
    facts = facts_of(measured("--limit", "20"))
    assert (facts.items, facts.missing) == (30, 10)


def test_a_run_with_repeats_is_no_pass(measured: Measured) -> None:
    run = measured()
    twice = run.plan.measurements[0]
    import msgspec

    plan = msgspec.structs.replace(run.plan, measurements=(msgspec.structs.replace(twice, repeats=2),))
    with pytest.raises(VerificationError, match="asks each item once"):
        measurement_of(plan)
    assert measurement_of(run.plan) == twice


def test_a_baseline_is_sealed_in_whole_numbers() -> None:
    scores = [[1.0] * (30 + n % 3) + [0.0] * (20 - n % 3) for n in range(12)]
    line = baseline_line(scores, 0.05, 3, "p", "now")
    made = make_baseline(scores, 0.05)
    again = baseline_from(line, 12, 0.05)
    assert (again.bound, again.bets, again.level) == (made.bound, made.bets, made.level)
    assert again.mean == pytest.approx(made.mean, abs=1e-6)
    with pytest.raises(ValueError, match="not above 0"):
        baseline_line([[0.0] * 20] * 10, 0.05, 3, "p", "now")
