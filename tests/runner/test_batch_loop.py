"""The loop of batches at its edges: budgets, whole batches that fail or expire, and measurements that are given up."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from steelyard.cli import execute as steelyard
from steelyard.records import Outcome
from steelyard.runner import batch_waiting
from steelyard.storage.journal.lines import Stop
from testkit.batch_server import KINDS, serving
from tests.auditing.test_batches import QUICK, attempts, records, run_of, sums_asked

Sums = tuple[Path, float]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in QUICK.items():
        monkeypatch.setattr(batch_waiting, name, value)


def test_a_budget_is_not_exceeded_and_ends_the_run(sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with serving("openai") as server:
        command = run_of("openai", server, sums_file[0], run, "--max-tokens", "4000", "--output-tokens", "40")
        assert steelyard(command) == 3
        sizes = [len(batch.lines) for batch in server.made]
    made = attempts(run)
    assert sum(each.prompt_tokens + each.completion_tokens for each in made) <= 4_000
    assert 0 < len(made) == sum(sizes) < 900
    last = records(run)[-1]
    assert isinstance(last, Stop)
    assert last.reason == "budget"
    assert steelyard(["verify", str(run)]) == 0


def test_a_batch_that_expires_whole_ends_the_run_and_makes_nothing_missing(sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with serving("anthropic") as server:
        server.fate = lambda prompt, times: "expired"
        assert steelyard(run_of("anthropic", server, sums_file[0], run, "--limit", "40")) == 4
        assert {each.final for each in attempts(run)} == {False}
        server.fate = lambda prompt, times: "answered"
        assert steelyard(["resume", str(run)]) == 0
        assert set(sums_asked(server).values()) == {1}
    assert steelyard(["verify", str(run)]) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_lines_that_nobody_cancelled_are_asked_five_times_and_no_more(
    kind: str, sums_file: Sums, tmp_path: Path
) -> None:
    run, made = tmp_path / "run", Counter[str]()
    with serving(kind) as server:

        def fate(prompt: str, times: int) -> str:
            made[prompt] += 1
            return "cancelled" if " + 49" in prompt else "answered"

        server.fate = fate
        assert steelyard(run_of(kind, server, sums_file[0], run, "--limit", "100")) == 4
    hostile = {prompt: times for prompt, times in made.items() if " + 49" in prompt}
    assert set(hostile.values()) == {5}
    missing = [each for each in attempts(run) if each.final and not each.outcome.answered]
    assert len(missing) == len(hostile) > 0
    assert {each.detail for each in missing} == {"cancelled before it was asked, as the provider says"}
    assert steelyard(["verify", str(run)]) == 0


def test_a_provider_that_cancels_all_ends_the_run_and_makes_nothing_missing(sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with serving("openai") as server:
        server.fate = lambda prompt, times: "cancelled"
        assert steelyard(run_of("openai", server, sums_file[0], run, "--limit", "40")) == 4
        assert len(server.made) == 1
        server.fate = lambda prompt, times: "answered"
        assert steelyard(["resume", str(run)]) == 0
    assert steelyard(["verify", str(run)]) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_whose_id_cannot_be_one_is_not_made_again(kind: str, sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with serving(kind) as server:
        server.id_of = lambda batch: f"{batch} of ours"
        assert steelyard(run_of(kind, server, sums_file[0], run, "--limit", "40")) == 4
        assert len(server.made) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_empty_lines_of_results_are_none(kind: str, sums_file: Sums, tmp_path: Path) -> None:
    with serving(kind) as server:
        server.extra = [b"\n", b"\r\n"] * 1_500
        assert steelyard(run_of(kind, server, sums_file[0], tmp_path / "run", "--limit", "40")) == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", [0, 2_000])
def test_results_that_break_off_are_read_again(kind: str, cut: int, sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with serving(kind) as server:
        server.cut_after = cut
        assert steelyard(run_of(kind, server, sums_file[0], run, "--limit", "32")) == 0
        assert server.cut_after == -1
        assert set(sums_asked(server).values()) == {1}
    made = attempts(run)
    assert len(made) == len({each.sample for each in made}) == 32
    assert steelyard(["verify", str(run)]) == 0


def test_samples_that_all_fail_while_the_endpoint_answers_are_given_up(
    sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    with serving("openai") as server:
        server.fate = lambda prompt, times: "failed"
        assert steelyard(run_of("openai", server, sums_file[0], run)) == 4
        assert len(server.made) == 1
        assert "32 samples of 00-sums failed in one batch" in " ".join(capsys.readouterr().err.split())
        server.fate = lambda prompt, times: "answered"
        assert steelyard(["resume", str(run)]) == 0
    assert steelyard(["verify", str(run)]) == 0


def test_a_few_samples_that_always_fail_are_missing_after_five_batches(sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with serving("openai") as server:
        server.fate = lambda prompt, times: "failed" if " + 49" in prompt else "answered"
        assert steelyard(run_of("openai", server, sums_file[0], run, "--limit", "600")) == 4
        most = max(sums_asked(server).values())
    ends = Counter((each.outcome, each.final) for each in attempts(run))
    assert most == 5
    assert ends[Outcome.SERVER_ERROR, False] == 4 * ends[Outcome.SERVER_ERROR, True] > 0
    assert steelyard(["verify", str(run)]) == 0


def test_what_an_api_does_not_take_is_not_sent(sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with serving("anthropic") as server:
        hot = ["--limit", "20", "--temperature", "1.5"]
        assert steelyard(run_of("anthropic", server, sums_file[0], run, *hot)) == 4
        assert server.made == []
    assert {(each.outcome, each.batch, each.final) for each in attempts(run)} == {(Outcome.CLIENT_ERROR, 0, True)}
    assert steelyard(["verify", str(run)]) == 0


@pytest.mark.parametrize("fate", ["failed", "expired", "cancelled"])
def test_an_audit_by_batches_asks_again_what_failed(fate: str, sums_file: Sums, tmp_path: Path) -> None:
    """Items that are not served are found by batches, too, whatever the provider calls it that it leaves them out."""
    run, sheet = tmp_path / "run", tmp_path / "sheet.yaml"
    sheet.write_text('model: adder\nvendor: tests\nclaims:\n  - {task: sums, value: "80.0"}\n')
    with serving("openai") as server:
        server.fate = lambda prompt, times: fate if "7 + " in prompt else "answered"
        code = steelyard(
            ["audit", str(sheet), "--model", f"openai:sums@{server.url}", "--task", str(sums_file[0]),
             "--out", str(run), "--batch"]
        )  # fmt: skip
    assert code == 1
    assert {each.measurement for each in attempts(run)} >= {"00-sums"}
    assert any("again" in each.measurement or each.measurement != "00-sums" for each in attempts(run))
    assert "not_served" in {each["check"] for each in json.loads((run / "report.json").read_bytes())["findings"]}
    assert steelyard(["verify", str(run)]) == 0
