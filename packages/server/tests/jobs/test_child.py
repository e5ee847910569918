from __future__ import annotations

import signal
from pathlib import Path

import msgspec
import pytest

from packages.server.tests.jobs.yard import Yard, a_run, taken_setup, wait_for
from steelyard_server.jobs.child import Child, job_environment
from steelyard_server.jobs.messages import Ended, Progress, clock
from steelyard_server.jobs.specification import RunSpecification, Specification, encode
from testkit.fixtures import SumsServer


def started(yard: Yard, tmp_path: Path, specification: Specification, key: str = "") -> Child:
    for name in ("inputs", "state"):
        (tmp_path / name).mkdir()
    _, setup = taken_setup(yard, specification)
    return Child(
        encode(specification), tmp_path / "run", tmp_path / "inputs", tmp_path / "state", clock() + 60.0,
        msgspec.structs.replace(setup, key=key),
    )  # fmt: skip


def test_a_run_is_sealed_without_a_key_and_notes_go_to_its_own_folder(
    yard: Yard, tmp_path: Path, sums_server: SumsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-machine")
    child = started(yard, tmp_path, a_run(yard.endpoint(sums_server.url), 4))
    lines = list(child.lines())
    assert lines[-1] == Ended(how="sealed")
    assert all(isinstance(line, Progress) and line.planned == 4 for line in lines[:-1])
    assert child.close() == 0
    assert (tmp_path / "run" / "bundle.dsse.json").is_file()
    assert (tmp_path / "state" / "steelyard" / "runs").is_dir()


def test_what_cannot_be_asked_is_said_without_a_place_of_this_machine(yard: Yard, tmp_path: Path) -> None:
    name = yard.endpoint("http://127.0.0.1:1/v1")
    child = started(yard, tmp_path, RunSpecification(endpoint=name, model="sums", task="no-such-task"))
    (ended,) = child.lines()
    assert isinstance(ended, Ended)
    assert ended.how == "unusable"
    assert "no-such-task" in ended.reason
    assert str(tmp_path) not in ended.reason
    child.close()


def test_it_works_in_an_empty_folder(
    yard: Yard, tmp_path: Path, sums_server: SumsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that lies where the worker was started has a name there, and its relative places are still found."""
    (tmp_path / "mirror").mkdir()
    monkeypatch.setenv("STEELYARD_DATA", "mirror")
    monkeypatch.chdir(tmp_path)
    sums_server.seconds = lambda _: 0.2
    child = started(yard, tmp_path, a_run(yard.endpoint(sums_server.url), 8))
    wait_for(lambda: sums_server.asked)
    folder = Path(f"/proc/{child.number}/cwd").resolve()
    assert folder != tmp_path
    assert list(folder.iterdir()) == []
    assert job_environment(tmp_path)["STEELYARD_DATA"] == str(tmp_path / "mirror")
    assert [*child.lines()][-1] == Ended(how="sealed")
    child.close()


def test_a_lease_that_runs_out_ends_it(yard: Yard, tmp_path: Path, sums_server: SumsServer) -> None:
    sums_server.seconds = lambda _: 30.0
    child = started(yard, tmp_path, a_run(yard.endpoint(sums_server.url), 4))
    wait_for(lambda: sums_server.asked)
    child.renew(clock() - 1.0)
    assert [line for line in child.lines() if isinstance(line, Ended)] == []
    assert child.close() == -signal.SIGKILL


def test_its_whole_group_is_killed(yard: Yard, tmp_path: Path, sums_server: SumsServer) -> None:
    sums_server.seconds = lambda _: 30.0
    child = started(yard, tmp_path, a_run(yard.endpoint(sums_server.url), 4))
    wait_for(lambda: sums_server.asked)
    child.kill()
    assert [line for line in child.lines() if isinstance(line, Ended)] == []
    assert child.close() == -signal.SIGKILL
    child.renew(clock() + 60)
    child.stop()


def test_asked_to_stop_it_ends_at_a_checkpoint(yard: Yard, tmp_path: Path, sums_server: SumsServer) -> None:
    sums_server.seconds = lambda _: 0.2
    child = started(yard, tmp_path, a_run(yard.endpoint(sums_server.url), 200))
    wait_for(lambda: len(sums_server.asked) > 4)
    child.stop()
    assert [*child.lines()][-1] == Ended(how="stopped")
    child.close()
    assert not (tmp_path / "run" / "bundle.dsse.json").exists()


@pytest.mark.parametrize(("status", "is_down"), [(400, False), (401, False), (404, False), (0, True)])
def test_an_endpoint_is_down_for_its_own_faults_and_not_for_what_it_refuses(
    yard: Yard, tmp_path: Path, sums_server: SumsServer, status: int, is_down: bool
) -> None:
    """A model that is refused says nothing of the others there, so nobody else has to wait."""
    sums_server.status, sums_server.error = lambda *_: status, {"message": "no"}
    address = sums_server.url if status else "http://127.0.0.1:1/v1"
    child = started(yard, tmp_path, a_run(yard.endpoint(address), 4))
    ended = [*child.lines()][-1]
    child.close()
    assert isinstance(ended, Ended)
    assert (ended.how, ended.unavailable) == ("failed", is_down)
    assert "its endpoint" in ended.reason
    assert "127.0.0.1" not in ended.reason
