"""``--ray``: two workers on this machine, one of them killed at half; nothing is lost, the root is one machine's."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from steelyard.auditing.conductor import Audit, plan_run, resume_audit, start_audit
from steelyard.auditing.session import RunSession, SessionOptions
from steelyard.cli import execute as steelyard
from steelyard.errors import InputError, MissingDependency, ModelUnavailable
from steelyard.evidence.verify import Integrity, verify_integrity
from steelyard.models import Settings, open_model
from steelyard.models.reasoning_check import QUESTION
from steelyard.planning.build import RunRequest
from steelyard.planning.options import Options
from steelyard.records import Attempt, GenerateRequest, ModelOutput, Outcome
from steelyard.runner import ray as ray_module
from steelyard.runner.ray import RayModel, open_on_ray
from steelyard.runner.ray_worker import Worker
from steelyard.storage.journal.reader import read_segment, segment_names
from steelyard.tasks.catalogue import Catalogue
from steelyard.verification.recompute import recompute
from testkit.fixtures import SumsServer
from testkit.vision_server import VisionServer, picture, write_task

Sums = tuple[Path, float]
KEY = "sk-not-to-be-seen-0123456789"
CALLS = 900


@pytest.fixture
def needs_ray() -> None:
    if find_spec("ray") is None:  # not imported here: what it reads from the environment must be set before
        pytest.skip("Ray is not installed: pip install 'steelyard[ray]'")


async def planned(uri: str, questions: Path, **options: Any) -> Audit:
    models = {"subject": open_model(uri, Settings())}
    return await plan_run([RunRequest(task="sums")], models, Options(task_files=(questions,), **options))


async def on_ray(
    audit: Audit, uri: str, run: Path, watcher: Callable[[RayModel, RunSession], None] | None = None
) -> None:
    model = open_on_ray(uri, Settings(), "local", 2)
    try:
        await model.identify()
        options = SessionOptions() if watcher is None else SessionOptions(watcher=lambda live: watcher(model, live))
        await start_audit(Audit(audit.plan, audit.prepared, {"subject": model}), run, options=options)
    finally:
        await model.close()


def verified(run: Path) -> Integrity:
    recompute(run)
    return verify_integrity(run)


def attempts_by_worker(run: Path) -> dict[str, list[Attempt]]:
    return {
        worker: [record for record, _ in read_segment(run, worker) if isinstance(record, Attempt)]
        for worker in segment_names(run)
    }


def test_a_worker_that_is_killed_at_half_loses_nothing(
    needs_ray: None,
    sums_server: Any,
    sums_file: Sums,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("STEELYARD_API_KEY", KEY)
    questions, _ = sums_file
    uri = f"openai:sums@{sums_server.url}"
    sums_server.seconds = lambda wrong: 0.02
    killed: list[str] = []
    before: Counter[str] = Counter()

    def kill_at_half(model: RayModel, live: RunSession) -> None:
        if sum(live.answered.values()) >= CALLS // 2 and not killed:
            name, process = next(iter(model.processes.items()))
            os.kill(process, signal.SIGKILL)
            killed.append(name)

    async def main() -> None:
        audit = await planned(uri, questions, concurrency=16)
        await start_audit(audit, tmp_path / "alone")
        await audit.close()
        before.update(sums_server.asked)
        sums_server.asked.clear()
        await on_ray(audit, uri, tmp_path / "ray", kill_at_half)

    asyncio.run(main())
    alone, together = verified(tmp_path / "alone"), verified(tmp_path / "ray")
    assert (together.answers, together.answers_root) == (alone.answers, alone.answers_root)
    assert together.answers == CALLS
    assert together.segments == 3
    assert alone.segments == 1
    found = attempts_by_worker(tmp_path / "ray")
    assert set(found) == {"", "worker-1", "worker-2"}
    assert all(len(found[name]) > 50 for name in ("worker-1", "worker-2"))
    every = [attempt for attempts in found.values() for attempt in attempts]
    answered = Counter((attempt.sample, attempt.repeat) for attempt in every if attempt.outcome.answered)
    assert set(answered.values()) == {1}, "no answered prompt is asked again"
    lost = [attempt for attempt in every if not attempt.outcome.answered]
    assert lost, "calls were in flight at the worker that died"
    assert {(attempt.outcome, attempt.detail) for attempt in lost} == {
        (Outcome.DROPPED, f"{killed[0]} died before it answered")
    }
    assert lost == [attempt for attempt in found[killed[0]] if not attempt.outcome.answered]
    # Without each worker's handshake.
    once, again = (
        Counter({prompt: times for prompt, times in asked.items() if "+" in prompt})
        for asked in (before, sums_server.asked)
    )
    assert not once - again
    assert (again - once).total() <= len(lost), "only what had no answer is asked again"
    _assert_secret(tmp_path / "ray", capfd)


class OneSendsGarbage(Worker):
    """The first worker that collects anything sends bytes that are no answers, from then on."""

    async def collect(self) -> bytes:
        answers = await super().collect()
        with contextlib.suppress(FileExistsError), open(os.environ["GARBAGE"], "x") as file:
            file.write(str(os.getpid()))
        mine = Path(os.environ["GARBAGE"]).read_text() == str(os.getpid())
        return b"\xc1 garbage" if mine else answers


@pytest.mark.slow
def test_a_worker_that_sends_what_cannot_be_read_is_asked_nothing_more(
    needs_ray: None, sums_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GARBAGE", str(tmp_path / "garbage"))
    monkeypatch.setattr(ray_module, "Worker", OneSendsGarbage)

    async def main() -> tuple[list[ModelOutput], list[ModelOutput], int]:
        model = open_on_ray(f"openai:sums@{sums_server.url}", Settings(), "local", 2)
        asked = [GenerateRequest(prompt=f"What is {n} + 3?", chat=True, max_tokens=8) for n in range(6)]
        try:
            await model.identify()
            first = await asyncio.gather(*map(model.generate, asked))
            then = await asyncio.gather(*map(model.generate, asked))
            return first, then, len(model.processes)
        finally:
            await model.close()

    first, then, left = asyncio.run(main())
    lost = [each for each in first if each.outcome is Outcome.DROPPED]
    assert 0 < len(lost) < len(first)
    assert {each.detail.partition(" ")[2] for each in lost} == {
        "sent what cannot be read (DecodeError), and gets no further call"
    }
    assert {each.outcome for each in then} == {Outcome.OK}
    assert left == 1


def _assert_secret(run: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The API key stands in no record and no log, and Ray has said nothing on the terminal."""
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")
    for folder in (run, Path("/tmp/ray/session_latest/")):
        for path in folder.rglob("*"):
            if path.is_file() and path.stat().st_size < 10_000_000:
                assert KEY.encode() not in path.read_bytes(), path


