"""An audit of a world model end to end: sheet, plan, answers, seal, and verification without torch."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from packages.world.tests.audit.world_stand_ins import audited, ignorant, knowing, weights_of
from steelyard.auditing.conductor import Audit, plan_audit, start_audit
from steelyard.auditing.finalize import renderer
from steelyard.claims.sheet import read_sheet
from steelyard.cli import execute as steelyard
from steelyard.errors import VerificationError
from steelyard.evidence.bundle import seal_bundle
from steelyard.evidence.canonical import canonical
from steelyard.models import Settings
from steelyard.models.recorded import open_recorded
from steelyard.planning.dry_run import Forecast, forecast
from steelyard.planning.options import Options
from steelyard.records import Claim, ClaimSheet, ClaimVerdict, Protocol, Verdict
from steelyard.storage.journal.reader import replay
from steelyard.storage.journal.texts import read_texts
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from steelyard_world.audit import answering
from steelyard_world.evaluation.adapters.callable import CallableWorld

EXAMPLE = Path(__file__).parents[4] / "examples" / "world-claims.yaml"
FEW = Options(limit=12, tolerance="20")
Trained = CallableWorld | list[CallableWorld]


@pytest.fixture(autouse=True)
def one_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same committed order at every run."""
    monkeypatch.setattr("secrets.token_hex", lambda size: "5eed")


def sheet(*claims: tuple[str, str], prompt: str = "") -> ClaimSheet:
    printed = (
        Claim(task=task, value=value, metric="planning_success", protocol=Protocol(prompt=prompt))
        for task, value in claims
    )
    return ClaimSheet(model="stand-in", vendor="tests", claims=tuple(printed), digest="0" * 64)


async def planned(claims: ClaimSheet, options: Options = FEW, **members: Trained) -> Audit:
    return await plan_audit(claims, {"subject": audited(**members)}, options)


def audit(claims: ClaimSheet, out: Path, options: Options = FEW, **members: Trained) -> Verdict:
    async def go() -> Verdict:
        ready = await planned(claims, options, **members)
        try:
            return await start_audit(ready, out)
        finally:
            await ready.close()

    return asyncio.run(go())


def only(verdict: Verdict) -> ClaimVerdict:
    (claim,) = verdict.claims
    return claim


def test_a_model_that_knows_the_world_is_measured_and_an_ignorant_one_is_inconsistent(tmp_path: Path) -> None:
    claims = sheet(("world_two_room_fixed", "95"))
    good = only(audit(claims, tmp_path / "good"))
    assert (good.verdict, good.missing, good.unparsed) == ("insufficient_power", 0, 0)  # 12 of 200 decide nothing
    assert good.measured is not None
    assert good.measured > 0.8
    nobody = {"world two-room-fixed": ignorant()}
    bad = only(audit(claims, tmp_path / "bad", Options(limit=60, tolerance="2"), **nobody))
    assert (bad.verdict, bad.missing, bad.unparsed) == ("inconsistent", 0, 0)
    for run in ("good", "bad"):
        assert steelyard(["verify", str(tmp_path / run)]) == 0


def test_robustness_and_few_frames_are_asked_of_two_episodes_at_once(tmp_path: Path) -> None:
    claims = sheet(("world_shift", "80"), ("world_efficiency", "90"), prompt="")
    shift, efficiency = audit(claims, tmp_path / "run", Options(limit=4, tolerance="20")).claims
    assert (shift.missing, shift.unparsed, efficiency.missing, efficiency.unparsed) == (0, 0, 0, 0)
    assert efficiency.measured is not None
    assert efficiency.measured > 0.5  # against a rival that wanders
    assert steelyard(["verify", str(tmp_path / "run")]) == 0


def test_the_wrong_kind_of_model_raises_a_one_line_error() -> None:
    claims = sheet(("gsm8k", "50"), ("world_two_room", "80"), ("world_push", "80"))

    async def reasons() -> list[str]:
        ready = await planned(claims)
        await ready.close()
        return [refused.reason for refused in ready.plan.not_planned]

    language, other, _ = asyncio.run(reasons())
    assert language == "the task asks for text, which a world model does not write: audit a language model"
    assert other.startswith("the task needs world two-room; the given world model has few frames two-room-fixed, ")


def test_a_measurement_by_a_recording_gives_the_same_scores(tmp_path: Path) -> None:
    claims = sheet(("world_two_room_fixed", "90"))
    first = only(audit(claims, tmp_path / "first"))

    async def again() -> Verdict:
        model = open_recorded(str(tmp_path / "first"), Settings())
        return await start_audit(await plan_audit(claims, {"subject": model}, FEW), tmp_path / "second")

    assert only(asyncio.run(again())).measured == first.measured


def test_the_example_sheet_can_be_tested_claim_by_claim_and_forecast() -> None:
    claims = read_sheet(EXAMPLE)
    notes = " ".join(claim.note for claim in claims.claims)
    for word in ("needs less data", "plans", "remembers", "reasons", "robust"):
        assert word in notes
    everything = {
        "world scenes": ignorant(),
        "few frames two-room-fixed by vq-gpt": ignorant(),
        "few frames two-room-fixed by rssm": ignorant(),
    }

    async def told() -> Forecast:
        ready = await planned(claims, Options(accept_model=True), **everything)
        await ready.close()
        return forecast(ready.plan, ready.prepared)

    found = asyncio.run(told())
    assert found.skipped == ()
    assert len(found.rows) == len(claims.claims)
    assert all(row.prompt_tokens == row.completion_tokens == 0 < row.seconds for row in found.rows)
    assert "2 s an episode" in found.assumptions


