"""Texts against the weights of a reference, by the real command against a real llama.cpp server."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import sys
import time
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
from testkit.fixtures import llama_serving
from testkit.resealing import reseal

# Slow: the fast run has the same test by `identify` in test_identity_checks.py, its scores in an audit in
# packages/forensics/tests/test_verify_by_weights.py, and what is changed in a sealed audit with a reference in
# test_next_token.py.
pytestmark = pytest.mark.slow
SHEET = """model: small
claims:
  - {task: word_sequence_reversal, value: 10, unit: percent, protocol: {prompt: completion}}
"""


def command_of(folder: Path, address: str) -> list[str]:
    claims = folder / "claims.yaml"
    claims.write_text(SHEET)
    models = ["--model", f"openai:small@{address}", "--model", "reference=embedded:smollm2"]
    return ["audit", str(claims), *models, "--detect", "identity", "--out", str(folder / "run")]


def audit(folder: Path, address: str, *more: str) -> int:
    return steelyard([*command_of(folder, address), *more])


def verdict_of(folder: Path) -> tuple[Plan, Verdict]:
    run = RunFolder.open(folder / "run")
    return run.plan, recompute(folder / "run").verdict


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory, smollm2: Path) -> Path:
    """An endpoint that serves the Q2_K requantisation of what it is said to serve."""
    folder = tmp_path_factory.mktemp("another")
    reference = open_reference("embedded:smollm2", Settings())
    path, _ = reference.requantised("Q2_K")
    asyncio.run(reference.close())
    with pytest.MonkeyPatch.context() as patch, llama_serving(path) as address:
        patch.setattr(orders, "secrets", SimpleNamespace(token_hex=lambda size: "5eed"))
        assert audit(folder, address, "--limit", "22") == ExitCode.INCONSISTENT
    return folder


def test_another_model_is_found_and_the_report_says_what_was_shown(another: Path) -> None:
    _, verdict = verdict_of(another)
    (finding,) = verdict.findings
    assert (finding.detector, finding.task) == ("identity", "neutral_prompts")
    assert (finding.n or 99) <= 22
    page = (another / "run" / "report.md").read_text().replace("\\", "")
    assert "the texts that the endpoint drew are not the reference's" in page
    assert "its requantisation to Q2_K explains them best" in page
    assert "texts that it drew were held against the weights of the reference" in page
    assert "neutral_prompts, completion" not in page


def test_no_prompt_came_twice_and_every_likelihood_is_in_the_journal(another: Path) -> None:
    plan, _ = verdict_of(another)
    asked = next(each for each in plan.measurements if each.drawn)
    records = [record for record, _ in read_lines(another / "run")]
    prompts = [each.item for each in records if isinstance(each, Attempt) and each.measurement == asked.id]
    assert len(set(prompts)) == len(prompts)
    found = [each for each in records if isinstance(each, RecordedScore)]
    assert len(found) == len(prompts) * len(asked.scorers)
    assert all(each.value is None or 0 <= each.value < 1 for each in found)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda plan: plan["measurements"][-1].update(seed="0" * 64), "seed is"),
        (lambda plan: plan["measurements"][-1].update(samples_root="0" * 64), "samples_root is"),
        (lambda plan: plan["measurements"][-1].update(population=199), r"population|samples"),
        (lambda plan: plan["measurements"][-1].update(drawn="twins"), "drawn is|test identity|likelihoods"),
        (lambda plan: plan["measurements"][-1].update(arm="others"), "arm is"),
        (lambda plan: plan["measurements"][-1].update(temperature=0.7), "temperature is|likelihoods"),
        (lambda plan: plan["measurements"][-1].update(share=0.1), "share does not follow"),
        (lambda plan: plan["measurements"][-1].update(scorers=["likelihood[Q8_0]@1"]), "scorers|reads|scores"),
        (lambda plan: plan["tests"][-1].update(weight=0.4), "weights"),
        (lambda plan: plan["tests"][-1]["sealed"].update(within="0.9"), "within|likelihoods|sealed"),
        (lambda plan: plan["tests"][-1]["sealed"].update(reference="0" * 64), "reference|likelihoods|sealed"),
        (lambda plan: plan["models"]["reference"]["identity"].update(sha256="0" * 64), "identity|sealed|likelihoods"),
        (lambda plan: plan["models"]["reference"]["capabilities"].update(likelihood_of=["Q2_K"]), "likelihood_of"),
        (lambda plan: plan["models"]["subject"]["capabilities"].update(completions=False), "can|completions|served"),
        (lambda plan: plan["tests"].pop(), "does not go with its tests"),
        (lambda plan: plan.pop("detect"), "not the page that this journal gives"),
        (lambda plan: plan["served"].pop(), "nothing is planned for identity"),
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


def test_a_run_that_was_stopped_goes_on_with_the_weights(tmp_path: Path, smollm2: Path) -> None:
    run = tmp_path / "run"
    with llama_serving(smollm2) as address:
        process = subprocess.Popen(
            [sys.executable, "-m", "steelyard", *command_of(tmp_path, address), "--limit", "12"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 300
        while not scored(run) and time.monotonic() < until:
            time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
        process.wait()
        before = scored(run)
        assert steelyard(["resume", str(run)]) in (ExitCode.UNDECIDED, ExitCode.CONSISTENT)
    assert 0 < before < scored(run)
    _, verdict = verdict_of(tmp_path)
    assert verdict.findings == ()
    (result,) = [each for each in verdict.results if each.rule == "identity@2"]
    assert "12 texts were read" in result.reason


def scored(run: Path) -> int:
    """How many likelihoods the journal holds."""
    if not (run / "journal").is_dir():
        return 0
    return sum(isinstance(record, RecordedScore) for record, _ in read_lines(run))


def test_the_reference_itself_by_another_server_is_not_accused(tmp_path: Path, smollm2: Path) -> None:
    with llama_serving(smollm2) as address:
        assert audit(tmp_path, address, "--limit", "60") in (ExitCode.CONSISTENT, ExitCode.UNDECIDED)
    _, verdict = verdict_of(tmp_path)
    assert verdict.findings == ()
    (result,) = [each for each in verdict.results if each.rule == "identity@2"]
    assert result.word is VerdictWord.CONSISTENT