@pytest.mark.slow
def test_when_no_worker_is_left_the_run_stops_and_goes_on_without_a_cluster(
    needs_ray: None, sums_server: Any, sums_file: Sums, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_module, "RESTARTS", 0)
    questions, _ = sums_file
    uri = f"openai:sums@{sums_server.url}"
    sums_server.seconds = lambda wrong: 0.02

    def kill_all(model: RayModel, live: RunSession) -> None:
        if sum(live.answered.values()) == 100:
            for process in model.processes.values():
                os.kill(process, signal.SIGKILL)

    async def main() -> None:
        audit = await planned(uri, questions, concurrency=8)
        await start_audit(audit, tmp_path / "alone")
        with pytest.raises(ModelUnavailable, match=r"no worker is left on the cluster.*steelyard resume"):
            await on_ray(audit, uri, tmp_path / "ray", kill_all)
        await resume_audit(tmp_path / "ray", audit.models, None, Catalogue([questions]))
        await audit.close()

    asyncio.run(main())
    alone, resumed = verified(tmp_path / "alone"), verified(tmp_path / "ray")
    assert (resumed.answers, resumed.answers_root) == (CALLS, alone.answers_root)
    assert len((tmp_path / "ray" / "checkpoints.jsonl").read_bytes().splitlines()) == 2
    assert len(attempts_by_worker(tmp_path / "ray")[""]) > 250, "one machine writes to the main segment"


