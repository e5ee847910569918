"""Runs that were killed, stopped, refused or left without disk: nothing is lost or asked twice."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute as steelyard
from steelyard.errors import InputError
from steelyard.storage.journal.reader import replay
from steelyard.storage.run_folder import RunFolder
from tests.auditing.audits import (
    Sums,
    audit,
    finished,
    lines_of,
    reported,
    sheet,
    sheet_of,
    wait_for,
    words,
)


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
    assert "inconsistent" in words(run)
    assert steelyard(["verify", str(run)]) == 0


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
