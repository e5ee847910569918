"""``steelyard import`` and ``steelyard export`` as a user calls them: what SOURCE is, is found out; errors are one
line.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.claims.sheet import read_sheet
from steelyard.cli import execute as steelyard
from tests.adapters.test_gateway_recording import asked, recording

ASSETS = Path(__file__).parent.parent / "assets"
LOGS = ASSETS / "logs"


@pytest.mark.parametrize(
    ("source", "message", "code"),
    [
        ("inspect_sums.eval", "sums (inspect_ai): 92.9 %", 0),
        ("inspect_sums.json", "sums (inspect_ai): 100.0 %", 0),
        ("inspect_error.eval", "12 of 14 right, 1 missing", 4),
        ("lm_eval", "stub_choice (lm_eval): 8.3 %", 0),
        ("lm_eval_chat", "stub_small (lm_eval): 92.9 %", 0),
    ],
)
def test_a_log_becomes_a_run_that_verifies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str, message: str, code: int
) -> None:
    assert steelyard(["import", str(LOGS / source), "--out", str(tmp_path / "run")]) == code
    printed = capsys.readouterr().out
    assert message in printed
    assert "we did not see the calls" in printed
    assert steelyard(["verify", str(tmp_path / "run")]) == 0
    assert steelyard(["report", str(tmp_path / "run")]) == code


def test_a_results_file_may_be_named_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = next((LOGS / "lm_eval").glob("results_*"))
    arguments = ["import", str(source), "--task", "stub_choice", "--scorer", "choice[characters]@1", "--json"]
    assert steelyard([*arguments, "--out", str(tmp_path / "run")]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["origin"]["harness"] == "lm_eval 0.4.13"
    assert printed["claims"] == []
    assert printed["measurements"][0]["measured"] == 0.0


def test_a_card_becomes_a_sheet_that_screen_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = tmp_path / "acme.yaml"
    assert steelyard(["import", str(ASSETS / "cards" / "README.md"), "--out", str(sheet)]) == 0
    assert "5 claims" in capsys.readouterr().out
    assert steelyard(["screen", str(sheet)]) == 0
    assert steelyard(["import", str(ASSETS / "cards" / "README.md"), "--out", str(sheet)]) == 2
    assert "is there already" in capsys.readouterr().err


def test_out_to_every_eval_ever_and_in_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, out, lines = (str(tmp_path / name) for name in ("run", "out.json", "samples.jsonl"))
    steelyard(["import", str(LOGS / "inspect_sums.eval"), "--out", run])
    assert steelyard(["export", run, "--to", "every-eval-ever", "--out", out, "--samples", lines]) == 0
    assert steelyard(["import", out, "--out", str(tmp_path / "sheet.yaml")]) == 0
    assert steelyard(["screen", str(tmp_path / "sheet.yaml")]) == 0
    assert len((tmp_path / "samples.jsonl").read_text().splitlines()) == 14
    capsys.readouterr()
    assert steelyard(["export", run, "--to", "every-eval-ever"]) == 0
    assert json.loads(capsys.readouterr().out)["schema_version"] == "0.3.0"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.eval"], "no such file"),
        (["{tmp}"], "nothing to import"),
        (["{tmp}/x.txt"], "unknown type of file"),
        (["{tmp}/x.json"], "unknown format"),
        (["{logs}/inspect_sums.eval", "--scorer", "nosuch"], "no scorer is called 'nosuch'"),
        (["{logs}/inspect_sums.eval", "--scorer", "exact@5"], "exact@5 is a former version: leave out its number"),
        (["{logs}/inspect_sums.eval", "--scorer", "imported[x y]@1"], "runs model-written code"),
        (["{logs}/inspect_sums.eval", "--metric", "nosuch"], "no scorer 'nosuch'"),
        (["{logs}/inspect_sums.eval", "--task", "sums"], "leave out --task"),
        (["{assets}/cards/README.md", "--metric", "acc"], "applies to a log"),
        (["{assets}/golden", "--task", "gsm8k"], "a run of steelyard already"),
        (["{assets}/golden"], "a run of steelyard already"),
    ],
)
def test_what_cannot_be_imported_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    (tmp_path / "x.txt").write_text("x")
    (tmp_path / "x.json").write_text("{}")
    places = {"tmp": str(tmp_path), "logs": str(LOGS), "assets": str(ASSETS)}
    filled = [each.format(**places) if "{" in each else each for each in arguments]
    assert steelyard(["import", *filled, "--out", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert words in error
    assert not (tmp_path / "run").exists()


def test_a_recording_of_the_gateway_is_scored_as_the_task_that_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = tmp_path / "qa.jsonl"
    questions.write_text(
        '{"question": "What is 10 + 10?", "answer": "20"}\n{"question": "And 3 + 3?", "answer": "6"}\n'
    )
    recorded = recording(tmp_path, asked("What is 10 + 10?", "20"), asked("And 3 + 3?", "7"))
    arguments = ["import", str(recorded), "--task", str(questions)]
    assert steelyard([*arguments, "--out", str(tmp_path / "run")]) == 0
    printed = capsys.readouterr().out
    assert "qa (as the harness asked): 50.0 %" in printed
    assert "the calls passed through it" in printed
    assert steelyard(["verify", str(tmp_path / "run")]) == 0
    assert steelyard([*arguments, "--model", "nosuch", "--out", str(tmp_path / "other")]) == 2
    assert "no call is for the model 'nosuch'" in capsys.readouterr().err
    assert steelyard(["import", str(recorded)]) == 2
    assert "a recording does not name its task" in capsys.readouterr().err


def test_texts_go_out_only_into_a_file_that_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steelyard(["import", str(LOGS / "inspect_sums.eval"), "--out", str(tmp_path / "run")])
    assert steelyard(["export", str(tmp_path / "run"), "--to", "every-eval-ever", "--with-texts"]) == 2
    assert "--samples" in capsys.readouterr().err


INDEX = """model-index:
- name: Alpha-7B
  results:
  - dataset: {name: GSM8K, type: gsm8k}
    metrics: [{type: accuracy, value: 69.8}]
