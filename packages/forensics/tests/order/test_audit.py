"""The order of a file beside a claim, by the real command against a real server: who is found, and what is sealed."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from steelyard.cli import execute as steelyard
from steelyard.errors import ExitCode, VerificationError
from steelyard.evidence.canonical import without_defaults
from steelyard.planning import orders
from steelyard.records import DetectorResult, Plan, Verdict, VerdictWord
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from testkit.ordering_server import OrderingServer
from testkit.resealing import reseal

SHUFFLED = 2  # an order that is no unlucky draw
NOT_RANDOM = "the order of this file is not known to be random"


def audit(folder: Path, server: OrderingServer, *more: str, task: str = "word_sequence_reversal") -> int:
    claims, model = folder / "claims.yaml", f"openai:reverser@{server.url}"
    claims.write_text(f"model: reverser\nclaims:\n  - {{task: {task}, value: 77, protocol: {{prompt: completion}}}}\n")
    more = ("--detect", "order", "--out", str(folder / "run"), *more)
    return steelyard(["audit", str(claims), "--model", model, *more])


def verdict_of(folder: Path) -> tuple[Plan, Verdict]:
    return RunFolder.open(folder / "run").plan, recompute(folder / "run").verdict


def ordered(verdict: Verdict) -> DetectorResult:
    (found,) = [each for each in verdict.results if each.rule.startswith("order")]
    return found


@pytest.fixture(scope="module")
def knowing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vendor whose model learned the file in its order."""
    folder = tmp_path_factory.mktemp("knowing")
    with pytest.MonkeyPatch.context() as patch, OrderingServer(knows=0.5) as server:
        patch.setattr(orders, "secrets", SimpleNamespace(token_hex=lambda size: "5eed"))
        assert audit(folder, server, "--limit", "20") == ExitCode.INCONSISTENT
    return folder


def test_a_model_that_learned_the_file_in_its_order_is_found(knowing: Path) -> None:
    plan, verdict = verdict_of(knowing)
    (finding,) = verdict.findings
    assert (finding.detector, finding.task, finding.n) == ("order", "word_sequence_reversal", 20)
    assert (finding.p or 1) <= plan.alpha * plan.tests[-1].weight
    assert "in 20 stretches of the file its order is likelier than" in finding.message
    page = (knowing / "run" / "report.md").read_text().replace("\\", "")
    assert "the model knows the order of the file of word_sequence_reversal" in page
    assert "Its order is random: the generator draws one item after another by its public seed" in page
    assert "does not see a file that was shuffled before it was learned" in page
    assert verdict.claims[0].verdict is not VerdictWord.INCONSISTENT


def test_what_is_asked_is_the_published_order_among_others(knowing: Path) -> None:
    plan, _ = verdict_of(knowing)
    (asked,) = [each for each in plan.measurements if each.drawn]
    public = plan.measurements[0]
    assert (asked.kind, asked.scorers, asked.population, asked.limit) == ("loglikelihood", ("rank@1",), 50, 20)
    assert (asked.beside, asked.question, asked.public) == (public.id, public.question, True)
    assert asked.order_seed != public.order_seed
    (served,) = [each for each in plan.served if each.request == "claim/0/order"]
    assert served.differences[0].startswith("50 stretches of the file, 300 of its 300 samples. Its order is random: ")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda plan: plan["measurements"][-1].update(seed="0" * 64), "seed is"),
        (lambda plan: plan["measurements"][-1].update(samples_root="0" * 64), "samples_root is"),
        (lambda plan: plan["measurements"][-1].update(population=49), "population|samples"),
        (lambda plan: plan["measurements"][-1].update(limit=10), "limit"),
        (lambda plan: plan["measurements"][-1].update(drawn="twins"), "drawn is"),
        (lambda plan: plan["measurements"][-1].update(arm="others"), "arm is"),
        (lambda plan: plan["measurements"][-1].update(scorers=["exact@6"]), "scores that no measurement gives"),
        (lambda plan: plan["measurements"][-1].update(order_seed="0" * 64), "samples_root is"),
        (lambda plan: plan["tests"][-1].update(weight=0.4), "weights"),
        (lambda plan: plan["tests"][-1].update(sealed={"orders": 20, "margin": "0.9"}), "margin"),
        (lambda plan: plan["tests"][-1].update(sealed={"orders": 5, "margin": "0.7"}), "orders"),
        (lambda plan: plan["tests"].pop(), "does not go with its tests|weights"),
        (lambda plan: plan["served"].pop(), "nothing is planned for claim/0/order"),
        (lambda plan: plan["served"][-1].update(differences=["The order is random, we think."]), "differences"),
    ],
)
def test_what_was_changed_in_a_sealed_probe_is_named(
    knowing: Path, tmp_path: Path, change: Callable[[Any], None], said: str
) -> None:
    bundle = Path(shutil.copytree(knowing / "run", tmp_path / "run"))
    plan = without_defaults(RunFolder.open(bundle).plan)
    change(plan)
    with pytest.raises(VerificationError, match=said):
        recompute(reseal(bundle, plan=plan))


