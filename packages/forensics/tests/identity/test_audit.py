"""``steelyard identify`` against real llama.cpp servers: another file, the file itself, a kill, a ledger, tampering."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from steelyard.cli import execute as steelyard
from steelyard.detectors.levels import Levels
from steelyard.errors import ExitCode, VerificationError
from steelyard.evidence.canonical import without_defaults
from steelyard.models import Settings
from steelyard.models.reference import open_reference
from steelyard.planning import orders
from steelyard.records import Plan, RecordedScore, Verdict, VerdictWord
from steelyard.stats.series import series_share
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from testkit.fixtures import SumsServer, llama_serving
from testkit.resealing import reseal


def command_of(run: Path, address: str, *more: str) -> list[str]:
    models = ["--model", f"openai:small@{address}", "--model", "reference=embedded:smollm2"]
    return ["identify", *models, "--out", str(run), *more]


def verdict_of(run: Path) -> tuple[Plan, Verdict]:
    return RunFolder.open(run).plan, recompute(run).verdict


def words(verdict: Verdict) -> dict[str, VerdictWord]:
    return {result.test: result.word for result in verdict.results}


def scored(run: Path) -> int:
    """How many scores by the weights the journal holds."""
    if not (run / "journal").is_dir():
        return 0
    return sum(isinstance(record, RecordedScore) for record, _ in read_lines(run))


@pytest.fixture(scope="module")
def own(smollm2: Path) -> Iterator[str]:
    """The address of a server of the reference's own file."""
    with llama_serving(smollm2) as address:
        yield address


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A check of an endpoint that serves the Q2_K requantisation of what it is said to serve."""
    run = tmp_path_factory.mktemp("another") / "run"
    reference = open_reference("embedded:smollm2", Settings())
    path, _ = reference.requantised("Q2_K")
    asyncio.run(reference.close())
    with pytest.MonkeyPatch.context() as patch, llama_serving(path) as address:
        patch.setattr(orders, "secrets", SimpleNamespace(token_hex=lambda size: "5eed"))
        assert (
            steelyard(command_of(run, address, "--texts", "30", "--prompts", "20", "--concurrency", "1"))
            == ExitCode.INCONSISTENT
        )
    return run


def test_another_file_is_found_in_both_ways_with_half_of_the_level_each(another: Path) -> None:
    plan, verdict = verdict_of(another)
    assert (plan.sheet, plan.kind) == (None, "audit")
    assert [each.detector for each in plan.requested] == ["identity", "next_token"]
    assert [test.weight for test in plan.tests] == [0.5, 0.5]
    assert [each.planned for each in plan.measurements] == [30, 20]
    assert plan.subject.capabilities.next_tokens == 20
    assert {finding.detector for finding in verdict.findings} == {"identity", "next_token"}
    assert (verdict.verdict, verdict.exit) == (VerdictWord.INCONSISTENT, ExitCode.INCONSISTENT)


def test_the_report_says_what_was_shown_and_what_it_cannot_see(another: Path) -> None:
    for name in ("report.md", "report.html"):
        page = " ".join(f"<header>{(another / name).read_text()}".replace("\\", "").replace("&#39;", "'").split())
        assert "what the endpoint expects next is not what the reference's weights expect" in page
        assert "Held against the reference" in page
        assert "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53" in page
        for said in (" claim", "desk screen", "Measured scores", "Further tests"):
            assert said not in page.rpartition("<header>")[2].partition("What was asked")[0]
    assert "says neither which model is served, nor why" in page
    assert "may serve the file to us and something else to others" in page
    assert "with a chance of at most 5 % (weighted Holm over both tests)" in page
    assert json.loads((another / "report.json").read_text())["reference"].startswith("Smollm2 135M")


def test_a_stranger_recomputes_the_verdict(another: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert steelyard(["verify", str(another)]) == ExitCode.CONSISTENT
    said = capsys.readouterr().out
    assert "verdict recomputed: inconsistent; report pages redrawn and equal" in said
    assert "scores made by the reference's weights" in said


@pytest.mark.slow
def test_whoever_has_the_weights_makes_the_same_scores(another: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert steelyard(["verify", str(another), "--model", "reference=embedded:smollm2"]) == ExitCode.CONSISTENT
    said = capsys.readouterr().out
    assert "by the weights: identity: inconsistent" in said
    assert "by the weights: next_token: inconsistent" in said


def test_what_was_asked_and_what_came_can_be_read(another: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert steelyard(["show", str(another), "--limit", "3"]) == ExitCode.CONSISTENT
    said = capsys.readouterr().out
    assert said.count("  prompt ") == 3
    assert "--limit 0 shows all" in said
    assert steelyard(["show", str(another), "--json"]) == ExitCode.CONSISTENT
    found = json.loads(capsys.readouterr().out)
    assert {each["by"] for each in found["answers"]} == {"text", "next tokens"}
    assert steelyard(["show", str(another), "--wrong"]) == ExitCode.BAD_INPUT
    assert "--wrong: in an identity check nothing is right or wrong" in capsys.readouterr().err


def bare(model: dict[str, Any]) -> dict[str, Any]:
    """A sealed model of which nothing was found out."""
    return {key: value for key, value in model.items() if key != "capabilities"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda plan: plan["requested"].pop(0), "detectors that planned are not those"),
        (lambda plan: plan["requested"].pop(), "next_tokens is set"),
        (lambda plan: plan["requested"].reverse(), "one of its ways twice|not those of the tests"),
        (lambda plan: plan["requested"].append(plan["requested"][0]), "one of its ways twice"),
        (lambda plan: plan["requested"].append({"detector": "gate", "task": "t"}), "other tests beside identity"),
        (lambda plan: plan["requested"][0]["options"].update(limit=60), "population is|limit is|samples"),
        (lambda plan: plan["requested"][0].update(options={"limit": 0}), "identity has one option, limit"),
        (lambda plan: plan["requested"][1]["options"].update(most=3), "next_token has one option, limit"),
        (lambda plan: plan["requested"][0].update(task="gsm8k"), "identity has one option, limit"),
        (lambda plan: plan.update(alpha=0.2), "identity is checked at 0.05 at most"),
        (lambda plan: plan.update(alpha=0.01), "not the page|report|journal|word"),
        (lambda plan: plan["tests"][0].update(weight=0.9), "weights"),
        (lambda plan: plan["tests"].pop(), "weights|the test next_token is not planned"),
        (lambda plan: plan.update(detect_weight="0.2"), "detect_weight is set"),
        (lambda plan: plan.update(detect=["identity"]), "detect is set"),
        (lambda plan: plan["models"].update(judge=bare(plan["models"]["subject"])), "one model and its reference"),
        (lambda plan: plan["models"].pop("reference"), "one model and its reference"),
        (lambda plan: plan["models"]["subject"]["capabilities"].pop("next_tokens"), "next_tokens were to be"),
        (lambda plan: plan["models"]["subject"]["capabilities"].update(next_tokens=9), "not the page|enough|journal"),
        (lambda plan: plan["models"]["subject"]["capabilities"].update(repeats_identical=[0.7]), "nothing asks for"),
        (lambda plan: plan["models"]["subject"]["capabilities"].update(repeats_identical=[1.0]), "hang together"),
        (lambda plan: plan["measurements"][0].update(seed="0" * 64), "seed is"),
        (lambda plan: plan["measurements"][1].update(samples_root="0" * 64), "samples_root is"),
        (lambda plan: plan["tests"][0]["sealed"].update(within="0.9"), "within|likelihoods|sealed"),
        (lambda plan: plan["tests"][1]["sealed"].update(far="0.9"), "far does not"),
    ],
)
def test_what_was_changed_in_a_sealed_check_is_named(
    another: Path, tmp_path: Path, change: Callable[[Any], None], said: str
) -> None:
    bundle = Path(shutil.copytree(another, tmp_path / "run"))
    plan = without_defaults(RunFolder.open(bundle).plan)
    change(plan)
    with pytest.raises(VerificationError, match=said):
        recompute(reseal(bundle, plan=plan))


def test_the_file_itself_is_consistent_also_after_a_kill(own: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, "-m", "steelyard", *command_of(run, own, "--by", "next_token")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 300
    while not scored(run) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = scored(run)
    assert not RunFolder.open(run).is_sealed
    assert steelyard(["resume", str(run)]) == ExitCode.CONSISTENT
    assert 0 < before < scored(run)
    plan, verdict = verdict_of(run)
    assert words(verdict) == {"next_token": VerdictWord.CONSISTENT}
    assert (plan.tests[0].weight, verdict.findings) == (1.0, ())
    assert "does not differ from what the reference's weights give by more" in (run / "report.md").read_text()
    assert "Consistent does not mean the same weights" in (run / "report.md").read_text()


@pytest.mark.slow
def test_few_texts_of_the_file_itself_are_undecided(own: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert steelyard(command_of(run, own, "--by", "texts", "--texts", "3", "--alpha", "0.01")) == ExitCode.UNDECIDED
    plan, verdict = verdict_of(run)
    assert (plan.alpha, plan.subject.capabilities.next_tokens) == (0.01, 0)
    assert words(verdict) == {"identity": VerdictWord.INSUFFICIENT_POWER}
    assert verdict.findings == ()
    assert "what was read does not decide" in (run / "report.md").read_text()


def test_each_check_of_an_endpoint_is_counted_and_costs_level(
    own: str, tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [tmp_path / name for name in ("first", "second")]
    for run in runs:
        few = ("--by", "next_token", "--prompts", "2")
        assert steelyard(command_of(run, own, *few)) == ExitCode.UNDECIDED
    plans = [RunFolder.open(run).plan for run in runs]
    assert [plan.number_of(plan.tests[0]) for plan in plans] == [1, 2]
    assert plans[0].measurements[0].seed != plans[1].measurements[0].seed
    levels = [Levels.of(plan.tests[0], plan).accuse for plan in plans]
    assert levels == pytest.approx([0.05 * series_share(1), 0.05 * series_share(2)])
    capsys.readouterr()
    assert steelyard(["verify", *map(str, runs)]) == ExitCode.CONSISTENT
    said = capsys.readouterr().out
    assert "The second audit of these questions with this key." in said
    page = (runs[0] / "report.md").read_text()
    assert "hold over all such checks and audits of this endpoint with this key together" in page


def test_an_endpoint_with_chat_alone_is_not_testable(tmp_path: Path, sums_server: SumsServer) -> None:
    run = tmp_path / "run"
    assert steelyard(command_of(run, sums_server.url)) == ExitCode.UNDECIDED
    plan, verdict = verdict_of(run)
    assert (verdict.verdict, verdict.results, plan.tests) == (VerdictWord.NOT_TESTABLE, (), ())
    page = (run / "report.md").read_text()
    assert "this endpoint cannot be held against the reference" in page
    assert "it has no plain completions" in page
    assert "next tokens were not compared" in page
    assert steelyard(["verify", str(run)]) == ExitCode.CONSISTENT
