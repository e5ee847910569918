from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from steelyard.cli import execute
from steelyard.errors import InputError
from steelyard.planning.own_names import (
    check_not_built_in,
    check_not_public,
    not_the_benchmark,
    own_file_remark,
    own_under_public_names,
    remarked,
)
from steelyard.storage.run_folder import RunFolder
from testkit.fixtures import SumsServer
from tests.assets.make_golden import GOLDEN


def sums(path: Path, count: int = 30) -> Path:
    path.write_text(
        "".join(json.dumps({"question": f"What is {n} + 1?", "answer": n + 1}) + "\n" for n in range(count))
    )
    return path


@pytest.mark.parametrize("name", ["gsm8k", "GSM8K", "gsm-8k", "humaneval"])
def test_a_built_in_name_or_alias_is_taken(name: str) -> None:
    with pytest.raises(InputError, match=r"which is the public benchmark .*: rename them") as caught:
        check_not_built_in([name])
    assert "\n" not in str(caught.value)
    check_not_built_in(["gsm8k_de", "sums", "gpqa"])


def test_a_name_that_is_known_is_taken_where_others_read_the_verdict() -> None:
    with pytest.raises(InputError, match="the public benchmark GPQA"):
        check_not_public(["sums", "gpqa"])
    check_not_public(["gsm8k_de", "sums"])


def test_a_file_of_that_name_is_refused_before_a_model_is_asked(
    tmp_path: Path, sums_server: SumsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    claims = tmp_path / "claims.yaml"
    claims.write_text("model: sums\nclaims:\n- task: gsm8k\n  value: 70\n")
    asked = [
        "audit",
        str(claims),
        "--task",
        str(sums(tmp_path / "gsm8k.jsonl")),
        "--model",
        f"openai:sums@{sums_server.url}",
    ]
    assert execute([*asked, "--out", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert "gsm8k_de" in error.splitlines()[-1]
    assert not (tmp_path / "run").exists()


def test_a_run_that_holds_such_questions_is_said_not_to_be_about_the_benchmark(
    tmp_path: Path, sums_server: SumsServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody takes the check out, audits made-up sums as GSM8K, and pushes: it verifies, and each reader is told."""
    monkeypatch.setattr("steelyard.planning.build.check_not_built_in", lambda names: None)
    claims, run = tmp_path / "claims.yaml", tmp_path / "run"
    claims.write_text("model: sums\nclaims:\n- task: gsm8k\n  value: 70\n")
    asked = ["audit", str(claims), "--task", str(sums(tmp_path / "gsm8k.jsonl", 1319)), "--allow-part"]
    execute([*asked, "--model", f"openai:sums@{sums_server.url}", "--limit", "40", "--out", str(run)])
    said = "Asked were questions of the user's own, not the benchmark gsm8k."
    for page in ("report.md", "report.html"):
        assert said in (run / page).read_text().replace("&#39;", "'").replace("\\", "")
    capsys.readouterr()
    execute(["verify", str(run)])
    assert said in capsys.readouterr().out.splitlines()


def test_an_ordinary_plan_says_nothing(tmp_path: Path) -> None:
    plan = RunFolder.open(Path(shutil.copytree(GOLDEN, tmp_path / "run"))).plan
    assert own_under_public_names(plan) == ()
    own = msgspec.structs.replace(plan, tasks={"gpqa": "file", "sums": "file", "gsm8k": "steelyard 1"})
    assert own_under_public_names(own) == ("gpqa",)


def test_the_sentences() -> None:
    assert remarked(own_file_remark("gsm8k", "file")) == ("gsm8k",)
    assert own_file_remark("gsm8k", "steelyard 1") == own_file_remark("sums", "file") == ()
    assert not_the_benchmark([]) == ""
    assert not_the_benchmark(["a", "b", "a"]).endswith("not the benchmarks a, b.")
