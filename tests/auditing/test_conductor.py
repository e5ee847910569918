"""The spine end to end, on a real server on loopback: verdicts, arrival order, SIGKILL and resume, missing answers."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute as steelyard
from steelyard.detectors.claim_retest.sealed import claim_of, decode
from steelyard.errors import InputError
from steelyard.records import Attempt, Plan, PlannedTest
from steelyard.storage.journal.reader import read_lines, replay
from steelyard.storage.run_folder import RunFolder
from steelyard.tasks.items import digest_of_item

Sums = tuple[Path, float]


def sheet(folder: Path, *values: float | str) -> Path:
    path = folder / "sheet.yaml"
    rows = "".join(f'  - {{task: sums, value: "{value}"}}\n' for value in values)
    path.write_text(f"model: adder\nvendor: tests\nclaims:\n{rows}")
    return path


def audit(claims: Path, server: Any, questions: Path, out: Path, *more: str) -> list[str]:
    model = f"openai:sums@{server.url}"
    return ["audit", str(claims), "--model", model, "--task", str(questions), "--out", str(out), *more]


def reported(run: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((run / "report.json").read_bytes())
    return document


def words(run: Path) -> list[str]:
    return [claim["verdict"] for claim in reported(run)["claims"]]


def test_an_honest_and_an_inflated_claim(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    questions, truth = sums_file
    claims = sheet(tmp_path, f"{truth * 100:.1f}", 97)
    assert steelyard(audit(claims, sums_server, questions, tmp_path / "run")) == 1
    assert words(tmp_path / "run") == ["consistent", "inconsistent"]
    assert steelyard(["verify", str(tmp_path / "run")]) == 0


@pytest.mark.parametrize(("value", "code", "sampled"), [(78.5, 0, 0), (97, 1, 50)])
def test_sampled_answers_are_asked_before_inconsistent_is_said_and_not_otherwise(
    sums_server: Any, sums_file: Sums, tmp_path: Path, value: float, code: int, sampled: int
) -> None:
    """The sheet does not state how the vendor decoded."""
    questions, _ = sums_file
    run = tmp_path / "run"
    assert steelyard(audit(sheet(tmp_path, value), sums_server, questions, run)) == code
    asked = {each.arm: each.id for each in RunFolder.open(run).plan.measurements}
    calls = Counter(attempt.measurement for attempt in replay(run).attempts)
    assert calls[asked["sampled"]] == 3 * sampled
    assert steelyard(["verify", str(run)]) == 0


def test_ten_points_too_many_are_not_consistent_because_few_samples_are_stated(
    sums_server: Any, sums_file: Sums, tmp_path: Path
) -> None:
    questions, truth = sums_file
    claims = tmp_path / "sheet.yaml"
    claims.write_text(f"model: adder\nclaims:\n  - {{task: sums, value: {truth * 100 + 10:.1f}, samples: 30}}\n")
    assert steelyard(audit(claims, sums_server, questions, tmp_path / "run")) in (1, 3)
    assert words(tmp_path / "run") in (["insufficient_power"], ["inconsistent"])


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
    """64 connections, one kind of answer 40 times slower: the verdict is that of the committed order, to the sample."""
    questions, truth = sums_file
    claims = sheet(tmp_path, f"{truth * 100:.1f}", f"{truth * 100 + 9:.1f}")
    sums_server.seconds = lambda wrong: 0.08 if wrong is slow_when_wrong else 0.002
    run = tmp_path / "run"
    steelyard(audit(claims, sums_server, questions, run, "--concurrency", "64"))
    sealed = RunFolder.open(run).plan
    rows = [json.loads(line) for line in questions.read_text().splitlines()]
    rows.sort(key=lambda row: digest_of_item(row["question"], (), row["answer"]))  # as the plan has its samples
    for test, claim in zip(claim_tests(sealed), reported(run)["claims"], strict=True):
        right = one_at_a_time(sealed, test, rows, sums_server)
        assert (claim["verdict"], claim["asked"]) == right


def claim_tests(plan: Plan) -> list[PlannedTest]:
    return [test for test in plan.tests if test.rule.startswith("claim_retest")]


def one_at_a_time(plan: Plan, test: PlannedTest, questions: list[dict[str, str]], server: Any) -> tuple[str, int]:
    """What a reader of the committed order alone concludes, from the known answers."""
    from steelyard.detectors.claim_retest.repeats import Noise
    from steelyard.detectors.claim_retest.retest import Retest
    from steelyard.stats.sequential import within_sample_variance_upper
    from steelyard.util.committed_order import committed_order

    sealed, asked = decode(test), plan.by_id[test.reads[0].measurement]
    retest = Retest(sealed, asked, claim_of(test, plan), unchecked=True)
    retest.begin(Noise.of(within_sample_variance_upper([(1, 1)] * 100, sealed.alpha_inconsistent / 2)))
    for sample in committed_order(asked.order_seed, asked.population):
        first, second = questions[sample]["question"].removeprefix("What is ").rstrip("?").split(" + ")
        retest.take(int(not server.is_wrong(first, second)))
        if retest.suspects:
            retest.allow_for(within_sample_variance_upper([(1, 1, 1)] * 50, sealed.alpha_inconsistent / 2))
        if retest.word:
            break
    return retest.word or "insufficient_power", retest.n


def test_sigkill_and_resume_give_the_same_verdict_and_ask_nothing_twice(
    sums_server: Any, sums_file: Sums, tmp_path: Path
) -> None:
    questions, truth = sums_file
    claims = sheet(tmp_path, f"{truth * 100:.1f}", f"{truth * 100 + 6:.1f}")
    run = tmp_path / "run"
    sums_server.seconds = lambda wrong: 0.02
    command = audit(claims, sums_server, questions, run, "--concurrency", "4")
    process = subprocess.Popen([sys.executable, "-m", "steelyard", *command], stdout=subprocess.DEVNULL)
    wait_for(lambda: (run / "journal").is_dir() and lines_of(run) > 60)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = finished(run)
    sums_server.seconds = lambda wrong: 0.0
    asked_before = Counter(sums_server.asked)
    assert steelyard(["verify", str(run)]) == 1  # not sealed yet
    assert steelyard(["resume", str(run)]) == 1
    attempts = replay(run).attempts
    ended = Counter((attempt.measurement, attempt.sample, attempt.repeat) for attempt in attempts if attempt.final)
    assert set(ended.values()) == {1}
    assert before <= set(ended)
    again = Counter(sums_server.asked) - asked_before
    assert sum(times for prompt, times in again.items() if " + " in prompt) == len(ended) - len(before)
    rows = [json.loads(line) for line in questions.read_text().splitlines()]
    rows.sort(key=lambda row: digest_of_item(row["question"], (), row["answer"]))  # as the plan has its samples
    plan = RunFolder.open(run).plan
    for test, claim in zip(claim_tests(plan), reported(run)["claims"], strict=True):
        assert (claim["verdict"], claim["asked"]) == one_at_a_time(plan, test, rows, sums_server)
    assert steelyard(["verify", str(run)]) == 0


def lines_of(run: Path) -> int:
    return sum(1 for _ in read_lines(run)) if (run / "journal" / "main-0000.jsonl").is_file() else 0


def finished(run: Path) -> set[tuple[str, str, int]]:
    records = [record for record, _ in read_lines(run)]
    return {(r.measurement, r.sample, r.repeat) for r in records if isinstance(r, Attempt) and r.final}


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("this did not happen within five minutes")


def test_ctrl_c_finishes_what_is_in_flight_and_says_how_to_resume(
    sums_server: Any, sums_file: Sums, tmp_path: Path
) -> None:
    questions, _ = sums_file
    run = tmp_path / "run"
    sums_server.seconds = lambda wrong: 0.05
    command = audit(sheet(tmp_path, 97), sums_server, questions, run, "--concurrency", "2")
    process = subprocess.Popen(
        [sys.executable, "-m", "steelyard", *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: (run / "journal").is_dir() and lines_of(run) > 10)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=300)
    assert process.returncode == 130
    assert f"steelyard resume {run}" in told.splitlines()[-1]
    assert "Traceback" not in told
    sums_server.seconds = lambda wrong: 0.0
    assert steelyard(["resume", str(run)]) == 1


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


def test_an_endpoint_that_dies_leaves_a_run_to_resume(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    questions, _ = sums_file
    run = tmp_path / "run"
    sums_server.status = lambda prompt, times: 503 if sum(sums_server.asked.values()) > 80 else 200
    assert steelyard(audit(sheet(tmp_path, 86), sums_server, questions, run, "--patience", "0.2s")) == 4
    assert not (run / "bundle.dsse.json").exists()
    sums_server.status = lambda prompt, times: 200
    assert steelyard(["resume", str(run)]) in (0, 1, 3)
    assert (run / "bundle.dsse.json").exists()


def test_limit_and_budget_end_honestly(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    questions, truth = sums_file
    claims = sheet(tmp_path, f"{truth * 100:.1f}")
    assert steelyard(audit(claims, sums_server, questions, tmp_path / "a", "--limit", "20")) == 3
    claim = reported(tmp_path / "a")["claims"][0]
    assert (claim["asked"], claim["of"], claim["verdict"]) == (20, 900, "insufficient_power")
    assert claim["needs"]["samples"] > 0
    sums_server.seconds = lambda wrong: 0.05
    assert steelyard(audit(claims, sums_server, questions, tmp_path / "b", "--budget", "1s", "--concurrency", "1")) == 3
    assert words(tmp_path / "b") == ["insufficient_power"]


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


def test_a_finished_run_is_not_run_again_and_a_full_folder_is_refused(
    sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions, _ = sums_file
    command = audit(sheet(tmp_path, 97), sums_server, questions, tmp_path / "run")
    steelyard(command)
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    assert steelyard(command) == 2
    assert "not an empty folder" in capsys.readouterr().err
    assert steelyard(["resume", str(tmp_path / "run")]) == 1
    assert "finished and sealed; no request was sent" in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}


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


def test_a_run_goes_on_with_the_key_that_began_it_and_with_no_other_endpoint(
    sums_server: Any,
    sums_file: Sums,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    questions, _ = sums_file
    for name in ("a", "b"):
        assert steelyard(["key", "new", "--out", str(tmp_path / f"{name}.pem")]) == 0
    run = tmp_path / "run"
    sums_server.status = lambda prompt, times: 503 if sum(sums_server.asked.values()) > 60 else 200
    more = ("--key", str(tmp_path / "a.pem"), "--patience", "0.2s")
    command = audit(sheet(tmp_path, 86), sums_server, questions, run, *more)
    assert steelyard(command) == 4
    assert "HTTP 503: as the test wants" in capsys.readouterr().err.splitlines()[-1]
    sums_server.status = lambda prompt, times: 200
    for others, said in (
        (["--key", str(tmp_path / "b.pem")], "signed by key"),
        ([], "signed by key"),
        (
            ["--key", str(tmp_path / "a.pem"), "--model", f"openai:other@{sums_server.url}"],
            f"not 'openai:other@{sums_server.url}'",
        ),
    ):
        assert steelyard(["resume", str(run), *others]) == 2
        assert said in capsys.readouterr().err.splitlines()[-1]
    assert steelyard(["resume", str(run), "--key", str(tmp_path / "a.pem")]) in (0, 1, 3)
    assert steelyard(["verify", str(run), "--require-key", str(tmp_path / "a.pub.pem")]) == 0


def test_a_refused_key_ends_the_run_and_loses_nothing(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    questions, _ = sums_file
    run = tmp_path / "run"
    sums_server.status = lambda prompt, times: 401 if sum(sums_server.asked.values()) > 60 else 200
    assert steelyard(audit(sheet(tmp_path, 86), sums_server, questions, run, "--patience", "0.2s")) == 4
    sums_server.status = lambda prompt, times: 200
    assert steelyard(["resume", str(run)]) in (0, 1, 3)
    assert reported(run)["claims"][0]["missing"] == 0


QUOTA = {
    "message": "You exceeded your current quota, please check your plan and billing details.",
    "type": "insufficient_quota",
    "code": "insufficient_quota",
}


@pytest.mark.parametrize(("status", "error"), [(429, QUOTA), (402, {"message": "Insufficient Balance"})])
def test_a_spent_quota_ends_the_run_at_once_and_a_resume_goes_on(
    sums_server: Any,
    sums_file: Sums,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    status: int,
    error: dict[str, str],
) -> None:
    """With an hour's patience: the test would not end if it were waited for."""
    questions, _ = sums_file
    run = tmp_path / "run"
    sums_server.error = error
    sums_server.status = lambda prompt, times: status if sum(sums_server.asked.values()) > 60 else 200
    assert steelyard(audit(sheet(tmp_path, 86), sums_server, questions, run, "--patience", "1h")) == 4
    said = " ".join(capsys.readouterr().err.splitlines()[-1].split())
    assert "the account's quota or credit is used up" in said
    assert f"go on with: steelyard resume {run}" in said
    sums_server.status = lambda prompt, times: 200
    assert steelyard(["resume", str(run)]) in (0, 1, 3)
    assert reported(run)["claims"][0]["missing"] == 0


