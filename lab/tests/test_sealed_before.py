"""Bundles that commit 0c6fe220 sealed verify for ever: the same words and digests, by the old rules under their names.

``expected.json`` holds what that commit said of each; ``tests/assets/make_sealed_before.py`` of commit 2564eb1a made
them. Pages are compared only where the same version draws them, so exit codes are those of ``steelyard verify
--no-pages``.
"""

from __future__ import annotations

import hashlib
import html
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steelyard.api.results import verified
from steelyard.api.sealed_results import result_file, verify_result
from steelyard.api.watch_verify import verify_watch
from steelyard.cli import execute as steelyard
from steelyard.errors import VerificationError
from steelyard.evidence.canonical import without_defaults
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from steelyard.watching.folder import is_watch
from steelyard.watching.words import headline
from testkit.repository import ROOT
from testkit.resealing import edit, reseal, with_new_reports

BEFORE = ROOT / "tests" / "assets" / "sealed_before"
EXPECTED = json.loads((BEFORE / "expected.json").read_text())


def said_of(bundle: Path) -> dict[str, Any]:
    """What ``steelyard verify --no-pages`` says of a bundle: its exit code, its words and the digests of its seal."""
    if is_watch(bundle):
        watch = verify_watch(bundle, ignores_pages=True)
        said = {"exit": int(watch.exit_code), "passes": watch.passes, "scores": watch.scores}
        return said | {"headline": headline(watch.standing)}
    if name := result_file(bundle):
        found = verify_result(bundle).found
        seal = hashlib.sha256((bundle / name).read_bytes()).hexdigest()
        return {"exit": 0, "word": found.word.value, "guesses": found.guesses, "seal": seal}
    result = verified(bundle)
    verdict, again = result.recomputed.verdict, result.recomputed
    return {
        "exit": 3 if result.not_recomputed or again.other_drawers else 0,
        "verdict": verdict.verdict.value,
        "run_exit": verdict.exit,
        "claims": [[claim.task, claim.verdict.value, claim.asked] for claim in verdict.claims],
        "results": [[test.rule, test.word.value] for test in verdict.results],
        "scores": [again.scores, again.withheld],
        "root": result.integrity.root,
        "answers_root": result.integrity.answers_root,
        "seal": result.integrity.bundle.sha256,
    }


def test_each_bundle_has_its_line() -> None:
    assert {path.name for path in BEFORE.iterdir() if path.is_dir()} == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_bundle_sealed_before_verifies_as_before(name: str) -> None:
    assert said_of(BEFORE / name) == EXPECTED[name]


def test_the_key_of_before_is_still_trusted() -> None:
    key = str(BEFORE / "claims.pub.pem")
    assert steelyard(["verify", "--no-pages", str(BEFORE / "claims"), "--require-key", key]) == 0


@pytest.mark.parametrize("name", EXPECTED)
def test_a_changed_byte_does_not_verify(tmp_path: Path, name: str) -> None:
    bundle = Path(shutil.copytree(BEFORE / name, tmp_path / name))
    sealed = next(path for path in sorted(bundle.rglob("*.json*")) if path.stat().st_size)
    data = sealed.read_bytes()
    sealed.write_bytes(data[:200] + bytes([data[200] ^ 1]) + data[201:])
    with pytest.raises(VerificationError):
        said_of(bundle)


FORMER = {  # by bundle, the former rules that decide it
    "cached": ("claim_retest@4", "exact@5"),
    "claims": ("claim_retest@4", "exact@5", "letter@4", "numeric@7"),
    "gate": ("gate@3", "numeric@7"),
    "gate_budget": ("gate@3", "answer@5"),
    "gate_pair": ("gate@3", "numeric@7"),
    "imported": ("letter@4",),
    "process": ("claim_retest@4", "exact@5"),
    "public": ("claim_retest@4", "exact@5", "letter@4", "numeric@7"),
}


@pytest.mark.parametrize("name", FORMER)
def test_verify_and_the_report_name_the_former_rules(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert FORMER.keys() == EXPECTED.keys() - {"texts"}
    assert steelyard(["verify", "--no-pages", str(BEFORE / name)]) == EXPECTED[name]["exit"]
    (line,) = (each for each in capsys.readouterr().out.splitlines() if each.startswith("Decided by "))
    assert [each.split(",")[0] for each in line.removeprefix("Decided by ").split("; ")] == [*FORMER[name]]
    if "claim_retest@4" in FORMER[name]:
        assert "claim_retest@4, a former rule (today's is claim_retest@5)" in line
    steelyard(["verify", "--json", str(BEFORE / name)])
    assert json.loads(capsys.readouterr().out)["former_rules"] == line
    if EXPECTED[name].get("claims"):
        page = tmp_path / "own.html"
        steelyard(["report", str(BEFORE / name), "--html", str(page)])
        assert html.escape(line).replace("&#x27;", "&#39;") in page.read_text()


@pytest.mark.parametrize(
    ("name", "software"),
    [
        *((name, "steelyard 0.2.0") for name in FORMER if name != "claims"),  # whose key was not kept
        *(
            ("gate", software)
            for software in ("steelyard 0.3.1", "steelyard 10.1.0", "steelyard 0.10.0", "x 0.1.0", "")
        ),
    ],
)
def test_a_former_rule_of_todays_software_is_refused(
    name: str, software: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = Path(shutil.copytree(BEFORE / name, tmp_path / name))
    plan = without_defaults(RunFolder.open(bundle).plan) | {"software": software}
    reseal(bundle, plan=plan)
    assert steelyard(["verify", str(bundle)]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert f"Decided by {FORMER[name][0]}, a former rule (today's is" in error
    assert f"by which alone {software!r} decides" in error


def test_a_forged_plan_differs_from_one_that_verifies_in_its_software_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = Path(shutil.copytree(BEFORE / "cached", tmp_path / "cached"))
    plan = without_defaults(RunFolder.open(bundle).plan)
    plan["sheet"]["typed"] = True
    for software, code in (("steelyard 0.1.0", 0), ("steelyard 0.2.0", 1)):
        with_new_reports(reseal(bundle, plan=plan | {"software": software}))
        assert steelyard(["verify", "--no-pages", str(bundle)]) == code
        said = capsys.readouterr()
        assert "claim_retest@4, a former rule" in (said.err if code else said.out)


def _tolerance(plan: dict[str, Any]) -> None:
    next(each for each in plan["tests"] if each["rule"] == "claim_retest@4")["sealed"]["tolerance"] = "9"


def _rule(plan: dict[str, Any]) -> None:
    next(each for each in plan["tests"] if each["rule"] == "claim_retest@4")["rule"] = "claim_retest@3"


@pytest.mark.parametrize("change", [_tolerance, _rule])
def test_another_plan_sealed_again_does_not_verify(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    bundle = Path(shutil.copytree(BEFORE / "cached", tmp_path / "cached"))
    plan = without_defaults(RunFolder.open(bundle).plan)
    change(plan)
    with pytest.raises(VerificationError):
        recompute(reseal(bundle, plan=plan))


def test_another_verdict_sealed_again_does_not_follow(tmp_path: Path) -> None:
    bundle = with_new_reports(Path(shutil.copytree(BEFORE / "cached", tmp_path / "cached")))
    recompute(bundle)
    edit(bundle / "report.json", lambda report: report["claims"][0].update(verdict="consistent"))
    with pytest.raises(VerificationError, match=r"report\.json"):
        recompute(reseal(bundle))
