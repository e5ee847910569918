"""Several files of which any may be served: the real command against real llama.cpp servers, and tampered evidence."""

from __future__ import annotations

import asyncio
import json
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
from steelyard.records import VerdictWord
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from testkit.fixtures import llama_serving
from testkit.resealing import reseal

# Slow: the fast run holds texts against one file in test_identity_checks.py, and against several in
# packages/forensics/tests/identity/, tests/scorers/test_likelihood.py and test_surprise.py.
pytestmark = pytest.mark.slow
TEXTS = "12"


@pytest.fixture(scope="module")
def files(smollm2: Path) -> dict[str, Path]:
    """The embedded file, and its requantisations."""
    reference = open_reference("embedded:smollm2", Settings())
    found = {kind: reference.requantised(kind)[0] for kind in ("Q2_K", "Q8_0")}
    asyncio.run(reference.close())
    return found | {"own": smollm2}


def identify(run: Path, address: str, files: dict[str, Path], *more: str) -> int:
    """A check by texts; the embedded file and its requantisation to 8 bits may be served."""
    models = ["--model", f"openai:small@{address}", "--model", "reference=embedded:smollm2"]
    models += ["--model", f"reference=gguf:{files['Q8_0']}"]
    return steelyard(["identify", *models, "--by", "texts", "--out", str(run), *more])


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory, files: dict[str, Path]) -> Path:
    """A check of an endpoint that serves neither of the files, but the requantisation to Q2_K."""
    run = tmp_path_factory.mktemp("files") / "run"
    with pytest.MonkeyPatch.context() as patch, llama_serving(files["Q2_K"]) as address:
        patch.setattr(orders, "secrets", SimpleNamespace(token_hex=lambda size: "5eed"))
        code = identify(run, address, files, "--texts", TEXTS, "--concurrency", "1")
    assert code == ExitCode.INCONSISTENT
    return run


def test_what_neither_file_explains_is_found_and_both_are_named(another: Path, files: dict[str, Path]) -> None:
    plan, verdict = RunFolder.open(another).plan, recompute(another).verdict
    (test,) = plan.tests
    digests = [plan.models[role].identity.sha256 for role in ("reference", "reference-2")]
    assert [test.sealed["reference"], *test.sealed["or"]] == digests
    (finding,) = verdict.findings
    assert all(digest[:16] in finding.message for digest in digests)
    assert all(digest in verdict.reference for digest in digests)
    page = (another / "report.md").read_text().replace("\\", "")
    assert "Any of the 2 files could be served, another one from request to request" in page
    assert "surplus of surprise by each file (no test reads it)" in page


def test_each_text_is_shown_with_its_surprise_by_either_file(another: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert steelyard(["show", str(another), "--limit", "1"]) == ExitCode.CONSISTENT
    said = capsys.readouterr().out
    assert "nat surplus of surprise (z = " in said
    assert "by the reference-2" in said
    assert steelyard(["show", str(another), "--json"]) == ExitCode.CONSISTENT
    answers = json.loads(capsys.readouterr().out)["answers"]
    assert set(answers[0]["surprise"]) == {"reference", "reference-2"}
    assert sum(each["surprise"]["reference"]["surplus"] for each in answers) > 0  # texts of Q2_K are less likely


def test_one_file_alone_makes_no_scores_again(another: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert steelyard(["verify", str(another)]) == ExitCode.CONSISTENT
    assert steelyard(["verify", str(another), "--model", "reference=embedded:smollm2"]) == ExitCode.BAD_INPUT
    assert "held texts against 2 files, and 1 are given" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda plan: plan["tests"][0]["sealed"].pop("or"), "or|sealed|likelihoods"),
        (lambda plan: plan["tests"][0]["sealed"].update({"or": ["0" * 64]}), "or|sealed|likelihoods"),
        (lambda plan: plan["models"]["reference-2"]["identity"].update(sha256="0" * 64), "sealed|likelihoods|identity"),
        (lambda plan: plan["models"]["reference-2"]["identity"].pop("sha256"), "sha256 is missing"),
        (lambda plan: plan["models"].pop("reference-2"), "reads|scorers|likelihoods|sealed|measurement"),
        (lambda plan: plan["models"].update({"reference-3": plan["models"].pop("reference-2")}), "reference-3|planned"),
        (
            lambda plan: plan["models"].update({"reference-x": plan["models"]["reference-2"]}),
            "reference-x: likelihood_of",
        ),
        (lambda plan: plan["measurements"][0]["scorers"].pop(), "scorers|reads|scores"),
    ],
)
def test_what_was_changed_about_the_files_is_named(
    another: Path, tmp_path: Path, change: Callable[[Any], None], said: str
) -> None:
    bundle = Path(shutil.copytree(another, tmp_path / "run"))
    plan = without_defaults(RunFolder.open(bundle).plan)
    change(plan)
    with pytest.raises(VerificationError, match=said):
        recompute(reseal(bundle, plan=plan))


def test_whoever_has_both_files_makes_the_same_scores(
    another: Path, files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    models = ["--model", "reference=embedded:smollm2", "--model", f"reference=gguf:{files['Q8_0']}"]
    assert steelyard(["verify", str(another), *models]) == ExitCode.CONSISTENT
    assert "by the weights: identity: inconsistent" in capsys.readouterr().out
    assert steelyard(["verify", str(another), *models[2:], *models[:2]]) == ExitCode.BAD_INPUT
    assert "these weights have the SHA-256" in capsys.readouterr().err


@pytest.mark.parametrize(("served", "parallel"), [("Q8_0", 1), ("own", 4)])
def test_either_file_is_confirmed_also_in_other_batches(
    served: str, parallel: int, files: dict[str, Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    with llama_serving(files[served], parallel) as address:
        assert identify(run, address, files, "--concurrency", str(parallel)) == ExitCode.CONSISTENT
    (result,) = recompute(run).verdict.results
    assert result.word is VerdictWord.CONSISTENT
    assert "less than 30 % of the texts come from any of these, if the rest comes from the reference" in result.reason
