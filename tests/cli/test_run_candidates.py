"""``steelyard run`` with several models: the same samples in one order, each model in a role of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import steelyard
from steelyard.cli import execute
from steelyard.storage.run_folder import RunFolder
from tests.conftest import SumsServer


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