"""

CARD = """# Ours

| Benchmark | Ours-7B | Other |
|---|---|---|
| GSM8K (5-shot) | **68.60** | 80.1 |
| Our own test | 51 | 3 |
"""


def test_a_cards_table_becomes_a_sheet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("README.md").write_text(CARD)
    assert steelyard(["import", "README.md", "--model", "ours-7b"]) == 0
    told = capsys.readouterr().out
    assert "sheet  ours-7b.yaml (2 claims, 1 with a task here)\ncheck  every value against its source" in told
    assert steelyard(["screen", "ours-7b.yaml"]) == 0
    claims = read_sheet(Path("ours-7b.yaml")).claims
    assert [(claim.task, claim.value, claim.shots) for claim in claims] == [
        ("gsm8k", "68.60", 5),
        ("Our own test", "51", None),
    ]
    assert steelyard(["import", "README.md", "--model", "ours-7b", "--json", "--out", "b.yaml"]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["README.md"], "README.md: its tables hold several models: name one with --model: Ours-7B, Other"),
        (["README.md", "--model", "Ours"], "--model 'Ours' is in none of its tables; in them are: Ours-7B, Other"),
        (["README.md", "--model", "Other", "--table", "9"], "--table 9: there are 1 tables"),
        (["README.md", "--model", "Other", "--task", "x"], "--task applies to a log"),
        (["card.yaml", "--model", "x"], "card.yaml: has the results of 'Alpha-7B' alone, and 'x' is named"),
        (["card.yaml", "--table", "1"], "--table applies to a card's tables"),
    ],
)
def test_what_is_wrong_with_a_card_is_one_line(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("README.md").write_text(CARD)
    Path("card.yaml").write_text(INDEX)
    assert steelyard(["import", *arguments]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"README.md", "card.yaml"}


def test_screening_a_card_says_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my card.md").write_text(CARD)
    assert steelyard(["screen", "my card.md"]) == 2
    assert "steelyard import 'my card.md' --model NAME" in capsys.readouterr().err
