"""Likelihoods in a journal, made again from the texts by whoever has the weights; forged ones are named."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute as steelyard
from steelyard.errors import ExitCode, InputError, VerificationError
from steelyard.evidence.canonical import canonical
from steelyard.models import Settings
from steelyard.models.reference import ReferenceModel, open_reference
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from steelyard_forensics.verify_by_weights import HeldAgain, by_weights
from testkit.resealing import records_of, reseal, with_new_reports

SHEET = """model: small
claims:
  - {task: word_sequence_reversal, value: 10, unit: percent, protocol: {prompt: completion}}
"""
TEXTS = 3


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, smollm2: Path) -> Path:
    """An audit of the reference itself, of few texts."""
    folder = tmp_path_factory.mktemp("weights")
    (folder / "claims.yaml").write_text(SHEET)
    command = ["audit", str(folder / "claims.yaml"), "--model", "embedded:smollm2"]
    command += ["--model", "reference=embedded:smollm2", "--detect", "identity", "--limit", str(TEXTS)]
    assert steelyard([*command, "--out", str(folder / "run")]) == ExitCode.UNDECIDED
    return folder / "run"


@pytest.fixture(scope="module")
def reference(run: Path) -> Iterator[ReferenceModel]:
    opened = open_reference("embedded:smollm2", Settings())
    yield opened
    asyncio.run(opened.close())


def again(run: Path, reference: ReferenceModel) -> list[HeldAgain]:
    """The scores of a run, made again."""
    return asyncio.run(by_weights(RunFolder.open(run), recompute(run).verdict, {"reference": reference}))


def test_the_weights_give_the_scores_that_were_sealed(run: Path, reference: ReferenceModel) -> None:
    (held,) = again(run, reference)
    assert (held.test, held.word, held.scores) == ("identity", "insufficient power", TEXTS * 14)
    assert held.furthest < 1e-3


def forged(run: Path, folder: Path, share: Any) -> Path:
    """The run with other likelihoods, all of its seals made again."""
    bundle = Path(shutil.copytree(run, folder / "run"))
    records = records_of(bundle)
    scores = [json.loads(line) for line in (bundle / "scores.jsonl").read_bytes().splitlines()]
    for each in (*(record for record in records if record["type"] == "score"), *scores):
        if each["scorer"].startswith("likelihood["):
            each["value"] = share(each["value"])
    (bundle / "scores.jsonl").write_bytes(b"".join(canonical(each) + b"\n" for each in scores))
    return with_new_reports(reseal(bundle, records=records))


def test_forged_likelihoods_that_accuse_verify_without_the_weights_and_not_with_them(
    run: Path, reference: ReferenceModel, tmp_path: Path
) -> None:
    bundle = forged(run, tmp_path, lambda share: 0.99)
    assert recompute(bundle).verdict.exit == ExitCode.INCONSISTENT
    with pytest.raises(VerificationError, match="by these weights the test identity says"):
        again(bundle, reference)


def test_forged_likelihoods_that_lean_a_little_are_refused(
    run: Path, reference: ReferenceModel, tmp_path: Path
) -> None:
    bundle = forged(run, tmp_path, lambda share: round(max(0.0, share - 0.02), 6))
    with pytest.raises(VerificationError, match="to one side"):
        again(bundle, reference)


def test_other_weights_and_a_run_without_a_reference_are_refused(run: Path, reference: ReferenceModel) -> None:
    golden = Path(__file__).parents[3] / "tests" / "assets" / "golden"
    with pytest.raises(InputError, match="no score that was made by the weights"):
        asyncio.run(by_weights(RunFolder.open(golden), recompute(golden).verdict, {"reference": reference}))
    other = open_reference(f"gguf:{reference.requantised('Q2_K')[0]}", Settings())
    try:
        with pytest.raises(InputError, match="these weights have the SHA-256"):
            again(run, other)
    finally:
        asyncio.run(other.close())


def test_the_command_says_what_the_weights_gave(run: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code = steelyard(["verify", str(run), "--no-pages"])
    capfd.readouterr()
    assert steelyard(["verify", str(run), "--no-pages", "--model", "reference=embedded:smollm2", "--json"]) == code
    facts = json.loads(capfd.readouterr().out)
    assert facts["by_weights"][0]["test"] == "identity"
    assert steelyard(["verify", str(run), "--model", "embedded:smollm2"]) == ExitCode.BAD_INPUT
    assert "reference=gguf:PATH" in capfd.readouterr().err
