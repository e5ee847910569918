"""``steelyard run`` with several models: the same samples in one order, each model in a role of its own."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest

import steelyard
from steelyard.cli import execute
from steelyard.planning import orders
from steelyard.storage.run_folder import RunFolder
from testkit.fixtures import SumsServer


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("options", [[], ["--no-ledger"], None])
def test_two_models_are_asked_the_same_in_one_order(
    sums_server: SumsServer, key: Path, sums_file: tuple[Path, float], options: list[str] | None,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    if options is None:  # unsigned
        key.unlink()
    with SumsServer() as other:
        other.name = "other"
        asked = ["run", str(sums_file[0]), "--model", f"openai:sums@{sums_server.url}", "--model",
                 f"openai:other@{other.url}", "--limit", "20", "--out", "r", *(options or [])]  # fmt: skip
        assert execute(asked) == 0
    plan = RunFolder.open(Path("r")).plan
    first, second = plan.measurements
    assert (first.role, second.role) == ("subject", "candidate-2")
    assert first.order_seed == second.order_seed
    assert first.samples_root == second.samples_root
    said = capsys.readouterr().out
    assert "sums (question) by other, candidate-2:" in said
    assert execute(["verify", "r"]) == 0
    report = json.loads(Path("r/report.json").read_text())
    assert [each["model"] for each in report["measurements"]] == ["", "other"]
    assert "by other (candidate-2)" in Path("r/report.html").read_text()


def test_from_python_a_list_of_models_is_asked_the_same(sums_server: SumsServer, sums_file: tuple[Path, float]) -> None:
    model = f"openai:sums@{sums_server.url}"
    found = steelyard.run(sums_file[0], model=[model, model, model], limit=5)
    assert [each.role for each in found.verdict.measurements] == ["subject", "candidate-2", "candidate-3"]


def test_an_audit_has_one_model_under_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("sheet.yaml").write_text("model: m\nclaims:\n  - {task: sums, value: 90}\n")
    assert execute(["audit", "sheet.yaml", "--model", "embedded:smollm2", "--model", "embedded:smollm2"]) == 2
    assert "--model is given twice for the role subject" in capsys.readouterr().err


def test_show_says_which_model_answered(
    sums_server: SumsServer,
    sums_file: tuple[Path, float],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = Path("few.jsonl")
    few.write_text("\n".join(sums_file[0].read_text().splitlines()[:40]))
    with SumsServer() as other:
        other.name = "other"
        models = [f"openai:sums@{sums_server.url}", f"openai:other@{other.url}"]
        asked = [part for model in models for part in ("--model", model)]
        assert execute(["run", str(sums_file[0]), *asked, "--limit", "4", "--out", "r"]) == 0
        assert execute(["run", str(few), *asked[:2], "--limit", "25", "--out", "s1"]) == 0
        monkeypatch.setattr(orders, "secrets", secrets)  # another order than the tests' one
        assert execute(["run", str(few), *asked[:2], "--limit", "25", "--out", "s2"]) == 0
    capsys.readouterr()
    assert execute(["show", "r"]) == 0
    told = capsys.readouterr().out
    assert told.count("model       sums (subject)") == told.count("model       other (candidate-2)") == 4
    assert execute(["show", "r#candidate-2", "--html", "one.html"]) == 0
    assert "(4 of 8 answers)" in capsys.readouterr().out
    assert "other" in Path("one.html").read_text()
    assert execute(["show", "r", "--html", "all.html"]) == 0
    assert "2 models" in Path("all.html").read_text()
    assert execute(["show", "r#third"]) == 2
    assert "there are: subject, candidate-2" in capsys.readouterr().err
    execute(["compare", "s1", "s2"])
    assert "--limit drew other samples in each run" in " ".join(capsys.readouterr().out.split())