def test_a_spent_quota_is_named_before_anything_is_asked(
    sums_server: Any, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sums_server.error = QUOTA
    sums_server.status = lambda prompt, times: 429
    assert steelyard(audit(sheet(tmp_path, 86), sums_server, sums_file[0], tmp_path / "run")) == 4
    assert "refuses to answer: HTTP 429" in capsys.readouterr().err
    assert sum(sums_server.asked.values()) == 1


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


def test_a_torn_text_is_asked_for_again_or_told(sums_server: Any, sums_file: Sums, tmp_path: Path) -> None:
    questions, _ = sums_file
    run = tmp_path / "run"
    sums_server.status = lambda prompt, times: 503 if sum(sums_server.asked.values()) > 60 else 200
    assert steelyard(audit(sheet(tmp_path, 86), sums_server, questions, run, "--patience", "0.2s")) == 4
    with (run / "texts" / "main-0000.jsonl").open("ab") as file:
        file.write(b'{"sha256":"abc","te')
    sums_server.status = lambda prompt, times: 200
    assert steelyard(["resume", str(run)]) in (0, 1, 3)
    assert steelyard(["verify", str(run)]) == 0


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
    assert (asked.decoding, asked.temperature, asked.repeats) == ("sampled", 0.6, 2)
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
    assert found["chain_sum"]["asked"] == 2 * found["gsm8k"]["asked"] == 2  # few sums: all are asked twice
    assert found["hellaswag"]["verdict"] == "not_testable"
    assert "cannot give log-likelihoods" in found["hellaswag"]["reason"]
    assert steelyard(["verify", str(run)]) == 0


def test_items_of_one_subtask_are_not_taken_for_independent(
    sums_server: Any, shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--data", str(shared / "data"), "--limit", "60", "--prompt", "chat", "--out", str(tmp_path / "run")]
    assert steelyard(["run", "bbh", "--model", f"openai:sums@{sums_server.url}", *more]) == 0
    assert "clustered by 2" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.model
def test_the_embedded_model_is_resumed_to_the_same_answers(smollm2: Path, tmp_path: Path) -> None:
    """SIGKILL in-process, then resume: log-likelihoods and answers are those of a run that was never stopped."""
    claims = sheet_of(tmp_path, "chain_sum", 57)
    once, twice = tmp_path / "once", tmp_path / "twice"
    audited = ["audit", str(claims), "--model", "embedded:smollm2", "--detect", "none"]
    command = [sys.executable, "-m", "steelyard", *audited, "--limit", "25"]
    process = subprocess.Popen([*command, "--out", str(twice)], stdout=subprocess.DEVNULL)
    wait_for(lambda: (twice / "journal").is_dir() and lines_of(twice) > 12)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert steelyard(["resume", str(twice)]) == 3
    assert steelyard([*audited, "--limit", "300", "--out", str(once)]) in (0, 3)
    answers = {attempt.sample: attempt.answer for attempt in replay(once).attempts}
    resumed = [attempt for attempt in replay(twice).attempts if attempt.sample in answers]
    assert len(resumed) > 15
    assert all(attempt.answer == answers[attempt.sample] for attempt in resumed)


def sheet_of(folder: Path, task: str, value: float) -> Path:
    path = folder / f"{task}.yaml"
    path.write_text(f"model: m\nclaims:\n  - {{task: {task}, value: {value}}}\n")
    return path


def test_a_run_is_locked_until_its_seal_is_there(
    sums_server: Any,
    sums_file: Sums,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from steelyard.evidence import bundle

    questions, _ = sums_file
    run = tmp_path / "run"
    sealing = bundle.seal_bundle
    others: list[subprocess.CompletedProcess[str]] = []

    def seal_while_another_resumes(*arguments: Any) -> Any:
        command = [sys.executable, "-m", "steelyard", "resume", str(run)]
        others.append(subprocess.run(command, capture_output=True, text=True))
        return sealing(*arguments)

    monkeypatch.setattr(bundle, "seal_bundle", seal_while_another_resumes)
    assert steelyard(audit(sheet(tmp_path, 86), sums_server, questions, run, "--limit", "40")) in (0, 1, 3)
    (other,) = others
    assert other.returncode == 2
    assert "another process is working on this run" in other.stderr
    assert steelyard(["verify", str(run)]) == 0


def test_a_resume_that_began_before_the_seal_finds_it_under_the_lock(
    sums_server: Any, sums_file: Sums, tmp_path: Path
) -> None:
    from steelyard.auditing.conductor import _journal_of

    run = tmp_path / "run"
    assert steelyard(audit(sheet(tmp_path, 86), sums_server, sums_file[0], run, "--limit", "40")) in (0, 1, 3)
    held = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    for _ in range(2):  # and the lock is let go again
        with pytest.raises(InputError, match="finished and sealed"):
            _journal_of(RunFolder.open(run))
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == held


@pytest.mark.parametrize("existing", [False, True])
def test_a_folder_that_got_no_plan_is_taken_back(
    sums_server: Any, sums_file: Sums, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, existing: bool
) -> None:
    from steelyard.storage import run_folder
    from steelyard.util.atomic_file import write_file

    run = tmp_path / "some" / "where" / "run"
    if existing:
        run.mkdir(parents=True)
    command = ["run", str(sums_file[0]), "--model", f"openai:sums@{sums_server.url}", "--out", str(run)]
    writing = write_file

    def full(path: Path, data: bytes) -> None:
        if path.name == "plan.dsse.json":
            raise OSError(errno.ENOSPC, "No space left on device")
        writing(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(run_folder, "write_file", full)
        assert steelyard(command) == 2
    assert run.exists() == existing
    assert (tmp_path / "some").exists() == existing
    assert not existing or not list(run.iterdir())
    assert steelyard([*command, "--limit", "20"]) == 0


def test_a_disk_that_fills_before_the_journal_leaves_a_run_to_resume(
    sums_server: Any,
    sums_file: Sums,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = tmp_path / "run"

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("steelyard.storage.journal.writer.write_whole", full)
        command = ["run", str(sums_file[0]), "--model", f"openai:sums@{sums_server.url}", "--out", str(run)]
        assert steelyard([*command, "--limit", "20"]) == 4
    assert f"steelyard resume {run}" in capsys.readouterr().err.splitlines()[-1]
    assert steelyard(["resume", str(run)]) == 0