def test_a_log_likelihood_that_was_changed_changes_the_verdict_and_is_seen(knowing: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(knowing / "run", tmp_path / "run"))
    (plan, before) = RunFolder.open(bundle).plan, recompute(bundle).verdict
    asked = next(each.id for each in plan.measurements if each.drawn)
    records = [json.loads(line) for line in (bundle / "journal" / "main-0000.jsonl").read_text().splitlines()]
    of_stretches = [each for each in records if each.get("measurement") == asked and each.get("logprobs")]
    for each in of_stretches:
        each["logprobs"] = [-1.0] * len(each["logprobs"])
    assert len(of_stretches) == 20
    with pytest.raises(VerificationError):
        recompute(reseal(bundle, records=records))
    assert ordered(before).p != 1


def test_an_honest_endpoint_is_accused_of_nothing(tmp_path: Path) -> None:
    with OrderingServer() as server:
        audit(tmp_path, server, "--limit", "50")
    _, verdict = verdict_of(tmp_path)
    assert verdict.findings == ()
    found = ordered(verdict)
    assert found.word is VerdictWord.CONSISTENT
    assert found.reason.startswith("that is less than 70 %: in 50 stretches of the file")


def test_what_gets_no_log_likelihoods_speaks_for_the_model(tmp_path: Path) -> None:
    with OrderingServer(knows=1.0, fails=0.8) as server:
        audit(tmp_path, server, "--limit", "20")
    _, verdict = verdict_of(tmp_path)
    assert verdict.findings == ()
    assert ordered(verdict).word is VerdictWord.INSUFFICIENT_POWER
    assert "are missing" in ordered(verdict).reason


@pytest.mark.slow  # the fast run goes on with drawn questions in test_twins.py
def test_a_run_that_was_stopped_goes_on_with_the_same_stretches(knowing: Path, tmp_path: Path) -> None:
    with OrderingServer(knows=0.5) as server:
        server.down_after_echoes = 21 * 9
        assert audit(tmp_path, server, "--limit", "20", "--patience", "0.2s") != ExitCode.INCONSISTENT
        server.down_after_echoes = None
        assert steelyard(["resume", str(tmp_path / "run")]) == ExitCode.INCONSISTENT
    _, verdict = verdict_of(tmp_path)
    _, before = verdict_of(knowing)
    assert verdict.results == before.results


def test_without_log_probabilities_of_a_prompt_it_says_so(tmp_path: Path) -> None:
    with OrderingServer(echoes=False) as server:
        audit(tmp_path, server, "--limit", "10")
    plan, verdict = verdict_of(tmp_path)
    (refused,) = [each for each in plan.not_planned if each.detector == "order"]
    assert refused.verdict == "not_testable"
    assert refused.reason.startswith("how likely the file's order is cannot be asked: this endpoint cannot give")
    assert not [each for each in verdict.results if each.rule.startswith("order")]


