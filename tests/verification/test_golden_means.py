"""The golden bundle of means: a mean of shares and a weighted average verify for ever, and none of its tampered forms.

``claim_retest@5`` with a grid is the bounded test; its weights are sealed with the test, and with what was served.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute as steelyard
from steelyard.errors import VerificationError
from steelyard.evidence.canonical import without_defaults
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from testkit.resealing import edit, records_of, reseal, without_key
from tests.assets.make_golden import GOLDEN_MEANS
from tests.verification.test_recompute import change_digit, drop_line, flip

FILES = sorted(path.relative_to(GOLDEN_MEANS).as_posix() for path in GOLDEN_MEANS.rglob("*") if path.is_file())


@pytest.fixture
def means(tmp_path: Path) -> Path:
    """A copy of the golden bundle of means."""
    return Path(shutil.copytree(GOLDEN_MEANS, tmp_path / "means"))


@pytest.fixture(scope="module")
def unsigned_means(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle as an auditor without a key would have made it."""
    return without_key(Path(shutil.copytree(GOLDEN_MEANS, tmp_path_factory.mktemp("means") / "bundle")))


@pytest.fixture
def unsigned(unsigned_means: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(unsigned_means, tmp_path / "unsigned"))


def test_the_golden_bundle_of_means_holds(capsys: pytest.CaptureFixture[str]) -> None:
    key = GOLDEN_MEANS.with_name("golden_means.pub.pem")
    assert steelyard(["verify", str(GOLDEN_MEANS), "--require-key", str(key)]) == 0
    said = capsys.readouterr().out
    assert "152 scores recomputed from the model outputs" in said
    assert "verdict recomputed: inconsistent" in said
    claims = recompute(GOLDEN_MEANS).verdict.claims
    assert [(each.task, each.verdict) for each in claims] == [("phrases", "inconsistent"), ("kinds", "consistent")]
    plan = RunFolder.open(GOLDEN_MEANS).plan
    assert [each.sealed["grid"] for each in plan.tests if each.rule == "claim_retest@5"] == [1_000_000] * 2
    assert plan.served[2].weights == (("easy", 1), ("hard", 2), ("rare", 5))


@pytest.mark.parametrize("change", [flip, drop_line, change_digit])
@pytest.mark.parametrize("name", FILES)
def test_no_tampering_over_any_file_is_accepted(
    means: Path, name: str, change: Callable[[bytes, random.Random], bytes]
) -> None:
    original = (means / name).read_bytes()
    changed = change(original, random.Random(f"{name} {change.__name__}"))
    (means / name).write_bytes(changed)
    assert changed == original or steelyard(["verify", str(means)]) == 1


# ── sealed again by someone without the key ─────────────────────────────────────────────────────────────────────────


def test_an_honest_reseal_holds(unsigned: Path) -> None:
    assert steelyard(["verify", str(unsigned)]) == 0


@pytest.mark.parametrize("value", [1.0, 0.5714285714285715, 0.57])
def test_another_share_does_not_follow_from_the_answer(unsigned: Path, value: float) -> None:
    scores = unsigned / "scores.jsonl"
    sealed = [json.loads(line)["value"] for line in scores.read_bytes().splitlines()]
    line = next(number for number, each in enumerate(sealed) if each != value)  # each golden bundle has its own order
    edit(scores, lambda score: score.update(value=value), line=line)
    with pytest.raises(VerificationError, match=rf"scores.jsonl line {line + 1}"):
        recompute(reseal(unsigned))


@pytest.mark.parametrize(
    ("claim", "change"),
    [
        (0, {"measured": 89.0}),
        (0, {"verdict": "consistent"}),
        (0, {"log_e": 0.0}),
        (1, {"measured": 70.0}),
        (1, {"ci": [64.0, 66.0]}),
        (1, {"verdict": "inconsistent"}),
    ],
)
def test_another_mean_does_not_follow_from_the_shares(unsigned: Path, claim: int, change: dict[str, Any]) -> None:
    edit(unsigned / "report.json", lambda report: report["claims"][claim].update(change))
    with pytest.raises(VerificationError, match=r"report.json"):
        recompute(reseal(unsigned))


WEIGHTS = [["easy", 5], ["hard", 2], ["rare", 1]]


def _sealed(place: int, **change: Any) -> Callable[[dict[str, Any]], None]:
    def changed(plan: dict[str, Any]) -> None:
        tests = [each for each in plan["tests"] if each["rule"] == "claim_retest@5"]
        tests[place]["sealed"] = {k: v for k, v in (tests[place]["sealed"] | change).items() if v is not ...}

    return changed


def _weights_everywhere(plan: dict[str, Any]) -> None:
    _sealed(1, weights=WEIGHTS)(plan)
    for each in plan["served"]:
        if "weights" in each:
            each["weights"] = WEIGHTS


@pytest.mark.parametrize(
    "change",
    [
        _sealed(0, grid=100),
        _sealed(0, grid=...),
        _sealed(0, accuse=1),
        _sealed(0, tolerance="9"),
        _sealed(1, weights=WEIGHTS),
        _sealed(1, weights=...),
        _sealed(1, macro=...),
        _sealed(1, confirm=10**9),
        _weights_everywhere,
        lambda plan: plan["measurements"][2].update(groups=[["easy", 20], ["hard", 8], ["rare", 8]]),
        lambda plan: plan["measurements"][2].pop("groups"),
        lambda plan: plan["measurements"][0].update(population=41),
    ],
)
def test_another_rule_than_the_claim_gives_does_not_verify(
    unsigned: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    plan = without_defaults(RunFolder.open(unsigned).plan)
    change(plan)
    with pytest.raises(VerificationError):
        recompute(reseal(unsigned, plan=plan))


def test_an_answer_that_is_exchanged_changes_the_mean(unsigned: Path) -> None:
    records = records_of(unsigned)
    answers = [each for each in records if each["type"] == "attempt" and each["measurement"] == "00-phrases"]
    worst, best = answers[0], next(each for each in answers if each["answer"] != answers[0]["answer"])
    worst["answer"] = best["answer"]
    with pytest.raises(VerificationError):
        recompute(reseal(unsigned, records=records))
