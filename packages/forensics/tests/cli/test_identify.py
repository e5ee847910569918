"""``steelyard identify``: one line for what cannot be used, the dry run, and what is shown meanwhile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.cli import execute
from steelyard.errors import ExitCode
from testkit.fixtures import SumsServer

ENDPOINT = ("--model", "openai:m@http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "Missing option '--model'"),
        (("--model", "reference=gguf:m.gguf"), "no model under test is given"),
        (ENDPOINT, "no reference is given: add --model reference=gguf:PATH, the file that should be served"),
        ((*ENDPOINT, "--model", "reference=openai:n@http://127.0.0.1:2"), "a reference is weights on this machine"),
        ((*ENDPOINT, "--model", "reference=gguf:absent.gguf"), "absent.gguf: there is no such file"),
        ((*ENDPOINT, "--model", "reference=gguf:text.gguf"), "text.gguf: is not a GGUF file"),
        ((*ENDPOINT, "--model", "reference=gguf:absent.gguf", "--texts", "201"), "201 is not in the range"),
        ((*ENDPOINT, "--model", "reference=gguf:absent.gguf", "--alpha", "0.1"), "0.1 is not in the range"),
        ((*ENDPOINT, "--model", "reference=gguf:absent.gguf", "--limit", "3"), "No such option"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.gguf").write_text("no weights")
    assert execute(["identify", *given]) == ExitCode.BAD_INPUT
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.err.strip().splitlines()[-1].startswith("steelyard: ")
    assert "Traceback" not in shown.err
    assert [path.name for path in Path().iterdir()] == ["text.gguf"]


def test_a_dry_run_of_what_cannot_be_asked(
    sums_server: SumsServer, smollm2: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = ("--model", f"openai:sums@{sums_server.url}", "--model", "reference=embedded:smollm2")
    assert execute(["identify", *models, "--dry-run"]) == ExitCode.UNDECIDED
    said = " ".join(capsys.readouterr().out.split())
    assert "nothing can be asked" in said
    assert "neutral_prompts: not testable: it has no plain completions" in said
    assert "next tokens: not tested: next tokens were not compared" in said
    assert execute(["identify", *models, "--dry-run", "--by", "texts", "--json"]) == ExitCode.UNDECIDED
    found = json.loads(capsys.readouterr().out)
    assert (found["is_identity_check"], len(found["skipped"])) == (True, 1)
