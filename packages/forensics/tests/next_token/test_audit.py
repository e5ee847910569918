"""Next tokens against the weights of a reference, by the real command against a real llama.cpp server."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from steelyard.cli import execute as steelyard
from steelyard.errors import ExitCode, VerificationError
from steelyard.evidence.canonical import without_defaults
from steelyard.models import Settings
from steelyard.models.reference import open_reference
from steelyard.planning import orders
from steelyard.records import Attempt, Plan, RecordedScore, Verdict, VerdictWord
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from steelyard_forensics.verify_by_weights import by_weights
from testkit.fixtures import llama_serving
from testkit.resealing import reseal

SHEET = """model: small
claims:
  - {task: word_sequence_reversal, value: 10, unit: percent, protocol: {prompt: completion}}
"""


def command_of(folder: Path, address: str) -> list[str]:
    claims = folder / "claims.yaml"
    claims.write_text(SHEET)
    models = ["--model", f"openai:small@{address}", "--model", "reference=embedded:smollm2"]
    return ["audit", str(claims), *models, "--detect", "next_token", "--out", str(folder / "run")]


def verdict_of(folder: Path) -> tuple[Plan, Verdict]:
    return RunFolder.open(folder / "run").plan, recompute(folder / "run").verdict


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory, smollm2: Path) -> Path:
    """An endpoint that serves the Q2_K requantisation of what it is said to serve."""
    folder = tmp_path_factory.mktemp("another")
    reference = open_reference("embedded:smollm2", Settings())
    path, _ = reference.requantised("Q2_K")
    asyncio.run(reference.close())
    with pytest.MonkeyPatch.context() as patch, llama_serving(path) as address:
        patch.setattr(orders, "secrets", SimpleNamespace(token_hex=lambda size: "5eed"))
        assert steelyard([*command_of(folder, address), "--limit", "10"]) == ExitCode.INCONSISTENT
    return folder


def test_another_model_is_found_and_the_report_says_what_was_shown(another: Path) -> None:
    plan, verdict = verdict_of(another)
    (finding,) = verdict.findings
    assert (finding.detector, finding.task) == ("next_token", "neutral_prompts")
    assert (finding.n or 99) <= 10
    assert plan.subject.capabilities.next_tokens == 20
    page = (another / "run" / "report.md").read_text().replace("\\", "")
    assert "what the endpoint expects next is not what the reference's weights expect" in page
    assert "may be so far off after 5 % of prompts" in page
    assert "its log-probabilities of next tokens were held against" in page
    assert "neutral_prompts, next_token" not in page


def test_no_prompt_came_twice_and_every_distance_is_in_the_journal(another: Path) -> None:
    plan, _ = verdict_of(another)
    asked = next(each for each in plan.measurements if each.drawn)
    records = [record for record, _ in read_lines(another / "run")]
    attempts = [each for each in records if isinstance(each, Attempt) and each.measurement == asked.id]
    assert len({each.item for each in attempts}) == len(attempts)
    assert all(len(each.logprobs) == 20 and max(each.logprobs) <= 0 for each in attempts)
    found = [each for each in records if isinstance(each, RecordedScore)]
    assert len(found) == 2 * len(attempts)
    assert all(each.value is not None and 0 <= each.value <= 1 for each in found)


def test_a_stranger_is_told_what_was_not_recomputed(another: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert steelyard(["verify", str(another / "run")]) == ExitCode.CONSISTENT
    assert "scores made by the reference's weights" in capsys.readouterr().out


def test_whoever_has_the_weights_makes_the_same_distances(another: Path) -> None:
    reference = open_reference("embedded:smollm2", Settings())
    run = RunFolder.open(another / "run")
    (held,) = asyncio.run(by_weights(run, verdict_of(another)[1], {"reference": reference}))
    asyncio.run(reference.close())
    assert (held.test, held.word) == ("next_token", "inconsistent")
    assert held.scores > 0
    assert held.furthest < 0.2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda plan: plan["measurements"][-1].update(seed="0" * 64), "seed is"),
        (lambda plan: plan["measurements"][-1].update(samples_root="0" * 64), "samples_root is"),
        (lambda plan: plan["measurements"][-1].update(kind="generate"), "kind is|distances|does not follow"),
        (lambda plan: plan["measurements"][-1].update(prompt="completion"), "prompt is|kind|served"),
        (lambda plan: plan["measurements"][-1].update(arm="prompts"), "arm is"),
        (lambda plan: plan["measurements"][-1].update(share=0.1), "share does not follow"),
        (lambda plan: plan["tests"][-1].update(weight=0.4), "weights"),
        (lambda plan: plan["tests"][-1]["sealed"].update(far="0.9"), "far does not"),
        (lambda plan: plan["tests"][-1]["sealed"].update(tolerance="0.01"), "tolerance|distances|sealed"),
        (lambda plan: plan["tests"][-1]["sealed"].update(within="0.9"), "within|distances|sealed"),
        (lambda plan: plan["models"]["reference"]["identity"].update(sha256="0" * 64), "reference does not follow"),
        (lambda plan: plan["models"]["subject"]["capabilities"].pop("next_tokens"), "next_tokens"),
        (lambda plan: plan["models"]["subject"]["capabilities"].update(next_tokens=21), "no more than 20"),
        (lambda plan: plan["models"]["subject"]["capabilities"].update(next_tokens_reason="x"), "why it is not"),
        (lambda plan: plan["models"]["reference"]["capabilities"].update(next_tokens=20), "nothing was looked for"),
        (lambda plan: plan["tests"].pop(), "does not go with its tests"),
        (lambda plan: plan.pop("detect"), "nothing was looked for|not the page that this journal gives"),
        (lambda plan: plan["served"].pop(), "nothing is planned for next_token"),
    ],
)
def test_what_was_changed_in_a_sealed_test_is_named(
    another: Path, tmp_path: Path, change: Callable[[Any], None], said: str
) -> None:
    bundle = Path(shutil.copytree(another / "run", tmp_path / "run"))
    plan = without_defaults(RunFolder.open(bundle).plan)
    change(plan)
    with pytest.raises(VerificationError, match=said):
        recompute(reseal(bundle, plan=plan))


@pytest.mark.slow
def test_the_reference_itself_by_another_server_is_not_accused(tmp_path: Path, smollm2: Path) -> None:
    with llama_serving(smollm2) as address:
        assert steelyard(command_of(tmp_path, address)) in (ExitCode.CONSISTENT, ExitCode.UNDECIDED)
    _, verdict = verdict_of(tmp_path)
    assert verdict.findings == ()
    (result,) = [each for each in verdict.results if each.rule == "next_token@1"]
    assert result.word is VerdictWord.CONSISTENT
