"""A detector that comes in by the plugin door: two models by role, one test that reads two measurements."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from steelyard import plugins
from steelyard.cli import execute as steelyard
from steelyard.errors import VerificationError
from steelyard.evidence.canonical import without_defaults
from steelyard.plugins import MeasurementRequest, Planner
from steelyard.records import (
    DetectorResult,
    Finding,
    Note,
    Plan,
    PlannedTest,
    SampleScore,
    VerdictWord,
)
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from testkit.fixtures import SumsServer
from testkit.resealing import reseal

Sums = tuple[Path, float]


class NotWorse:
    """The subject is not worse than the reference: a sign test over the samples on which they differ."""

    name = "not_worse"
    version = 3
    access = ("text",)

    def plan(self, planner: Planner) -> Sequence[PlannedTest]:
        task = planner.sheet.claims[0].task if planner.sheet else "sums"
        own = planner.measure(MeasurementRequest(name="not-worse/subject", task=task, arm="own"))
        other = planner.measure(MeasurementRequest(name="not-worse/reference", task=task, role="reference", arm="own"))
        if own is None or other is None:
            return ()
        return (
            PlannedTest(
                id="not-worse", rule="not_worse@3", weight=1.0, null="the subject is not worse than the reference",
                reads=(own.reads, other.reads), sealed={"least": 5},
            ),
            PlannedTest(id="unread", rule="not_worse@3", weight=0.0, reads=(own.reads,), sealed={"least": 5}),
        )  # fmt: skip

    def seal(self, test: PlannedTest, plan: Plan) -> PlannedTest:
        return test

    def forecast(self, test: PlannedTest, plan: Plan, shortfall: float) -> int | None:
        return None

    def open(self, test: PlannedTest, plan: Plan) -> SignTest | Unread:
        if set(test.sealed) != {"least"}:
            raise ValueError("sealed by another rule")
        return SignTest(test) if test.id == "not-worse" else Unread(test)


class SignTest:
    """Takes scores in any order; not a monitor, so both measurements are asked to their end."""

    def __init__(self, test: PlannedTest) -> None:
        self.test = test
        self.scores: dict[str, dict[str, float | None]] = {reads.measurement: {} for reads in test.reads}

    def observe(self, score: SampleScore) -> None:
        self.scores[score.measurement][score.sample] = score.value

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        from scipy.stats import binomtest

        own, other = (self.scores[reads.measurement] for reads in self.test.reads)
        worse = sum(own[sample] == 0 and other.get(sample) == 1 for sample in own)
        better = sum(own[sample] == 1 and other.get(sample) == 0 for sample in own)
        p = float(binomtest(worse, worse + better, 0.5, alternative="greater").pvalue) if worse + better else 1.0
        finding = Finding(
            detector="not_worse", check="sign", null=self.test.null, p=p, n=worse + better,
            message=f"worse than the reference on {worse} samples, better on {better}",
        )  # fmt: skip
        return DetectorResult(
            test=self.test.id, rule=self.test.rule, word=VerdictWord.INSUFFICIENT_POWER, p=p, findings=(finding,)
        )


class Unread:
    """Counts the answers that could not be read: a note, and no p-value."""

    def __init__(self, test: PlannedTest) -> None:
        self.test = test
        self.unread = 0

    def observe(self, score: SampleScore) -> None:
        self.unread += score.value is None

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        note = Note(detector="not_worse", check="unread", message=f"{self.unread} answers without a value")
        return DetectorResult(test=self.test.id, rule=self.test.rule, word=VerdictWord.CONSISTENT, notes=(note,))


@contextmanager
def installed(site: Path) -> Iterator[Path]:
    """An installed distribution whose only entry point is the detector above; yields its folder."""
    info = site / "not_worse-0.7.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: not-worse\nVersion: 0.7\n")
    (info / "entry_points.txt").write_text(
        "[steelyard.plugins]\ndetector.not_worse = tests.auditing.test_detector_door:NotWorse\n"
    )
    sys.path.insert(0, str(site))
    plugins._entries.cache_clear()
    try:
        yield site
    finally:
        sys.path.remove(str(site))
        plugins._entries.cache_clear()


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Path]:
    with installed(tmp_path / "site") as site:
        yield site


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two models that are the same."""
    folder = tmp_path_factory.mktemp("audited")
    questions = folder / "sums.jsonl"
    pairs = [(number, number * 7 % 91) for number in range(900)]
    lines = [json.dumps({"question": f"What is {a} + {b}?", "answer": str(a + b)}) for a, b in pairs]
    questions.write_text("\n".join(lines) + "\n")
    with SumsServer() as server, installed(folder / "site"):
        url = f"openai:sums@{server.url}"
        steelyard(command(folder, (questions, 0.8), url, url, folder / "run"))
    return folder / "run"


def sheet(folder: Path, value: float) -> Path:
    path = folder / "sheet.yaml"
    path.write_text(f"model: adder\nclaims:\n  - {{task: sums, value: {value:.1f}, protocol: {{decoding: greedy}}}}\n")
    return path


def command(folder: Path, sums: Sums, subject: str, reference: str, run: Path, *more: str) -> list[str]:
    claims = str(sheet(folder, sums[1] * 100))
    models = ["--model", subject, "--model", f"reference={reference}"]
    asked = ["--task", str(sums[0]), "--detect", "not_worse", "--out", str(run)]
    return ["audit", claims, *models, *asked, *more]


def reported(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "report.json").read_bytes())
    return found