# Slow: the fast run kills a worker of a cluster above, and interrupts a run in tests/auditing/test_conductor.py.
@pytest.mark.slow
def test_ctrl_c_finishes_what_is_in_flight_and_leaves_no_process(
    needs_ray: None, sums_server: Any, sums_file: Sums, tmp_path: Path
) -> None:
    questions, _ = sums_file
    run = tmp_path / "run"
    sums_server.seconds = lambda wrong: 0.05
    command = ["run", str(questions), "--model", f"openai:sums@{sums_server.url}", "--out", str(run)]
    process = subprocess.Popen(
        [sys.executable, "-m", "steelyard", *command, "--concurrency", "4", "--json", "--ray", "--workers", "2"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 180
    while not (run / "journal" / "worker-2-0000.jsonl").is_file() and time.monotonic() < deadline:
        time.sleep(0.05)
    workers = _processes_of_ray(process.pid)
    assert workers
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=180)
    assert process.returncode == 130
    assert out == ""
    assert "Go on with: steelyard resume" in " ".join(err.split())
    assert "ray" not in err.replace("--ray", "").lower()
    assert "Traceback" not in err
    deadline = time.monotonic() + 60
    while (left := [pid for pid in workers if Path(f"/proc/{pid}").exists()]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left
    sums_server.seconds = lambda wrong: 0.0
    assert steelyard(["resume", str(run)]) == 0
    handshakes = sums_server.asked.pop("Hello")  # each worker's, and the resume's
    assert handshakes == 3
    assert sums_server.asked.pop(QUESTION) == 2  # each worker's: a resume takes what was sealed
    assert verified(run).answers == sums_server.asked.total() == CALLS


def _processes_of_ray(driver: int) -> list[int]:
    """The processes of the cluster that ``driver`` started: its children and theirs."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = [driver]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found[1:]


@pytest.mark.slow
@pytest.mark.model
def test_a_model_in_each_process_gives_one_machine_s_root(needs_ray: None, smollm2: Path, tmp_path: Path) -> None:
    questions = tmp_path / "sums.jsonl"
    lines = [json.dumps({"question": f"What is {n} + {n}?", "answer": str(2 * n)}) for n in range(24)]
    questions.write_text("\n".join(lines) + "\n")
    uri = f"gguf:{smollm2}"

    async def main() -> None:
        audit = await planned(uri, questions)
        await start_audit(audit, tmp_path / "alone")
        await audit.close()
        await on_ray(audit, uri, tmp_path / "ray")

    asyncio.run(main())
    alone, together = verified(tmp_path / "alone"), verified(tmp_path / "ray")
    assert (together.answers, together.answers_root) == (alone.answers, alone.answers_root)
    assert together.answers >= 24


# ── what is refused ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_images_travel_with_their_requests(needs_ray: None, tmp_path: Path) -> None:
    task, run = write_task(tmp_path / "task", 12), tmp_path / "run"
    with VisionServer() as server:
        command = ["run", str(task), "--model", f"openai:sees@{server.url}", "--out", str(run)]
        assert steelyard([*command, "--ray", "local", "--workers", "2"]) == 0
    assert Counter(server.got) == Counter(picture(number * 1000) for number in range(1, 13))
    assert steelyard(["verify", str(run)]) == 0


def test_without_ray_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependency, match=r"pip install 'steelyard\[ray\]'"):
        open_on_ray("openai:m@http://127.0.0.1:1", Settings(), "local", 2)


def test_recordings_and_clients_are_refused() -> None:
    with pytest.raises(InputError, match="leave --ray out"):
        open_on_ray("recorded:runs/x", Settings(), "local", 2)
    with pytest.raises(InputError, match="with --ray auto or HOST:PORT"):
        open_on_ray("openai:m@http://127.0.0.1:1", Settings(), "ray://127.0.0.1:10001", 2)


def test_workers_without_ray_are_refused(sums_file: Sums, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["run", str(sums_file[0]), "--model", "openai:m@http://127.0.0.1:1", "--workers", "2"]
    assert steelyard(command) == 2
    assert "--workers needs --ray" in capsys.readouterr().err


@pytest.mark.slow  # the fast run has a cluster above; what a worker says of errors is in test_ray_worker.py
def test_an_error_on_a_worker_is_reported_by_the_driver(needs_ray: None, tmp_path: Path) -> None:
    async def main() -> None:
        model = open_on_ray(f"gguf:{tmp_path}/none.gguf", Settings(), "local", 2)
        try:
            with pytest.raises(InputError, match=r"^worker-\d: .*none\.gguf"):
                await model.identify()
        finally:
            await model.close()

    asyncio.run(main())


@pytest.mark.parametrize("address", ["sheet.yaml", "127.0.0.1:1"])
def test_an_address_without_a_cluster(needs_ray: None, address: str) -> None:
    with pytest.raises(InputError, match=r"no Ray cluster can be used at .*--ray alone") as caught:
        open_on_ray("openai:m@http://127.0.0.1:1", Settings(), address, None)
    assert "\n" not in str(caught.value)


@pytest.mark.slow  # the fast run has candidates that wait in tests/cli/test_choose.py
def test_candidates_wait_for_one_another_on_a_cluster_too(
    needs_ray: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [json.dumps({"question": f"What is {a} + {a * 7 % 91}?", "answer": str(a + a * 7 % 91)}) for a in range(120)]
    Path("sums.jsonl").write_text("\n".join(rows))
    with SumsServer() as wrong, SumsServer() as right:
        wrong.is_wrong = lambda first, second: True  # type: ignore[method-assign]
        right.is_wrong = lambda first, second: False  # type: ignore[method-assign]
        models = [part for each in (wrong, right, right) for part in ("--model", f"openai:sums@{each.url}")]
        asked = ["choose", "sums.jsonl", *models, "--target", "0.8", "--out", "r", "--workers", "1", "--ray", "local"]
        assert steelyard(asked) == 0
    report = json.loads(Path("r/report.json").read_text())
    assert [each["standing"] for each in report["choices"][0]["candidates"]] == ["below", "meets", ""]
    assert report["measurements"][2]["calls"] == 0
    assert steelyard(["verify", "r"]) == 0
