"""The benchmark's cue beside a claim, by the real command against a real server: who is found, and what is sealed."""

from __future__ import annotations

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
from testkit.resealing import reseal
from testkit.routing_server import RoutingServer


def audit(folder: Path, server: RoutingServer, value: str, *more: str, prompt: str = "completion") -> int:
    claims, model = folder / "claims.yaml", f"openai:reverser@{server.url}"
    claims.write_text(
        f"model: reverser\nclaims:\n  - {{task: word_sequence_reversal, value: {value}, unit: percent, "
        f"protocol: {{prompt: {prompt}}}}}\n"
    )
    return steelyard(["audit", str(claims), "--model", model, "--out", str(folder / "run"), *more])


def verdict_of(folder: Path) -> tuple[Plan, Verdict]:
    return RunFolder.open(folder / "run").plan, recompute(folder / "run").verdict


def cues(verdict: Verdict) -> DetectorResult:
    (found,) = [each for each in verdict.results if each.rule.startswith("cue_gap")]
    return found


@pytest.fixture(scope="module")
def routed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vendor whose router serves a good model where it sees the published examples, else one 30 points worse."""
    folder = tmp_path_factory.mktemp("routed")
    with pytest.MonkeyPatch.context() as patch, RoutingServer(0.8, elsewhere=0.5) as server:
        patch.setattr(orders, "secrets", SimpleNamespace(token_hex=lambda size: "5eed"))
        assert audit(folder, server, "77", "--detect", "cue_gap") == ExitCode.INCONSISTENT
    return folder


def test_a_claim_that_holds_under_the_published_prompt_alone_is_found(routed: Path) -> None:
    plan, verdict = verdict_of(routed)
    assert [claim.verdict for claim in verdict.claims] == [VerdictWord.CONSISTENT]
    (finding,) = verdict.findings
    assert (finding.detector, finding.task) == ("cue_gap", "word_sequence_reversal")
    assert (finding.n or 999) <= 200
    assert (finding.p or 1) <= plan.alpha * plan.tests[-1].weight
    assert "with ordinary lines before and between its examples" in finding.message
    page = (routed / "run" / "report.md").read_text().replace("\\", "")
    assert "the benchmark's own prompt of word_sequence_reversal is answered better than another" in page
    assert "does not see a router that knows the questions themselves" in page
    assert "public samples, asked once more for a detector" in page
    summary = routed / "summary.html"
    assert steelyard(["report", str(routed / "run"), "--summary", str(summary)]) == ExitCode.INCONSISTENT
    assert "may be relied on" not in summary.read_text()


def test_both_arms_ask_the_same_public_questions_in_orders_of_their_own(routed: Path) -> None:
    plan, _ = verdict_of(routed)
    public = plan.measurements[0]
    placebo, cue = (next(each for each in plan.measurements if each.drawn == drawn) for drawn in ("placebo", "cue"))
    assert {each.beside for each in (cue, placebo)} == {public.id}
    assert (cue.seed, cue.items, cue.population) == (placebo.seed, placebo.items, placebo.population)
    assert (cue.population, cue.repeats, cue.public, cue.question) == (300, 1, True, public.question)
    assert len({cue.order_seed, placebo.order_seed, public.order_seed}) == 3
    assert cue.samples_root == public.samples_root != placebo.samples_root
    assert cue.share == placebo.share == pytest.approx(0.1)


CUE, PLACEBO = -1, -2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda plan: plan["measurements"][CUE].update(seed="0" * 64), "seed is"),
        (lambda plan: plan["measurements"][PLACEBO].update(seed="0" * 64), "seed is"),
        (lambda plan: plan["measurements"][PLACEBO].update(samples_root="0" * 64), "samples_root is"),
        (lambda plan: plan["measurements"][CUE].update(samples_root="0" * 64), "samples_root is"),
        (lambda plan: plan["measurements"][CUE].update(items="0" * 64), "items is"),
        (lambda plan: plan["measurements"][PLACEBO].update(population=299), r"population|samples"),
        (lambda plan: plan["measurements"][PLACEBO].update(drawn="header"), "drawn is"),
        (lambda plan: plan["measurements"][CUE].update(drawn="placebo"), "drawn is"),
        (lambda plan: plan["measurements"][PLACEBO].update(arm="others"), "arm is"),
        (lambda plan: plan["measurements"][PLACEBO].update(order_seed="0" * 64), "order"),
        (lambda plan: plan["measurements"][CUE].update(beside=plan["measurements"][1]["id"]), "beside is"),
        (lambda plan: plan["measurements"][CUE].update(share=0.05), "share does not follow"),
        (lambda plan: plan["tests"][-1].update(weight=0.4), "weights"),
        (lambda plan: plan["tests"][-1].update(sealed={"tolerance": "0.5", "margin": "0.6"}), "tolerance"),
        (lambda plan: plan["tests"][-1].update(sealed={"tolerance": "0.05", "margin": "0.2"}), "margin"),
        (lambda plan: plan["tests"][-1]["reads"].reverse(), "sealed|reads"),
        (lambda plan: plan["tests"].pop(), "does not go with its tests"),
        (lambda plan: plan["served"].pop(), "nothing is planned for claim/0/cue"),
    ],
)
def test_what_was_changed_in_a_sealed_probe_is_named(
    routed: Path, tmp_path: Path, change: Callable[[Any], None], said: str
) -> None:
    bundle = Path(shutil.copytree(routed / "run", tmp_path / "run"))
    plan = without_defaults(RunFolder.open(bundle).plan)
    change(plan)
    with pytest.raises(VerificationError, match=said):
        recompute(reseal(bundle, plan=plan))


def test_an_honest_endpoint_is_accused_of_nothing(tmp_path: Path) -> None:
    with RoutingServer(0.8) as server:
        assert audit(tmp_path, server, "77", "--detect", "auto,cue_gap") == ExitCode.CONSISTENT
    _, verdict = verdict_of(tmp_path)
    assert verdict.findings == ()
    assert cues(verdict).word is VerdictWord.CONSISTENT
    assert cues(verdict).reason.startswith("the difference is at most 10 points")


def test_nobody_is_accused_whose_answers_get_worse_in_the_course_of_the_run(tmp_path: Path) -> None:
    """The endpoint is honest, and from its 300th answer on much worse: both arms are asked at one pace."""
    with RoutingServer(0.97, elsewhere=0.97, later=0.4) as server:
        audit(tmp_path, server, "55", "--detect", "cue_gap")
    _, verdict = verdict_of(tmp_path)
    assert verdict.findings == ()
    assert server.asked.total() > 300
    assert cues(verdict).effect is not None


@pytest.mark.slow  # the fast run goes on with drawn questions in test_twins.py
def test_a_run_that_was_stopped_goes_on_with_the_same_questions(routed: Path, tmp_path: Path) -> None:
    with RoutingServer(0.8, elsewhere=0.5) as server:
        server.down_after = 200
        more = ("--detect", "cue_gap", "--patience", "0.2s")
        assert audit(tmp_path, server, "77", *more) not in (ExitCode.CONSISTENT, ExitCode.INCONSISTENT)
        server.down_after = None
        assert steelyard(["resume", str(tmp_path / "run")]) == ExitCode.INCONSISTENT
    _, verdict = verdict_of(tmp_path)
    _, before = verdict_of(routed)
    assert verdict.results == before.results


def test_what_is_left_when_a_run_is_ended_early_shows_nothing(tmp_path: Path) -> None:
    with RoutingServer(0.8, elsewhere=0.5) as server:
        server.down_after = 60
        audit(tmp_path, server, "80", "--detect", "cue_gap", "--patience", "0.2s")
    assert steelyard(["resume", str(tmp_path / "run"), "--finalize"]) in (ExitCode.UNDECIDED, ExitCode.PLAN_NOT_MET)
    _, verdict = verdict_of(tmp_path)
    assert cues(verdict).word is VerdictWord.INSUFFICIENT_POWER
    assert verdict.findings == ()


def test_without_examples_the_first_line_alone_changes_and_only_where_it_is_asked_for(tmp_path: Path) -> None:
    with RoutingServer(0.9) as server:
        audit(tmp_path, server, "90", "--limit", "40", "--detect", "cue_gap", prompt="chat")
        plan, verdict = verdict_of(tmp_path)
        assert [each.drawn for each in plan.measurements if each.drawn] == ["header", "cue"]
        assert "with an ordinary line before it" in cues(verdict).reason
        shutil.rmtree(tmp_path / "run")
        audit(tmp_path, server, "90", "--limit", "40", prompt="chat")
    plan, _ = verdict_of(tmp_path)
    assert [each.drawn for each in plan.measurements if each.drawn] == ["twins"]
    assert not any(each.detector == "cue_gap" for each in plan.not_planned)


def test_a_limit_leaves_the_same_questions_in_both_arms(tmp_path: Path) -> None:
    with RoutingServer(0.9) as server:
        assert audit(tmp_path, server, "90", "--limit", "30", "--detect", "cue_gap") == ExitCode.UNDECIDED
    plan, verdict = verdict_of(tmp_path)
    assert {(each.population, each.planned) for each in plan.measurements if each.drawn} == {(30, 30)}
    effect = cues(verdict).effect
    assert effect is not None
    assert (effect.n, effect.of) == (30, 30)


def test_a_benchmark_of_the_hub_is_asked_with_another_first_line_and_verified_without_its_data(
    tmp_path: Path, shared: Path
) -> None:
    claims = tmp_path / "claims.yaml"
    claims.write_text("model: reverser\nclaims:\n  - {task: gsm8k, value: 30, protocol: {prompt: 5-shot}}\n")
    with RoutingServer() as server:
        more = ["--data", str(shared / "data"), "--limit", "8", "--detect", "cue_gap", "--out", str(tmp_path / "run")]
        steelyard(["audit", str(claims), "--model", f"openai:reverser@{server.url}", *more])
    plan, verdict = verdict_of(tmp_path)
    assert [(each.drawn, each.population) for each in plan.measurements if each.drawn] == [("placebo", 8), ("cue", 8)]
    effect = cues(verdict).effect
    assert effect is not None
    assert effect.n == 8
    changed = without_defaults(plan)
    changed["measurements"][-1]["items"] = "0" * 64
    with pytest.raises(VerificationError, match="items differ from what"):
        recompute(reseal(tmp_path / "run", plan=changed))


def test_questions_of_one_s_own_are_asked_so_too_and_verified_without_their_file(tmp_path: Path) -> None:
    (tmp_path / "words.jsonl").write_text(
        "".join(
            f'{{"question": "Write these words in reverse order: {first}, violin", "answer": "violin, {first}"}}\n'
            for first in ("pear", "apple", "needle", "tiger", "pencil", "letter", "tunnel", "candle", "fish", "music")
        )
    )
    claims = tmp_path / "claims.yaml"
    claims.write_text("model: reverser\nclaims:\n  - {task: words, value: 80}\n")
    with RoutingServer() as server:
        more = ["--task", str(tmp_path / "words.jsonl"), "--detect", "cue_gap", "--out", str(tmp_path / "run")]
        steelyard(["audit", str(claims), "--model", f"openai:reverser@{server.url}", *more])
    plan, verdict = verdict_of(tmp_path)
    assert [each.drawn for each in plan.measurements if each.drawn] == ["header", "cue"]
    effect = cues(verdict).effect
    assert effect is not None
    assert effect.n == 10
    taken = without_defaults(plan)
    taken["served"] = [each for each in taken["served"] if not each["request"].endswith(("cue", "header"))]
    taken["measurements"], taken["tests"] = taken["measurements"][:-2], taken["tests"][:-1]
    with pytest.raises(VerificationError, match="nothing is planned for claim/0/header"):
        recompute(reseal(tmp_path / "run", plan=taken))
