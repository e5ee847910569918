"""The spine end to end, on a real server on loopback: verdicts, arrival order, SIGKILL and resume, missing answers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute as steelyard
from steelyard.detectors.claim_retest.sealed import decode
from steelyard.storage.journal.reader import replay
from steelyard.storage.run_folder import RunFolder
from tests.auditing.audits import Sums, audit, claim_tests, reported, sheet, words


def test_an_honest_and_an_inflated_claim(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    questions, truth = sums_file
    claims = sheet(tmp_path, f"{truth * 100:.1f}", 97)
    assert steelyard(audit(claims, sums_server, questions, tmp_path / "run")) == 1
    assert words(tmp_path / "run") == ["consistent", "inconsistent"]
    assert steelyard(["verify", str(tmp_path / "run")]) == 0


@pytest.mark.parametrize(("value", "code", "sampled"), [(78.5, 0, False), (97, 1, True)])
def test_sampled_answers_are_asked_before_inconsistent_is_said_and_not_otherwise(
    sums_server: Any, sums_file: Sums, tmp_path: Path, value: float, code: int, sampled: bool
) -> None:
    """The sheet does not state how the vendor decoded."""
    questions, _ = sums_file
    run = tmp_path / "run"
    assert steelyard(audit(sheet(tmp_path, value), sums_server, questions, run)) == code
    asked = {each.arm or each.decoding: each.id for each in RunFolder.open(run).plan.measurements}
    calls = Counter(attempt.measurement for attempt in replay(run).attempts)
    assert bool(calls[asked["sampled"]]) is sampled
    assert steelyard(["verify", str(run)]) == 0


def test_ten_points_too_many_are_not_consistent_because_few_samples_are_stated(
    sums_server: Any, sums_file: Sums, tmp_path: Path
) -> None:
    questions, truth = sums_file
    claims = tmp_path / "sheet.yaml"
    claims.write_text(f"model: adder\nclaims:\n  - {{task: sums, value: {truth * 100 + 10:.1f}, samples: 30}}\n")
    assert steelyard(audit(claims, sums_server, questions, tmp_path / "run")) in (1, 3)
    assert words(tmp_path / "run") in (["unverifiable"], ["inconsistent"])


def test_honest_claims_alone_exit_0(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    questions, truth = sums_file
    claims = sheet(tmp_path, f"{truth * 100:.1f}")
    assert steelyard(audit(claims, sums_server, questions, tmp_path / "run")) == 0


def test_json_is_the_documented_form(
    sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions, _ = sums_file
    assert steelyard(audit(sheet(tmp_path, 97), sums_server, questions, tmp_path / "run", "--json")) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] == "inconsistent"
    assert document["exit"] == 1
    for key in ("task", "claimed", "tolerance", "measured", "ci", "asked", "of", "missing", "verdict", "needs"):
        assert key in document["claims"][0]


@pytest.mark.parametrize("slow_when_wrong", [True, False])
def test_answers_in_adversarial_order_change_no_verdict(
    sums_server: Any, sums_file: Sums, tmp_path: Path, slow_when_wrong: bool
) -> None:
    """64 connections, one kind of answer 40 times slower: no verdict depends on what arrives first."""
    questions, truth = sums_file
    claims = sheet(tmp_path, f"{truth * 100:.1f}", f"{truth * 100 + 9:.1f}")
    sums_server.seconds = lambda wrong: 0.08 if wrong is slow_when_wrong else 0.002
    run = tmp_path / "run"
    steelyard(audit(claims, sums_server, questions, run, "--concurrency", "64"))
    assert words(run) == ["consistent", "inconsistent"]


def test_missing_answers_are_bounds_not_wrong_ones_and_exit_4(
    sums_server: Any, sums_file: Sums, tmp_path: Path
) -> None:
    questions, truth = sums_file
    lost = {f"What is {number} + {number * 7 % 91}?" for number in range(0, 900, 3)}
    sums_server.status = lambda prompt, times: 400 if prompt.splitlines()[0] in lost else 200
    run = tmp_path / "run"
    assert steelyard(audit(sheet(tmp_path, f"{truth * 100:.1f}"), sums_server, questions, run)) == 4
    claim = reported(run)["claims"][0]
    assert claim["missing"] > 0
    low, high = claim["ci"]
    least, most = claim["bounds"]
    assert claim["measured"] is None  # a third is missing: nobody knows the score
    assert most - least == pytest.approx(100 * claim["missing"] / claim["asked"])
    assert low < least < most < high
    assert steelyard(["verify", str(run)]) == 0


def test_a_dry_run_sends_no_sample(
    sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions, _ = sums_file
    more = ("--dry-run", "--price", "1,2")
    assert steelyard(audit(sheet(tmp_path, 86, "1.0"), sums_server, questions, tmp_path / "run", *more)) == 0
    told = capsys.readouterr().out
    assert "no sample was sent" in told
    assert "not testable" in told
    assert not any("What is" in prompt and "+" in prompt for prompt in sums_server.asked)
    assert not (tmp_path / "run").exists()
    assert steelyard(audit(sheet(tmp_path, 86), sums_server, questions, tmp_path / "run", "--dry-run", "--json")) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["calls"] >= 900


def test_the_report_can_be_made_again(
    sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions, _ = sums_file
    run = tmp_path / "run"
    steelyard(audit(sheet(tmp_path, 97), sums_server, questions, run))
    page, text = tmp_path / "again.html", tmp_path / "again.md"
    assert steelyard(["report", str(run), "--html", str(page), "--markdown", str(text)]) == 1
    assert page.read_bytes() == (run / "report.html").read_bytes()
    assert text.read_bytes() == (run / "report.md").read_bytes()
    capsys.readouterr()
    assert steelyard(["report", str(run), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "inconsistent"
    assert steelyard(["report", str(run), "--html", str(tmp_path / "no" / "where.html")]) == 2


def test_a_signed_run_proves_its_order_and_its_maker(
    sums_server: Any,
    sums_file: Sums,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    questions, _ = sums_file
    monkeypatch.setenv("STEELYARD_KEY", str(tmp_path / "keys" / "key.pem"))
    assert steelyard(["key", "new"]) == 0
    run, other = tmp_path / "run", tmp_path / "other"
    for folder in (run, other):
        steelyard(audit(sheet(tmp_path, 97), sums_server, questions, folder))
    questions_of = [next(iter(RunFolder.open(folder).plan.questions.values())) for folder in (run, other)]
    assert [each.number for each in questions_of] == [1, 2]  # the auditor can ask again, and it is counted
    public = str(tmp_path / "keys" / "key.pub.pem")
    assert steelyard(["verify", str(run), "--require-key", public]) == 0
    assert "which you trust" in capsys.readouterr().out
    assert steelyard(["verify", str(run), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["trusted"] is False
    assert steelyard(["key", "new", "--out", str(tmp_path / "keys" / "second.pem")]) == 0
    assert steelyard(["verify", str(run), "--require-key", str(tmp_path / "keys" / "second.pub.pem")]) == 1


def test_an_unsigned_run_is_said_to_be_and_fails_where_a_key_is_required(
    sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions, _ = sums_file
    run = tmp_path / "run"
    steelyard(audit(sheet(tmp_path, 97), sums_server, questions, run))
    capsys.readouterr()
    assert steelyard(["verify", str(run)]) == 0
    assert "not signed" in capsys.readouterr().out
    steelyard(["key", "new", "--out", str(tmp_path / "key.pem")])
    assert steelyard(["verify", str(run), "--require-key", str(tmp_path / "key.pub.pem")]) == 1


def test_an_api_key_reaches_no_file_and_no_message(
    sums_server: Any,
    sums_file: Sums,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    questions, _ = sums_file
    monkeypatch.setenv("MY_SECRET", "sk-very-secret-0123456789")
    sums_server.status = lambda prompt, times: 200 if times > 1 or sum(sums_server.asked.values()) < 30 else 500
    run = tmp_path / "run"
    steelyard(audit(sheet(tmp_path, 97), sums_server, questions, run, "--api-key-env", "MY_SECRET"))
    shown = capfd.readouterr()
    assert "sk-very-secret" not in shown.out + shown.err
    assert not any(b"sk-very-secret" in path.read_bytes() for path in run.rglob("*") if path.is_file())


def test_where_all_answers_were_cut_off_the_headline_says_so_and_what_helps(
    sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    sums_server.cut_off = True
    assert steelyard(audit(sheet(tmp_path, 86), sums_server, sums_file[0], run, "--limit", "120")) == 3
    told = " ".join(capsys.readouterr().out.split())
    asked = reported(run)["claims"][0]["asked"]
    assert f"all {asked} answers were cut off at their limit of tokens; raise it with --output-tokens." in told, told
    for page in ("report.html", "report.md"):
        assert "raise the limit with --output-tokens" in (run / page).read_text()
    assert steelyard(["verify", str(run)]) == 0
    short = ["run", str(sums_file[0]), "--model", f"openai:sums@{sums_server.url}", "--limit", "20"]
    assert steelyard([*short, "--out", str(tmp_path / "other")]) == 3
    assert "20 of 20 answers were cut off at their limit of tokens" in capsys.readouterr().out


def test_odd_file_names_are_tasks_like_others(sums_server: Any, tmp_path: Path) -> None:
    for number, name in enumerate(("my questions.jsonl", "fragen ü.jsonl", "q(1).jsonl")):
        (tmp_path / name).write_text('{"question": "What is 1 + 1?", "answer": "2"}\n' * 4)
        model = f"openai:sums@{sums_server.url}"
        assert steelyard(["run", str(tmp_path / name), "--model", model, "--out", str(tmp_path / str(number))]) == 0
        assert steelyard(["verify", str(tmp_path / str(number))]) == 0


def test_a_terminal_that_knows_no_signs_gets_no_error() -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    path = Path(__file__).resolve().parents[2] / "examples" / "llama-4-maverick.yaml"
    command = [sys.executable, "-m", "steelyard", "screen", str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Inconsistent" in done.stdout


def test_questions_that_are_asked_several_times_are_counted_as_calls_everywhere(
    sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """200 questions, each asked several times: "202 of 400" was no number of questions."""
    short, run = tmp_path / "sums.jsonl", tmp_path / "run"
    short.write_text("".join(sums_file[0].read_text().splitlines(keepends=True)[:200]))
    claims = sheet(tmp_path, 97)
    claims.write_text(claims.read_text().replace("}", ", protocol: {decoding: temperature 0.6}}"))
    assert steelyard(audit(claims, sums_server, short, run)) in (0, 1, 3)
    told = capsys.readouterr()
    (claim,) = reported(run)["claims"]
    assert claim["repeats"] > 1
    assert claim["of"] == 200 * claim["repeats"]
    said = f"{claim['asked']:,} of {claim['of']:,} calls"
    assert said in " ".join(told.out.split())
    assert re.search(rf"sums [0-9]+/{claim['of']} calls", told.err)
    for page in ("report.html", "report.md"):
        assert said in (run / page).read_text()
    assert steelyard(["report", str(run), "--summary", str(tmp_path / "page.html")]) in (0, 1, 3)
    assert f"{said}, {claim['repeats']} a question" in (tmp_path / "page.html").read_text()


def test_sampled_decoding_end_to_end(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    """The vendor says that it averaged passes: ours are sampled too, the margin follows from our own repeats."""
    questions, truth = sums_file
    claims = tmp_path / "sheet.yaml"
    claims.write_text(
        "model: adder\nclaims:\n"
        f"  - {{task: sums, value: {truth * 100:.1f}, repeats: 4, protocol: {{decoding: temperature 0.6}}}}\n"
    )
    run = tmp_path / "run"
    assert steelyard(audit(claims, sums_server, questions, run, "--concurrency", "32")) == 0
    plan = RunFolder.open(run).plan
    asked = plan.measurements[0]
    assert (asked.decoding, asked.temperature, asked.repeats) == ("sampled", 0.6, 1)
    assert decode(claim_tests(plan)[0]).claimed_repeats == 4
    assert reported(run)["claims"][0]["tolerance"] == 2.0  # this server's answers do not vary, so nothing widens it
    assert steelyard(["verify", str(run)]) == 0


def test_one_task_is_measured_whole_with_error_bars(
    sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions, truth = sums_file
    model = f"openai:sums@{sums_server.url}"
    assert steelyard(["run", str(questions), "--model", model, "--out", str(tmp_path / "run")]) == 0
    told = capsys.readouterr().out
    assert f"sums (question): {truth * 100:.1f} %" in told
    assert f"{round(truth * 900)} of 900 right" in told
    assert steelyard(["verify", str(tmp_path / "run")]) == 0
    more = ["--limit", "30", "--json", "--out", str(tmp_path / "b")]
    capsys.readouterr()
    assert steelyard(["run", str(questions), "--model", model, *more]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["verdict"], report["measurements"][0]["asked"], report["claims"]) == ("not_tested", 30, [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["audit", "nowhere.yaml", "--model", "embedded:smollm2"], "nowhere.yaml"),
        (["audit", "SHEET", "--model", "nonsense"], "KIND:WHAT"),
        (["audit", "SHEET", "--model", "nonsense:x"], "no model is called"),
        (["audit", "SHEET", "--model", "openai:x@http://127.0.0.1:9"], "127.0.0.1"),
        (["audit", "SHEET"], "--model"),
        (["audit", "SHEET", "--model", "URL", "--budget", "soon"], "--budget"),
        (["audit", "SHEET", "--model", "URL", "--tolerance", "much"], "--tolerance"),
        (["audit", "SHEET", "--model", "URL", "--tolerance", "0"], "--tolerance"),
        (["audit", "SHEET", "--model", "URL", "--limit", "0"], "--limit"),
        (["audit", "SHEET", "--model", "URL", "--task", "nowhere.jsonl"], "nowhere.jsonl"),
        (["audit", "SHEET", "--model", "URL", "--dry-run", "--price", "cheap"], "--price"),
        (["audit", "SHEET", "--model", "URL", "--key", "nowhere.pem"], "nowhere.pem"),
        (["audit", "SHEET", "--model", "URL", "--data", "nowhere"], "no such folder"),
        (
            ["audit", "SHEET", "--model", "URL", "--task", "other.jsonl"],
            "no claim names the task 'other' of --task; the sheet names 'sums'",
        ),
        (["audit", "SHEET", "--model", "URL", "--budget", "9999999999h"], "--budget"),
        (["run", "chain_sum", "--prompt", "nonsense", "--model", "URL"], "it has: completion, chat"),
        (["report", ".", "--html", "."], "cannot be written"),
        (["run", "no-such-task", "--model", "URL"], "no-such-task"),
        (["run", "nowhere.csv", "--model", "URL"], "nowhere.csv"),
        (["resume", "nowhere"], "nowhere"),
        (["report", "nowhere"], "nowhere"),
        (["verify", "nowhere"], "nowhere"),
    ],
)
def test_bad_input_is_one_line(
    sums_server: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.jsonl").write_text('{"question": "What is 1 + 1?", "answer": "2"}\n')
    (tmp_path / "sums.jsonl").write_text('{"question": "What is 1 + 1?", "answer": "2"}\n')
    given = {"SHEET": str(sheet(tmp_path, 97)), "URL": f"openai:sums@{sums_server.url}"}
    code = steelyard([given.get(argument, argument) for argument in arguments])
    told = capsys.readouterr().err.splitlines()
    assert code == (4 if "127.0.0.1:9" in " ".join(arguments) else 2)
    assert told[-1].startswith("steelyard: ")
    assert said in told[-1]
    assert not list(tmp_path.glob("runs"))


def test_no_command_writes_outside_its_folder(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    questions, _ = sums_file
    claims = sheet(tmp_path, 97)
    before = set(tmp_path.rglob("*"))
    steelyard(audit(claims, sums_server, questions, tmp_path / "run"))
    new = {path.relative_to(tmp_path).parts[0] for path in set(tmp_path.rglob("*")) - before}
    assert new == {"run"}
    assert os.stat(tmp_path / "run").st_mode & 0o077 == 0


@pytest.mark.slow  # the fast run asks llama.cpp over HTTP in tests/models/test_openai.py and test_identity_checks.py
@pytest.mark.model
def test_a_real_model_behind_http(llama_server: str, tmp_path: Path, shared: Path) -> None:
    """llama.cpp's own server with the embedded file: text is asked for, log-likelihoods are refused in words."""
    claims = tmp_path / "sheet.yaml"
    hellaswag = "{task: hellaswag, value: 40.9, protocol: {prompt: completion}}"
    rows = f"  - {{task: chain_sum, value: 57}}\n  - {hellaswag}\n  - {{task: gsm8k, value: 30}}\n"
    claims.write_text(f"model: SmolLM2-135M-Instruct\nclaims:\n{rows}")
    run = tmp_path / "run"
    model = f"openai:smollm2@{llama_server}"
    more = ["--data", str(shared / "data"), "--limit", "1", "--concurrency", "2"]
    assert steelyard(["audit", str(claims), "--model", model, "--out", str(run), *more]) == 3
    found = {claim["task"]: claim for claim in reported(run)["claims"]}
    assert found["chain_sum"]["asked"] == found["gsm8k"]["asked"] == 1
    assert found["hellaswag"]["verdict"] == "not_testable"
    assert "cannot give log-likelihoods" in found["hellaswag"]["reason"]
    assert steelyard(["verify", str(run)]) == 0


def test_items_of_one_subtask_are_not_taken_for_independent(
    sums_server: Any, shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--data", str(shared / "data"), "--limit", "60", "--prompt", "chat", "--out", str(tmp_path / "run")]
    assert steelyard(["run", "bbh", "--model", f"openai:sums@{sums_server.url}", *more]) == 0
    assert "clustered by 2" in capsys.readouterr().out