def test_it_is_sealed_stopped_resumed_replayed_and_verified(
    door: Path, sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"openai:sums@{sums_server.url}"
    run = tmp_path / "run"
    sums_server.interrupts_at = 40
    assert steelyard(command(tmp_path, sums_file, url, url, run, "--concurrency", "4")) == 130
    assert steelyard(["resume", str(run)]) in (0, 3)

    plan = RunFolder.open(run).plan
    assert set(plan.models) == {"subject", "reference"}
    assert [(each.role, each.arm) for each in plan.measurements] == [
        ("subject", ""), ("subject", "second"), ("subject", "again"), ("subject", "own"), ("reference", "own"),
    ]  # fmt: skip
    test = next(test for test in plan.tests if test.rule == "not_worse@3")
    assert (len(test.reads), test.weight, test.sealed) == (2, 1 / 2.03, {"least": 5})
    assert plan.plugins["detector.not_worse"] == "not-worse 0.7"
    assert plan.plugins["detector.claim_retest"].startswith("steelyard ")
    asked = {each.id: each.planned for each in plan.measurements}
    ended = [r for r, _ in read_lines(run) if getattr(r, "final", False) and getattr(r, "position", -1) >= 0]
    assert sum(each.measurement == "03-sums" for each in ended) == asked["03-sums"]  # type: ignore[union-attr]
    report = reported(run)
    (result,) = (each for each in report["tests"] if each["test"] == "not-worse")
    assert (result["test"], result["word"], report["findings"]) == ("not-worse", "insufficient_power", [])
    assert {each["role"] for each in report["measurements"]} == {"subject", "reference"}
    assert steelyard(["verify", str(run)]) == 0

    again = tmp_path / "again"
    replayed = command(tmp_path, sums_file, f"recorded:{run}", f"recorded:{run}#reference", again)
    capsys.readouterr()
    steelyard(replayed)
    same = ("verdict", "exit", "findings")
    assert {key: reported(again)[key] for key in same} == {key: report[key] for key in same}
    # A recording cannot be asked again, so there is nothing to find out about what it serves.
    served = [each for each in report["tests"] if not each["rule"].startswith("not_served")]
    assert (len(report["tests"]), reported(again)["tests"]) == (len(served) + 1, served)
    assert steelyard(["verify", str(again)]) == 0


def test_a_model_that_is_worse_is_found_within_the_error_budget_of_the_whole_report(
    door: Path, sums_server: Any, sums_file: Sums, tmp_path: Path
) -> None:
    from testkit.fixtures import SumsServer

    run = tmp_path / "run"
    with SumsServer() as right:
        right.is_wrong = lambda first, second: False  # type: ignore[method-assign]
        subject, reference = (f"openai:sums@{server.url}" for server in (sums_server, right))
        assert steelyard(command(tmp_path, sums_file, subject, reference, run)) == 1
    (finding,) = reported(run)["findings"]
    assert (finding["detector"], finding["p"] < 0.025) == ("not_worse", True)
    assert steelyard(["verify", str(run)]) == 0


def test_where_the_plugin_is_not_installed_its_test_is_named_and_the_rest_recomputed(
    door: Path, sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, run = f"openai:sums@{sums_server.url}", tmp_path / "run"
    steelyard(command(tmp_path, sums_file, url, url, run))
    sys.path.remove(str(door))
    plugins._entries.cache_clear()
    try:
        capsys.readouterr()
        assert steelyard(["verify", str(run)]) == 3
        assert "not recomputed: the test not-worse, since no detector not_worse@3" in capsys.readouterr().out
        assert steelyard(["verify", str(run), "--json"]) == 3
        assert json.loads(capsys.readouterr().out)["not_recomputed"] == ["not-worse", "unread"]
    finally:
        sys.path.insert(0, str(door))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda plan: plan["served"][4]["reads"].update(measurement="03-sums"), "served by 03-sums, which asks"),
        (lambda plan: plan["measurements"][3].update(arm="other"), "03-sums: arm is 'other'"),
        (lambda plan: plan["measurements"][4].update(beside="00-sums"), "04-sums: beside is '00-sums'"),
        (lambda plan: plan["measurements"][4].update(seed="7"), "04-sums: seed is '7'"),
        (lambda plan: plan["measurements"][4].update(repeats=2), "04-sums: repeats is '2'"),
        (lambda plan: plan["measurements"][4].update(task="other"), "04-sums: task is 'other'"),
        (lambda plan: plan["measurements"][0].update(repeats=3), "00-sums: repeats is '3'"),
        (lambda plan: plan["measurements"][0].update(repeat_check={"samples": 2, "repeats": 2}), "repeat_check is"),
    ],
)
def test_what_a_detector_asked_for_is_what_was_measured(
    door: Path, audited: Path, tmp_path: Path, change: Any, said: str
) -> None:
    """A sealed plan whose second model is the first one, or whose samples were asked otherwise, is refused."""
    run = shutil.copytree(audited, tmp_path / "run")
    plan = without_defaults(RunFolder.open(run).plan)
    assert [each["request"] for each in plan["served"]] == [
        "claim/0", "claim/0/second", "claim/0/again", "not-worse/subject", "not-worse/reference",
    ]  # fmt: skip
    change(plan)
    with pytest.raises(VerificationError, match=said):
        recompute(reseal(run, plan=plan))


def test_a_role_that_no_model_has_is_said(
    door: Path, sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    arguments = command(tmp_path, sums_file, f"openai:sums@{sums_server.url}", "x", run)
    place = arguments.index("reference=x")
    steelyard([*arguments[: place - 1], *arguments[place + 1 :]])
    notes = [note["message"] for note in reported(run)["notes"]]
    assert any("no model has the role reference: give one with --model reference=URI" in note for note in notes)
    assert steelyard(["verify", str(run)]) == 0
    assert steelyard([*arguments, "--model", "other=x", "--model", "other=y"]) == 2
    assert "--model is given twice for the role other" in capsys.readouterr().err
