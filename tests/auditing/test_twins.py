"""Fresh twins beside a claim, by the real command against a real server: who is found, and what is sealed."""

from __future__ import annotations

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
from steelyard.planning import orders
from steelyard.records import Plan, Verdict, VerdictWord
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from testkit.resealing import reseal
from testkit.reversing_server import ReversingServer


def sheet(folder: Path, value: str, task: str = "word_sequence_reversal") -> Path:
    path = folder / "claims.yaml"
    path.write_text(
        f"model: reverser\nclaims:\n  - {{task: {task}, value: {value}, unit: percent, protocol: {{prompt: chat}}}}\n"
    )
    return path


def audit(folder: Path, server: ReversingServer, value: str, *more: str, task: str = "word_sequence_reversal") -> int:
    claims, model = sheet(folder, value, task), f"openai:reverser@{server.url}"
    return steelyard(["audit", str(claims), "--model", model, "--out", str(folder / "run"), *more])


def verdict_of(folder: Path) -> tuple[Plan, Verdict]:
    run = RunFolder.open(folder / "run")
    return run.plan, recompute(folder / "run").verdict


@pytest.fixture(scope="module")
def memorised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vendor that is right on .77 of all such questions, and holds .8 of the public answers."""
    folder = tmp_path_factory.mktemp("memorised")
    with pytest.MonkeyPatch.context() as patch, ReversingServer(0.77, memorised=0.8) as server:
        patch.setattr(orders, "secrets", SimpleNamespace(token_hex=lambda size: "5eed"))
        assert audit(folder, server, "95") == ExitCode.INCONSISTENT
    return folder


def test_a_score_by_heart_holds_and_is_found(memorised: Path) -> None:
    plan, verdict = verdict_of(memorised)
    assert [claim.verdict for claim in verdict.claims] == [VerdictWord.CONSISTENT]
    (finding,) = verdict.findings
    assert (finding.detector, finding.task) == ("twin_gap", "word_sequence_reversal")
    assert (finding.n or 999) <= 150
    assert (finding.p or 1) <= plan.alpha * plan.tests[-1].weight
    page = (memorised / "run" / "report.md").read_text().replace("\\", "")
    assert "fresh samples of word_sequence_reversal are answered worse than the public ones" in page
    summary = memorised / "summary.html"
    assert steelyard(["report", str(memorised / "run"), "--summary", str(summary)]) == ExitCode.INCONSISTENT
    assert "may be relied on" not in summary.read_text()


def test_the_twins_are_none_of_the_public_items_and_their_share_is_stated(memorised: Path) -> None:
    plan, _ = verdict_of(memorised)
    public, fresh = plan.measurements[0], next(each for each in plan.measurements if each.drawn)
    assert fresh.beside == public.id
    assert (fresh.population, fresh.repeats, fresh.question) == (300 - len(fresh.left_out), 1, public.question)
    assert 0 < len(fresh.left_out) < 20
    assert fresh.seed
    assert fresh.order_seed != public.order_seed
    assert sum(test.weight for test in plan.tests if test.rule.startswith("twin_gap")) == pytest.approx(0.2)
    assert fresh.share == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda plan: plan["measurements"][-1].update(seed="0" * 64), "seed is"),
        (lambda plan: plan["measurements"][-1].update(samples_root="0" * 64), "samples_root is"),
        (lambda plan: plan["measurements"][-1].update(items="0" * 64), "items is"),
        (lambda plan: plan["measurements"][-1].update(population=200), r"population|samples"),
        (lambda plan: plan["measurements"][-1].update(left_out=[0, 1, 2]), "left_out is"),
        (lambda plan: plan["measurements"][-1].pop("left_out"), "left_out is"),
        (lambda plan: plan["measurements"][-1].update(drawn="others"), "drawn is"),
        (lambda plan: plan["measurements"][-1].update(arm="others"), "arm is"),
        (lambda plan: plan["measurements"][-1].update(beside=plan["measurements"][1]["id"]), "beside is"),
        (lambda plan: plan["measurements"][-1].update(share=0.1), "share does not follow"),
        (lambda plan: plan["tests"][-1].update(weight=0.4), "weights"),
        (lambda plan: plan["tests"][-1].update(sealed={"margin": "0.5"}), "margin|within a margin"),
        (lambda plan: plan["tests"].pop(), "does not go with its tests"),
        (lambda plan: plan.update(detect_weight="0.4"), "weight does not follow|share does not follow"),
        (lambda plan: plan.update(detect_weight="2"), "detect_weight"),
        (lambda plan: plan.pop("detect_weight"), "detect_weight"),
        (lambda plan: plan.update(detect=["other"]), "was named"),
        (lambda plan: plan["served"].pop(), "nothing is planned for claim/0/twins"),
    ],
)
def test_what_was_changed_in_a_sealed_probe_is_named(
    memorised: Path, tmp_path: Path, change: Callable[[Any], None], said: str
) -> None:
    bundle = Path(shutil.copytree(memorised / "run", tmp_path / "run"))
    plan = without_defaults(RunFolder.open(bundle).plan)
    change(plan)
    with pytest.raises(VerificationError, match=said):
        recompute(reseal(bundle, plan=plan))


def test_a_score_by_heart_is_found_where_every_other_answer_is_cut_off(tmp_path: Path) -> None:
    """Open answers speak for the model among fresh samples, so that it would be seen by nothing else."""
    with ReversingServer(0.3, memorised=0.97) as server:
        server.rambles = 1.0
        assert audit(tmp_path, server, "95") == ExitCode.INCONSISTENT
    _, verdict = verdict_of(tmp_path)
    (finding,) = verdict.findings
    assert (finding.detector, [claim.verdict for claim in verdict.claims]) == ("twin_gap", [VerdictWord.CONSISTENT])
    assert "got an answer that is cut off or cannot be read" in finding.message
    assert (finding.n or 999) <= 40


def test_a_claim_is_not_relied_on_where_fresh_samples_are_not_read_and_nothing_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ReversingServer(0.97) as server:
        server.rambles = 0.07
        assert audit(tmp_path, server, "95", "--detect-weight", "0.000001") == ExitCode.CONSISTENT
    said = "got no readable answer far more often than the public ones"
    assert said in " ".join(capsys.readouterr().out.split())
    for language, told in (("en", said), ("de", "viel öfter keine lesbare Antwort")):
        summary = tmp_path / f"{language}.html"
        asked = ["report", str(tmp_path / "run"), "--summary", str(summary), "--language", language]
        assert steelyard(asked) == ExitCode.CONSISTENT
        page = " ".join(summary.read_text().split())
        assert page.count(told) == 2
        assert "may be relied on" not in page
        assert "Aufgabe verwendbar" not in page


def test_nobody_is_accused_whose_answers_get_worse_in_the_course_of_the_run(tmp_path: Path) -> None:
    """The endpoint is honest, and from its 300th answer on much worse: both samples of a pair are asked at one time."""
    with ReversingServer(0.97, later=0.4) as server:
        audit(tmp_path, server, "55")
    plan, verdict = verdict_of(tmp_path)
    assert verdict.findings == ()
    (effect,) = [each.effect for each in verdict.results if each.effect is not None]
    assert effect.n > 50
    assert plan.detect_weight == "0.2"


def test_the_verdict_does_not_depend_on_what_came_first(memorised: Path, tmp_path: Path) -> None:
    with ReversingServer(0.77, memorised=0.8, slow_wrong=0.05) as server:
        assert audit(tmp_path, server, "95", "--concurrency", "64") == ExitCode.INCONSISTENT
    _, verdict = verdict_of(tmp_path)
    _, before = verdict_of(memorised)
    assert verdict.results == before.results
    assert verdict.findings == before.findings


def test_a_run_that_was_stopped_goes_on_with_the_same_twins(memorised: Path, tmp_path: Path) -> None:
    with ReversingServer(0.77, memorised=0.8) as server:
        server.down_after = 90
        assert audit(tmp_path, server, "95", "--patience", "0.2s") not in (ExitCode.CONSISTENT, ExitCode.INCONSISTENT)
        server.down_after = None
        assert steelyard(["resume", str(tmp_path / "run")]) == ExitCode.INCONSISTENT
    _, verdict = verdict_of(tmp_path)
    _, before = verdict_of(memorised)
    assert verdict.results == before.results


def test_what_is_left_when_a_run_is_ended_early_shows_no_gap(tmp_path: Path) -> None:
    with ReversingServer(0.77, memorised=0.8) as server:
        server.down_after = 40
        audit(tmp_path, server, "95", "--patience", "0.2s")
    assert steelyard(["resume", str(tmp_path / "run"), "--finalize"]) in (ExitCode.UNDECIDED, ExitCode.PLAN_NOT_MET)
    _, verdict = verdict_of(tmp_path)
    assert verdict.results[-1].word is VerdictWord.INSUFFICIENT_POWER
    assert verdict.findings == ()


@pytest.mark.parametrize("task", ["chain_sum", "products"])
def test_a_generator_with_few_items_has_no_twins(tmp_path: Path, task: str, capsys: pytest.CaptureFixture[str]) -> None:
    with ReversingServer() as server:
        assert audit(tmp_path, server, "60", "--dry-run", task=task) == ExitCode.CONSISTENT
        assert "fresh samples are public" in " ".join(capsys.readouterr().out.split())
        audit(tmp_path, server, "60", "--limit", "20", task=task)
    plan, verdict = verdict_of(tmp_path)
    assert not any(each.drawn for each in plan.measurements)
    assert plan.detect_weight == ""
    assert [note.detector for note in verdict.notes if note.check == "not_planned"] == ["twin_gap"]


def test_nothing_is_asked_beside_the_claims_where_the_user_says_none(tmp_path: Path) -> None:
    with ReversingServer(0.77, memorised=0.8) as server:
        assert audit(tmp_path, server, "95", "--detect", "none") == ExitCode.CONSISTENT
    plan, verdict = verdict_of(tmp_path)
    assert [rule.partition("@")[0] for rule in plan.detectors] == ["desk_screen", "claim_retest", "not_served"]
    assert verdict.results[-1].effect is None


def test_a_detector_that_was_named_and_stays_undecided_leaves_the_whole_undecided(tmp_path: Path) -> None:
    with ReversingServer(0.97) as server:
        assert audit(tmp_path, server, "94", "--limit", "20", "--detect", "twin_gap") == ExitCode.UNDECIDED


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--detect", "nothing_like_it"], "there is no such detector"),
        (["--detect", "gate"], "there is no such detector"),
        (["--detect", "none,twin_gap"], "goes with no other name"),
        (["--detect-weight", "1"], "between 0 and 1"),
        (["--detect-weight", "0"], "between 0 and 1"),
    ],
)
def test_what_cannot_be_detected_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    assert steelyard(["audit", str(sheet(tmp_path, "95")), "--model", "openai:m@http://127.0.0.1:9/v1", *more]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_the_machine_readable_report_holds_the_effect(memorised: Path) -> None:
    report = json.loads((memorised / "run" / "report.json").read_text())
    effect = report["tests"][-1]["effect"]
    assert effect["n"] <= 150
    assert 280 < effect["of"] < 300
    assert effect["ci"][0] <= effect["value"] <= effect["ci"][1]
    assert "twins" in [each.get("drawn") for each in report["measurements"]]
