"""An endpoint that serves another model than the sheet is about, by the command line and through the verifier."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import steelyard as api
from steelyard.cli import execute
from steelyard.errors import VerificationError
from steelyard.evidence.canonical import without_defaults
from steelyard.storage.run_folder import RunFolder
from steelyard.verification.recompute import recompute
from testkit.resealing import reseal

Sums = tuple[Path, float]
Audit = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def audit(sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Audit:
    """Audit an honest claim under a sheet with these lines; exit code, report and terminal."""

    def run(head: str, *more: str, row: str = "", name: str = "sums") -> tuple[int, dict[str, Any], str]:
        sheet, out = tmp_path / "sheet.yaml", tmp_path / "run"
        value = round(100 * sums_file[1], 1)
        sheet.write_text(f"{head}\nclaims:\n  - {{task: sums, value: {value}, protocol: {{decoding: greedy}}{row}}}\n")
        command = ["audit", str(sheet), "--model", f"openai:{name}@{sums_server.url}", "--task", str(sums_file[0])]
        code = execute([*command, "--out", str(out), *more])
        return code, json.loads((out / "report.json").read_bytes()), capsys.readouterr().out

    return run


def test_another_model_than_served_as_is_not_testable(audit: Audit, sums_server: Any, tmp_path: Path) -> None:
    sums_server.name = "Qwen2.5-7B-Instruct"
    code, report, shown = audit("model: X\nserved_as: Foo-2-70B", name="Qwen2.5-7B-Instruct")
    assert (code, report["verdict"]) == (3, "not_testable")
    (claim,) = report["claims"]
    assert claim["reason"] == (
        "the sheet says served_as Foo-2-70B, and this is Qwen2.5-7B-Instruct: two models by their names; "
        "if they are one, add --accept-model"
    )
    assert "claimed: Foo-2-70B; asked: Qwen2.5-7B-Instruct" in " ".join(shown.split())
    assert not any("What is" in prompt for prompt in sums_server.asked)
    assert recompute(tmp_path / "run").verdict.names == report["names"]
    plan = without_defaults(RunFolder.open(tmp_path / "run").plan)
    plan["models"]["subject"]["identity"]["details"]["answers_as"] = "foo-2-70b"
    plan["models"]["subject"]["identity"]["name"] = "foo-2-70b"
    with pytest.raises(VerificationError, match="refused for names that are not those of two models"):
        recompute(reseal(tmp_path / "run", plan=plan))


def test_an_endpoint_that_answers_as_another_model(audit: Audit, sums_server: Any) -> None:
    sums_server.name = "Qwen2.5-7B-Instruct"
    _, report, _ = audit("model: Qwen2.5-72B-Instruct", name="my-deployment")
    assert "about Qwen2.5-72B-Instruct, and the endpoint serves Qwen2.5-7B-Instruct" in report["claims"][0]["reason"]


def test_accepted_as_one_model_it_is_tested_and_the_report_says_so(
    audit: Audit, sums_server: Any, tmp_path: Path
) -> None:
    sums_server.name = "Qwen2.5-7B-Instruct"
    _, report, shown = audit("model: Qwen2.5-72B-Instruct", "--accept-model", name="my-deployment")
    assert report["claims"][0]["asked"] > 0
    assert report["names"].endswith("answers as: Qwen2.5-7B-Instruct (two models by their names, accepted as one)")
    assert "accepted as one" in " ".join(shown.split())
    assert any("accepted as one (--accept-model)" in each for each in report["claims"][0]["differences"])
    for name in ("report.html", "report.md"):
        assert "accepted as one" in (tmp_path / "run" / name).read_text()
    plan = without_defaults(RunFolder.open(tmp_path / "run").plan)
    recompute(tmp_path / "run")
    plan.pop("accept_model")
    with pytest.raises(VerificationError, match="claim/0 is served, and it cannot be: the claim is about Qwen"):
        recompute(reseal(tmp_path / "run", plan=plan))


def test_an_alias_is_in_the_headline_and_without_consequence(audit: Audit, sums_server: Any) -> None:
    sums_server.name = "/models/abc"
    _, report, shown = audit("model: Qwen2.5-72B-Instruct", name="my-deployment")
    assert report["claims"][0]["asked"] > 0
    assert "claimed: Qwen2.5-72B-Instruct; asked: my-deployment; answers as: /models/abc" in " ".join(shown.split())


def test_a_row_of_another_variant_is_not_retested(audit: Audit, sums_server: Any) -> None:
    sums_server.name = "foo-2"
    _, report, _ = audit("model: Foo 2", row=", variant: Foo-2-experimental", name="foo-2")
    assert "about Foo-2-experimental, and the endpoint serves foo-2" in report["claims"][0]["reason"]


def test_from_python(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    sums_server.name = "foo-70b"
    sheet = tmp_path / "sheet.yaml"
    sheet.write_text("model: Foo-7B\nclaims:\n  - {task: sums, value: 80}\n")
    asked: Any = {"model": f"openai:foo-70b@{sums_server.url}", "task_files": sums_file[0]}
    refused = api.audit(sheet, out=tmp_path / "refused", **asked)
    accepted = api.audit(sheet, out=tmp_path / "accepted", accept_model=True, **asked)
    assert refused.verdict.verdict.value == "not_testable"
    assert accepted.verdict.claims[0].asked > 0