def task_file(folder: Path, rows: int, reason: str, *, in_order: bool = False) -> Path:
    """``in_order``: of five that follow one another the first three are alike, and the last two."""
    numbers = range(rows) if in_order else random.Random(SHUFFLED).sample(range(rows), rows)
    trees = ["tree" if not in_order else "chestnut" if number % 5 < 3 else "willow" for number in range(rows)]
    items = [
        f'{{"question": "word{number} {tree}", "answer": "{tree} word{number}"}}'
        for number, tree in zip(numbers, trees, strict=True)
    ]
    (folder / "words.jsonl").write_text("\n".join(items) + "\n")
    path = folder / "words.yaml"
    path.write_text(
        "id: words\nfile: words.jsonl\nfields: {target: answer, question: question}\nscorer: {name: exact}\n"
        f"random_order: {reason!r}\n"
        'prompts: {completion: {prompt: "Q: {{ question }}\\nA:", max_tokens: 8}}\n'
    )
    return path


def test_a_file_of_one_s_own_says_why_its_order_is_random_and_is_verified_without_it(tmp_path: Path) -> None:
    path = task_file(tmp_path, 60, "shuffled by random.org on 2026-11-01.")
    with OrderingServer() as server:
        audit(tmp_path, server, "--task", str(path), task="words")
    path.unlink()
    plan, verdict = verdict_of(tmp_path)
    assert [each.population for each in plan.measurements if each.drawn] == [12]
    assert ordered(verdict).word is not VerdictWord.INCONSISTENT
    said = (tmp_path / "run" / "report.md").read_text().replace("\\", "")
    assert "Its order is random: shuffled by random.org on 2026-11-01" in said
    for differences in (["Sorted by hand."], ["Sorted.", "By hand."]):
        changed = without_defaults(plan)
        changed["served"][-1]["differences"] = differences
        with pytest.raises(VerificationError, match="says nothing of the file and its order"):
            recompute(reseal(Path(shutil.copytree(tmp_path / "run", tmp_path / f"{len(differences)}")), plan=changed))


@pytest.mark.parametrize(("rows", "reason", "said"), [(60, "", NOT_RANDOM), (20, "drawn", "the file has 4 stretches")])
def test_a_file_that_is_not_known_to_be_random_or_is_short_is_not_tested(
    tmp_path: Path, rows: int, reason: str, said: str
) -> None:
    with OrderingServer() as server:
        audit(tmp_path, server, "--task", str(task_file(tmp_path, rows, reason)), task="words")
    plan, _ = verdict_of(tmp_path)
    (refused,) = [each for each in plan.not_planned if each.detector == "order"]
    assert refused.verdict == "not_testable"
    assert refused.reason.startswith(said)


def test_a_file_in_an_unlucky_order_is_not_tested_though_it_says_that_it_is_random_and_that_verifies(
    tmp_path: Path,
) -> None:
    path = task_file(tmp_path, 60, "drawn", in_order=True)
    with OrderingServer() as server:
        audit(tmp_path, server, "--task", str(path), task="words")
    path.unlink()
    plan, verdict = verdict_of(tmp_path)
    (refused,) = [each for each in plan.not_planned if each.detector == "order"]
    assert refused.verdict == "not_testable"
    assert "unlucky draw: a model that never saw it, and favours items like those before them" in refused.reason
    assert not [each for each in verdict.results if each.rule.startswith("order")]


def test_a_sealed_plan_cannot_refuse_a_generated_file_for_its_order_that_is_none(knowing: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(knowing / "run", tmp_path / "run"))
    plan: Any = without_defaults(RunFolder.open(bundle).plan)
    asked = plan["measurements"].pop()
    plan["tests"].pop()
    plan["served"].pop()
    plan.setdefault("not_planned", []).append(
        {
            "request": "claim/0/order", "task": asked["task"], "detector": "order", "verdict": "not_testable",
            "reason": "the order of this file is an unlucky draw",
        }
    )  # fmt: skip
    with pytest.raises(VerificationError):
        recompute(reseal(bundle, plan=plan))
