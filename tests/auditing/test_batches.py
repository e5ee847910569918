"""Batches by the real commands on loopback: verdicts, kills, results in any order, what expires, what is hostile."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from steelyard.cli import execute as steelyard
from steelyard.records import Attempt, BatchClosed, BatchCreated, BatchIntent, Outcome
from steelyard.runner import batch_waiting
from steelyard.storage.journal.reader import read_lines
from testkit.batch_server import KINDS, MessageBatches, OpenAIBatchServer, seeing, serving, uri
from testkit.dialects import KEY
from testkit.vision_server import picture, write_task

Sums = tuple[Path, float]
Server = OpenAIBatchServer | MessageBatches

QUICK = {"FIRST_LOOK": 0.02, "LOOKS_APART": 0.05, "FIRST_RETRY": 0.05, "RETRIES_APART": 0.2, "CREATION_SECONDS": 0.6}
# The command in a process of its own, which can be killed; it waits as little as the tests do.
COMMAND = (
    "import sys; from steelyard.runner import batch_waiting as w; "
    + "; ".join(f"w.{name} = {value}" for name, value in QUICK.items())
    + "; from steelyard.cli import execute; sys.exit(execute(sys.argv[1:]))"
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in QUICK.items():
        monkeypatch.setattr(batch_waiting, name, value)


def records(run: Path) -> list[Any]:
    return [record for record, _ in read_lines(run)]


def attempts(run: Path) -> list[Attempt]:
    return [record for record in records(run) if isinstance(record, Attempt)]


def batches_of(run: Path) -> list[tuple[int, str]]:
    return [(record.number, record.id) for record in records(run) if isinstance(record, BatchCreated)]


def sums_asked(server: Server) -> Counter[str]:
    return Counter({prompt: times for prompt, times in server.asked.items() if " + " in prompt})


def run_of(kind: str, server: Server, questions: Path, run: Path, *more: str) -> list[str]:
    return ["run", str(questions), "--model", uri(kind, server), "--out", str(run), "--batch", *more]


def audited(kind: str, server: Server, questions: Path, run: Path, value: float, *more: str) -> int:
    sheet = run.parent / "sheet.yaml"
    sheet.write_text(f'model: adder\nvendor: tests\nclaims:\n  - {{task: sums, value: "{value:.1f}"}}\n')
    command = ["audit", str(sheet), "--model", uri(kind, server), "--task", str(questions), "--out", str(run)]
    return steelyard([*command, "--batch", *more])


def reported(run: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((run / "report.json").read_bytes())
    return document


def killed(command: list[str], server: Server, after: float) -> int | None:
    """The exit code of a command that is killed so many seconds after it called the server; None where it was."""
    called = server.called
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while server.called == called and process.poll() is None:
            time.sleep(0.01)
        return process.wait(after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return None


@pytest.mark.parametrize("kind", KINDS)
def test_an_honest_claim_is_consistent_and_an_inflated_one_is_not(kind: str, sums_file: Sums, tmp_path: Path) -> None:
    questions, truth = sums_file
    with serving(kind) as server:
        assert audited(kind, server, questions, tmp_path / "honest", 100 * truth, "--price", "1,2") == 0
        assert audited(kind, server, questions, tmp_path / "inflated", 97, "--batch-growth", "1.5") == 1
    for name in ("honest", "inflated"):
        assert steelyard(["verify", str(tmp_path / name)]) == 0
    notes = [note["message"] for note in reported(tmp_path / "honest")["notes"] if note["check"] == "batches"]
    assert len(notes) == 1
    assert notes[0].startswith("asked by the provider's batches, ")
    assert "at 0.5 of the price: 0.0" in notes[0]
    ends = [record for record in records(tmp_path / "inflated") if isinstance(record, BatchIntent)]
    furthest = [max(call.position for call in each.calls if call.measurement == "00-sums") for each in ends[:4]]
    assert furthest == [31, 47, 71, 107]


@pytest.mark.parametrize("kind", KINDS)
def test_each_call_is_recorded_once_although_results_come_in_any_order(
    kind: str, sums_file: Sums, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    with serving(kind) as server:
        assert steelyard(run_of(kind, server, sums_file[0], run, "--limit", "150")) == 0
        assert [len(batch.lines) for batch in server.made] == [32, 32, 64, 22]
        assert set(sums_asked(server).values()) == {1}
    made = attempts(run)
    assert len({(each.measurement, each.sample, each.repeat) for each in made}) == len(made) == 150
    assert [each.position for each in made] != sorted(each.position for each in made)
    assert {each.batch for each in made} == {1, 2, 3, 4}
    assert batches_of(run) == [(number, f"batch_000{number}") for number in (1, 2, 3, 4)]
    assert steelyard(["verify", str(run)]) == 0


def killed_often(
    kind: str, questions: Path, folder: Path, kills: int, limit: int, seconds: float, growth: str = "1.2"
) -> None:
    """Kill a run at random moments until so many kills hit it, then let it end: nothing asked twice, nothing lost."""
    run, rng, hits = folder / "run", random.Random(kills), 0
    with serving(kind) as server:
        server.seconds_each = server.seconds_to_create = seconds
        command = run_of(kind, server, questions, run, "--limit", str(limit), "--batch-growth", growth)
        # A kill between the plan and the note of this machine leaves a run whose model must be named.
        resume = ["resume", str(run), "--model", uri(kind, server)]
        while hits < kills:
            code = killed(command, server, rng.uniform(0.0, 1.0))
            assert code in (None, 0), code
            if (run / "plan.dsse.json").is_file():
                command = resume
                hits += 1
            else:  # killed before there was a plan: nothing was asked
                shutil.rmtree(run, ignore_errors=True)
            if code == 0:
                break
        assert hits == kills
        assert steelyard(resume) == 0
        asked = sums_asked(server)
    assert set(asked.values()) == {1}, asked
    assert len(asked) == limit
    made = attempts(run)
    assert len({each.sample for each in made}) == len(made) == limit
    assert steelyard(["verify", str(run)]) == 0


@pytest.mark.slow  # the fast run kills at the worst moment below; where a machine is busy, few of these hit a run
@pytest.mark.parametrize("kind", KINDS)
def test_kills_at_random_moments_ask_nothing_twice_and_lose_nothing(kind: str, sums_file: Sums, tmp_path: Path) -> None:
    killed_often(kind, sums_file[0], tmp_path, kills=2, limit=60, seconds=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_twenty_kills_ask_nothing_twice_and_lose_nothing(kind: str, sums_file: Sums, tmp_path: Path) -> None:
    killed_often(kind, sums_file[0], tmp_path, kills=20, limit=900, seconds=0.5, growth="1.1")


@pytest.mark.parametrize("kind", KINDS)
def test_a_kill_between_the_intent_and_the_id_is_mended_by_the_providers_list(
    kind: str, sums_file: Sums, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    with serving(kind) as server:
        server.seconds_to_create = 30.0  # it is created, and nobody hears of it
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *run_of(kind, server, sums_file[0], run, "--limit", "40")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            while not server.made and process.poll() is None:
                time.sleep(0.01)
        finally:
            process.kill()
            process.wait()
        assert isinstance(records(run)[-1], BatchIntent)
        server.seconds_to_create = 0.0
        for at in range(5):  # others of the same workspace, as large as ours
            lines = [(f"theirs-{at}-{number}", body) for number, (_, body) in enumerate(server.made[0].lines)]
            other = type(server.made[0])(id=f"other_{at}", lines=lines, state="completed")
            other.results = [{"custom_id": name, "result": {"type": "expired"}} for name, _ in lines]
            server.made.append(other)
        assert steelyard(["resume", str(run)]) == 0
        assert set(sums_asked(server).values()) == {1}
    assert batches_of(run)[0] == (1, "batch_0001")
    assert steelyard(["verify", str(run)]) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_an_intent_that_never_reached_the_provider_is_closed_and_asked_again(
    kind: str, sums_file: Sums, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    with serving(kind) as server:
        server.created_status = 503
        code = steelyard(run_of(kind, server, sums_file[0], run, "--limit", "40", "--patience", "0.2s"))
        assert code == 4
        assert server.made == []
        server.created_status = 200
        assert steelyard(["resume", str(run)]) == 0
        assert set(sums_asked(server).values()) == {1}
    closed = [record for record in records(run) if isinstance(record, BatchClosed)]
    assert closed
    assert "no such batch" in closed[0].reason
    assert steelyard(["verify", str(run)]) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_that_was_created_although_the_reply_was_an_error_is_found(
    kind: str, sums_file: Sums, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    with serving(kind) as server:
        server.created_status, server.makes_anyway = 502, True
        assert steelyard(run_of(kind, server, sums_file[0], run, "--limit", "40")) == 0
        assert set(sums_asked(server).values()) == {1}
    assert steelyard(["verify", str(run)]) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_expired_lines_are_missing_and_lost_or_failed_ones_are_asked_again(
    kind: str, sums_file: Sums, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    fates = {3: "expired", 5: "lost", 7: "failed"}
    with serving(kind) as server:
        lost: set[str] = set()

        def once(prompt: str, times: int) -> str:
            number = int(prompt.split()[2]) if " + " in prompt else 0
            found = fates.get(number % 100, "answered") if times == 1 and prompt not in lost else "answered"
            lost.update([prompt] if found == "lost" else [])
            return found

        server.fate = once
        assert steelyard(run_of(kind, server, sums_file[0], run)) == 4  # answers are missing
    final = {each.sample: each for each in attempts(run) if each.final}
    missing = [each for each in final.values() if not each.outcome.answered]
    assert len(final) == 900
    assert len(missing) == 9
    assert {each.outcome for each in missing} == {Outcome.TIMEOUT}
    assert all(each.detail.startswith("expired") for each in missing)
    again = Counter(each.outcome for each in attempts(run) if not each.final)
    assert again == {Outcome.DROPPED: 9, Outcome.SERVER_ERROR: 9}
    assert steelyard(["verify", str(run)]) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_an_interrupted_run_leaves_its_batch_says_so_and_cancels_it_when_told(
    kind: str, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    with serving(kind) as server:
        server.is_stalled = True
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *run_of(kind, server, sums_file[0], run, "--limit", "100")],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | {"COLUMNS": "400"},
        )  # fmt: skip
        try:
            while not (server.made and (run / "plan.dsse.json").is_file() and batches_of(run)):
                assert process.poll() is None
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=60)
        finally:
            process.kill()
        assert process.returncode == 130
        assert "At the provider the batch batch_0001 of 32 calls goes on, and is paid for: a resume reads it" in said
        assert f"steelyard resume {run} --cancel-batch cancels" in said
        assert steelyard(["resume", str(run), "--cancel-batch"]) == 0
        assert "the batch batch_0001 is being cancelled" in capsys.readouterr().out
        server.is_stalled = False
        assert steelyard(["resume", str(run)]) == 0
        assert set(sums_asked(server).values()) == {1}  # half of it was answered before, the rest by another batch
        assert steelyard(["resume", str(run), "--cancel-batch"]) == 0  # sealed: nothing is open
    assert sum(not each.final for each in attempts(run)) == 16
    assert steelyard(["verify", str(run)]) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_results_are_left_out_or_refused(
    kind: str, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    with serving(kind) as server:
        theirs = [
            {"custom_id": "x"}, {"custom_id": 7}, {"custom_id": f"{'0' * 40}-1"}, ["no", "object"], None,
            {"custom_id": "../../etc/passwd", "response": {"status_code": 200, "body": {}}},
        ]  # fmt: skip
        server.extra = [json.dumps(each).encode() + b"\n" for each in theirs]
        server.extra += [b"not json\n", b"[" * 5000 + b"\n", b"\xff\xfe\n", b'{"custom_id": "' + b"x" * (17 << 20)]
        assert steelyard(run_of(kind, server, sums_file[0], run, "--limit", "20")) == 0
        assert "are not of it, or doubled: left out" in " ".join(capsys.readouterr().err.split())
        server.extra = [b'{"custom_id": "x"}\n'] * 1_001
        assert steelyard(run_of(kind, server, sums_file[0], tmp_path / "more", "--limit", "20")) == 4
        assert "more than 1,000 lines of the results of" in " ".join(capsys.readouterr().err.split())
    assert len(attempts(run)) == 20
    assert steelyard(["verify", str(run)]) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_of_two_lines_about_one_call_the_first_counts(kind: str, sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with serving(kind) as server:
        shown = server._file
        server._file = lambda request, lines: shown(request, [*lines, *lines])  # type: ignore[method-assign]
        assert steelyard(run_of(kind, server, sums_file[0], run, "--limit", "20")) == 0
    assert len(attempts(run)) == 20
    assert steelyard(["verify", str(run)]) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_every_byte_of_an_image_arrives(kind: str, tmp_path: Path) -> None:
    task, run = write_task(tmp_path / "task", 12), tmp_path / "run"
    with seeing(kind) as server:
        assert steelyard(["run", str(task), "--model", uri(kind, server), "--out", str(run), "--batch"]) == 0
    assert Counter(server.got) == Counter(picture(number * 1000) for number in range(1, 13))
    assert steelyard(["verify", str(run)]) == 0


def test_what_was_read_is_sealed_without_the_batch_that_goes_on(sums_file: Sums, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with serving("openai") as server:
        assert steelyard(run_of("openai", server, sums_file[0], run, "--limit", "32", "--deadline", "10m")) == 0
        other = tmp_path / "other"
        server.is_stalled = True
        assert steelyard(run_of("openai", server, sums_file[0], other, "--deadline", "1s")) == 4
        assert steelyard(["resume", str(other), "--finalize"]) == 3
    assert batches_of(other) == [(1, "batch_0002")]
    assert steelyard(["verify", str(other)]) == 0


def test_results_at_another_address_are_refused(
    sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving("anthropic") as server:
        assert isinstance(server, MessageBatches)
        server.elsewhere = "http://127.0.0.1:9/results"
        assert steelyard(run_of("anthropic", server, sums_file[0], tmp_path / "run", "--limit", "20")) == 4
    assert "which is not the address that was named" in " ".join(capsys.readouterr().err.split())
    assert attempts(tmp_path / "run") == []


def test_a_batch_that_is_not_taken_ends_the_run_and_says_why(
    sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    with serving("openai") as server:
        server.refused = "Enqueued token limit reached"
        assert steelyard(run_of("openai", server, sums_file[0], run, "--limit", "20")) == 4
        assert "Enqueued token limit reached" in " ".join(capsys.readouterr().err.split())
        server.refused = ""
        assert steelyard(["resume", str(run)]) == 0
    assert steelyard(["verify", str(run)]) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_key_goes_with_every_call_and_stands_nowhere(
    kind: str, sums_file: Sums, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    monkeypatch.setenv("STEELYARD_API_KEY", KEY)
    with serving(kind) as server:
        server.extra = [f'{{"custom_id": "{KEY}"}}\n'.encode()]
        assert steelyard(run_of(kind, server, sums_file[0], run, "--limit", "20")) == 0
    said = capfd.readouterr()
    assert KEY not in said.out + said.err
    for path in run.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (["--budget", "15m"], "--budget ends a run by the clock"),
        (["--rpm", "5"], "--rpm limits single calls"),
        (["--batch-growth", "1"], "--batch-growth takes a number from 1.1 to 16"),
        (["--model", "openai:b@http://127.0.0.1:9/v1"], "--batch asks one endpoint"),
    ],
)
def test_what_does_not_go_with_batches_is_said_in_one_line(
    more: list[str], why: str, sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["run", str(sums_file[0]), "--model", "openai:a@http://127.0.0.1:9/v1", "--out", str(tmp_path / "run")]
    assert steelyard([*command, "--batch", *more]) == 2
    assert why in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "run").exists()


def test_other_models_and_endpoints_without_batches_are_refused(
    sums_file: Sums, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["run", str(sums_file[0]), "--out", str(tmp_path / "run"), "--batch", "--model"]
    assert steelyard([*command, "embedded:smollm2"]) == 2
    assert "--batch is for openai: and anthropic: endpoints" in " ".join(capsys.readouterr().err.split())
    for kind in KINDS:
        with serving(kind) as server:
            server.has_batches = False
            assert steelyard([*command, uri(kind, server)]) == 2
        assert "has no batches (HTTP 404" in " ".join(capsys.readouterr().err.split())
    assert steelyard(["run", str(sums_file[0]), "--model", "embedded:smollm2", "--batch-growth", "2"]) == 2
    assert "add --batch" in capsys.readouterr().err