@pytest.mark.parametrize("task", ["world_physics", "world_hidden_object", "world_counterfactual"])
def test_every_other_task_is_answered_scored_and_verified(tmp_path: Path, task: str) -> None:
    found = only(audit(sheet((task, "90")), tmp_path / "run", FEW, **{"world scenes": knowing()}))
    assert (found.asked, found.missing, found.unparsed) == (12, 0, 0)
    assert found.measured is not None
    if task == "world_counterfactual":
        assert found.measured == 1
    assert steelyard(["verify", str(tmp_path / "run")]) == 0


# ── several trainings, several networks ─────────────────────────────────────────────────────────────────────────────


def answers_in(run: Path) -> list[dict[str, Any]]:
    """The answers of a run, in the order in which they came."""
    texts = dict(read_texts(run))
    return [json.loads(texts[each.answer]) for each in replay(run).attempts if each.answer]


def test_both_questions_about_an_episode_are_played_by_the_same_pair_of_trainings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        answering, "play", lambda model, world, seed, settings: [[float(part) for part in divmod(seed, 2**16)]]
    )
    ours, rival = "few frames two-room-fixed", "few frames two-room-fixed by pixel"
    trainings = {ours: [knowing(), ignorant(), knowing()], rival: [ignorant(), ignorant(), knowing()]}
    audit(
        sheet(("world_efficiency", "90"), prompt="pixel"),
        tmp_path / "run",
        Options(limit=60, tolerance="20"),
        **trainings,
    )
    plan = RunFolder.open(tmp_path / "run").plan
    known = plan.subject.capabilities.checkpoints
    pairs: dict[str, set[tuple[int, int]]] = {}
    for answer in answers_in(tmp_path / "run"):
        named = answer["answered_by"]
        which = [[each.sha256 for each in known[role]].index(named[role]) for role in (ours, rival)]
        pairs.setdefault(json.dumps(answer["ours"]) + json.dumps(answer["rival"]), set()).add((which[0], which[1]))
    assert len(pairs) > 30
    assert {pair for each in pairs.values() for pair in each} == {(number, number) for number in range(3)}
    assert all(len(each) == 1 for each in pairs.values())
    assert steelyard(["verify", str(tmp_path / "run")]) == 0


def test_trainings_that_differ_wildly_leave_the_recipe_undecided(tmp_path: Path) -> None:
    few = [knowing(), ignorant()]
    found = audit(
        sheet(("world_counterfactual", "95")), tmp_path / "run", Options(limit=40), **{"world two-room-fixed": few}
    )
    claim = only(found)
    assert (claim.verdict, claim.asked) == ("insufficient_power", 40)
    assert claim.reason.startswith("these 2 trainings are below the claim, from ")
    assert [len(each.sha256) for each in claim.answered_by] == [2]
    assert steelyard(["verify", str(tmp_path / "run")]) == 0
    assert "of several trainings" not in (tmp_path / "run" / "report.md").read_text()
    assert "these trainings, as the plan's order has them answer" in (tmp_path / "run" / "report.md").read_text()


def test_five_claims_about_our_jepa_that_two_networks_answer_are_a_finding(tmp_path: Path) -> None:
    rows = ("world_counterfactual", "95"), ("world_counterfactual", "94"), ("world_physics", "90")
    physics = {"world scenes": knowing()}
    options = Options(limit=4, tolerance="20")
    verdict = audit(sheet(*rows), tmp_path / "run", options, **physics)
    (finding,) = verdict.findings
    assert (finding.check, finding.records) == ("variant", ("claims[0]", "claims[1]", "claims[2]"))
    assert "rows about stand-in are answered by different networks: stand-in " in finding.message
    assert verdict.exit == 1
    assert steelyard(["verify", str(tmp_path / "run")]) == 0
    report = (tmp_path / "run" / "report.md").read_text()
    assert f"stand-in, 1,000 parameters, SHA-256 {weights_of('world scenes', 0)[:12]}" in report
    named = [msgspec.structs.replace(each, variant="rooms" if n < 2 else "scenes") for n, each in enumerate(
        sheet(*rows).claims)]  # fmt: skip
    honest = msgspec.structs.replace(sheet(*rows), claims=tuple(named), variants=("rooms", "scenes"))
    assert audit(honest, tmp_path / "honest", options, **physics).findings == ()


# ── tampering ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("sealed") / "run"
    audit(sheet(("world_two_room_fixed", "90")), run, Options(limit=6, tolerance="20"))
    return run


@pytest.fixture
def bundle(sealed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sealed, tmp_path / "run"))


def test_an_answer_that_was_changed_does_not_verify(bundle: Path) -> None:
    texts = next((bundle / "texts").glob("*"))
    changed = texts.read_bytes().replace(b"[[", b"[[1", 1)
    assert changed != texts.read_bytes()
    texts.write_bytes(changed)
    assert steelyard(["verify", str(bundle)]) == 1


def test_a_score_that_was_changed_and_sealed_again_is_not_what_the_simulator_says(bundle: Path) -> None:
    scores = [json.loads(line) for line in (bundle / "scores.jsonl").read_text().splitlines()]
    scores[-1]["value"] = 1.0 - scores[-1]["value"]
    (bundle / "scores.jsonl").write_bytes(b"".join(canonical(score) + b"\n" for score in scores))
    seal_bundle(bundle, {"renderer": renderer()}, None)
    with pytest.raises(VerificationError, match=r"scores\.jsonl line \d+: says"):
        recompute(bundle)


def test_a_stranger_without_torch_can_verify(bundle: Path) -> None:
    script = (
        "import sys\n"
        "for name in ('torch', 'gymnasium', 'safetensors', 'transformers', 'av'):\n"
        "    sys.modules[name] = None\n"  # an import of it raises ImportError
        "from steelyard.cli import execute\n"
        "sys.exit(execute(['verify', sys.argv[1]]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(bundle)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "recomputed" in done.stdout
