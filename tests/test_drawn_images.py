"""A benchmark whose images we draw, end to end: who reads is honest, who holds answers by heart is found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from steelyard.cli import execute as steelyard
from steelyard.errors import ExitCode, VerificationError
from steelyard.evidence.canonical import without_defaults
from steelyard.planning import orders
from steelyard.records import GenerateRequest, VerdictWord
from steelyard.storage.run_folder import RunFolder
from steelyard.tasks import load_task
from steelyard.tasks.drawing.picture import drawer
from steelyard.verification.recompute import recompute
from testkit.drawn_server import CountingServer
from testkit.resealing import reseal, with_new_reports
from testkit.tiny_transformers import save_vision_model

TASK = "diagram_counting"
OTHER = "vl-convert-python 1.0.0, test picture 0123456789abcdef"


def audit(folder: Path, server: CountingServer, value: str) -> int:
    claims = folder / "claims.yaml"
    claims.write_text(f"model: counter\nclaims:\n  - {{task: {TASK}, value: {value}, unit: percent}}\n")
    model = f"openai:counts@{server.url}"
    return steelyard(["audit", str(claims), "--model", model, "--accept-model", "--out", str(folder / "run")])


def public_answers(share: float) -> dict[str, str]:
    last = f"{int(share * 0xFFFF):04x}"
    return {digest: target for digest, target in shown().items() if digest < last}


def shown() -> dict[str, str]:
    """The answers to the public samples by the SHA-256 of their images."""
    found = {}
    for sample in load_task(TASK).prepare("chat"):
        assert isinstance(sample.request, GenerateRequest)
        found[sample.request.images[0].sha256] = sample.target
    return found


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vendor that claims far less than what its model reads, which is 58 % of the public images."""
    folder = tmp_path_factory.mktemp("honest")
    with pytest.MonkeyPatch.context() as patch, CountingServer() as server:
        patch.setattr(orders, "secrets", SimpleNamespace(token_hex=lambda size: "5eed"))
        assert audit(folder, server, "35") == ExitCode.CONSISTENT
    return folder / "run"


def test_who_reads_the_images_is_consistent(honest: Path) -> None:
    verdict = recompute(honest).verdict
    assert verdict.verdict is VerdictWord.CONSISTENT
    assert verdict.findings == ()
    assert any(each.rule.startswith("twin_gap@") and each.effect for each in verdict.results)


def test_who_holds_the_public_answers_by_heart_is_found(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch, CountingServer(public_answers(0.8)) as server:
        patch.setattr(orders, "secrets", SimpleNamespace(token_hex=lambda size: "5eed"))
        assert audit(tmp_path, server, "90") == ExitCode.INCONSISTENT
    verdict = recompute(tmp_path / "run").verdict
    assert [claim.verdict for claim in verdict.claims] == [VerdictWord.CONSISTENT]
    assert [(each.detector, each.task) for each in verdict.findings] == [("twin_gap", TASK)]


def test_the_plan_says_what_drew_and_every_image_is_kept_once(honest: Path) -> None:
    run = RunFolder.open(honest)
    public, fresh = run.plan.measurements[0], next(each for each in run.plan.measurements if each.drawn)
    assert (public.images, public.drawer, fresh.drawer) == (True, drawer(), drawer())
    drawn = shown()
    kept = {path.name: path.read_bytes() for path in (honest / "media").iterdir()}
    assert all(sha256(data).hexdigest() == name and data[:4] == b"\x89PNG" for name, data in kept.items())
    assert len(kept.keys() & drawn.keys()) > 20
    assert len(kept.keys() - drawn.keys()) > 20  # twins


def test_a_verifier_draws_again_and_compares(honest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert steelyard(["verify", str(honest), "--json"]) == ExitCode.CONSISTENT
    assert json.loads(capsys.readouterr().out)["images_drawn_elsewhere"] == {}


def resealed(run: Path, folder: Path, change: Callable[[list[Any]], None]) -> Path:
    bundle = Path(shutil.copytree(run, folder / "run"))
    plan = without_defaults(RunFolder.open(bundle).plan)
    change([each for each in plan["measurements"] if each.get("drawer")])
    return reseal(bundle, plan=plan)


def _of_another_drawer(measurements: list[Any], **more: str) -> None:
    for each in measurements:
        each.update(drawer=OTHER)
    measurements[0].update(more)


def test_where_another_version_drew_the_images_a_verifier_says_so(
    honest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = with_new_reports(resealed(honest, tmp_path, _of_another_drawer))
    assert recompute(bundle).other_drawers == {TASK: OTHER}
    assert steelyard(["verify", str(bundle)]) == ExitCode.UNDECIDED
    assert f"images of {TASK} NOT drawn again: they are of {OTHER}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda plan: plan[0].update(samples_root="0" * 64), "samples_root is"),
        (lambda plan: plan[0].update(items="0" * 64), "items is"),
        (lambda plan: plan[0].pop("drawer"), "drawer is"),
        (lambda plan: plan[-1].update(drawer=OTHER), "drawer is"),
        (lambda plan: plan[0].update(drawer="nobody"), "'nobody' is nothing that draws images"),
        (lambda plan: _of_another_drawer(plan, items="0" * 64), "items is"),
        (lambda plan: _of_another_drawer(plan, seed="other"), "seed is"),
    ],
)
def test_what_was_changed_in_a_sealed_plan_is_named(
    honest: Path, tmp_path: Path, change: Callable[[list[Any]], None], said: str
) -> None:
    with pytest.raises(VerificationError, match=said):
        recompute(resealed(honest, tmp_path, change))


def test_a_model_that_sees_nothing_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with CountingServer(sees=False) as server:
        asked = ["run", "chart_reading", "--model", f"openai:counts@{server.url}", "--out", str(tmp_path / "run")]
        assert steelyard(asked) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err.splitlines()
    assert said[1:] == [
        "steelyard: chart_reading: its samples show images: it refuses one: HTTP 400: this model sees nothing"
    ]
    assert not (tmp_path / "run" / "plan.json").exists()


@pytest.mark.slow  # the fast run asks such a model for images in tests/models/test_hf.py
def test_a_vision_model_with_random_weights_reads_nothing(tmp_path: Path) -> None:
    model = save_vision_model(tmp_path / "random")
    asked = ["run", "chart_reading", "--model", f"hf:{model}", "--limit", "20", "--output-tokens", "8"]
    assert steelyard([*asked, "--out", str(tmp_path / "run")]) in (ExitCode.CONSISTENT, ExitCode.UNDECIDED)
    scores = [json.loads(line) for line in (tmp_path / "run" / "scores.jsonl").read_text().splitlines()]
    assert len(scores) == 20
    assert sum(score["value"] or 0 for score in scores) <= 7  # guessing has 13 %: more would have p = .002
