from __future__ import annotations

import sys
import threading
from pathlib import Path

import msgspec
import pytest

from packages.server.tests.jobs.yard import questions, wait_for
from steelyard.errors import InputError
from steelyard_server.jobs import dry_run as module
from steelyard_server.jobs.dry_run import DryRunEnded, dry_run
from steelyard_server.jobs.dry_run_process import Figures
from steelyard_server.jobs.messages import Setup
from steelyard_server.jobs.places import Places
from steelyard_server.jobs.specification import RunSpecification, encode
from testkit.fixtures import SumsServer

KEY = "sk-a-key-that-nobody-may-see"
# A process that starts another one of its group, says which, and waits for it.
HANGS = (
    "import pathlib, subprocess\n"
    "child = subprocess.Popen(['sleep', '600'])\n"
    "pathlib.Path({place!r}).write_text(str(child.pid))\n"
    "{then}"
)


def setup(server: SumsServer) -> Setup:
    port = int(server.url.split(":")[2].partition("/")[0])
    return Setup(
        uri=f"openai:sums@{server.url}", host="127.0.0.1", port=port, key=KEY,
        calls=2, data="/", project="default", project_id=1, job=0, attempt=0, lease_seconds=10.0,
    )  # fmt: skip


def asks(count: int = 3) -> str:
    return encode(RunSpecification(endpoint="here", model="sums", questions={"sums": questions(count)})).decode()


def foreseen(specification: str, given: Setup, seconds: float = 120.0) -> Figures:
    return dry_run(specification, given, project=1, person=1, seconds=seconds)


def test_what_a_measurement_takes_without_prices(sums_server: SumsServer) -> None:
    found = foreseen(asks(30), setup(sums_server))
    assert (found.calls, found.cost, found.problem) == (30, None, "")
    assert found.prompt_tokens > 30
    assert "2 at a time" in found.assumptions


def test_a_long_specification_goes_through_the_pipe(sums_server: SumsServer) -> None:
    specification = asks(4000)
    assert len(specification) > 1 << 17  # more than a pipe holds
    assert foreseen(specification, setup(sums_server)).calls == 4000


def test_a_server_that_says_the_key_back_does_not_have_it_shown(sums_server: SumsServer) -> None:
    sums_server.status, sums_server.error = lambda *_: 401, {"message": f"wrong key: {KEY}"}
    with pytest.raises(InputError) as caught:
        foreseen(asks(), setup(sums_server))
    assert "HTTP 401: wrong key: [key]" in str(caught.value)
    assert KEY not in str(caught.value)
    assert "\n" not in str(caught.value)
    sums_server.error = {"message": "wrong key: sk-a-key***-see"}
    with pytest.raises(InputError, match=r"HTTP 401 \(what else it says may hold a part of its key"):
        foreseen(asks(), setup(sums_server))


def test_nothing_is_waited_for_without_end(sums_server: SumsServer) -> None:
    with pytest.raises(DryRunEnded, match=r"could not be planned within 0\.01 seconds, and was ended"):
        foreseen(asks(), setup(sums_server), seconds=0.01)


@pytest.mark.parametrize(("then", "error"), [("child.wait()", DryRunEnded), ("", InputError)], ids=["hangs", "ends"])
def test_nothing_of_its_group_is_left(
    sums_server: SumsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str, error: type[InputError]
) -> None:
    program = HANGS.format(place=str(tmp_path / "child"), then=then)
    monkeypatch.setattr(module, "_MODULE", (sys.executable, "-c", program))
    with pytest.raises(error):
        foreseen(asks(), setup(sums_server), seconds=3.0)
    child = int((tmp_path / "child").read_text())
    wait_for(lambda: not is_running(child))


def test_who_starts_another_on_a_page_ends_the_one_that_hangs(
    sums_server: SumsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = HANGS.format(place=str(tmp_path / "child"), then="child.wait()")
    monkeypatch.setattr(module, "_MODULE", (sys.executable, "-c", program))
    places, said = Places(most=1), []

    def hang() -> None:
        with pytest.raises(InputError) as caught:
            dry_run(asks(), setup(sums_server), project=1, person=1, places=places, takes_over=True)
        said.append(str(caught.value))

    hanging = threading.Thread(target=hang, daemon=True)
    hanging.start()
    wait_for((tmp_path / "child").exists)
    wait_for(lambda: (tmp_path / "child").read_text() != "")
    monkeypatch.undo()
    found = dry_run(asks(), setup(sums_server), project=1, person=1, places=places, takes_over=True)
    assert found.calls == 3
    hanging.join(30)
    assert said == ["you started another dry run, which ended this one"]
    wait_for(lambda: not is_running(int((tmp_path / "child").read_text())))
    assert places.has_one(1, 1)


def test_a_process_that_is_killed_leaves_no_place_taken(
    sums_server: SumsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    monkeypatch.setattr(module, "_MODULE", (sys.executable, "-c", kill))
    places = Places(most=1)
    for _ in range(3):
        with pytest.raises(InputError, match="without a word"):
            dry_run(asks(), setup(sums_server), project=1, person=1, places=places, takes_over=True)
    assert places.has_one(1, 1)


def is_running(process: int) -> bool:
    """Whether it does anything: one that was killed may wait for its new parent."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_who_has_a_place_holds_back_neither_another_person_nor_another_project(sums_server: SumsServer) -> None:
    places = Places()
    with places.held(1, 1):
        with pytest.raises(InputError, match="that you asked for with a token is going on"):
            dry_run(asks(), setup(sums_server), project=2, person=1, places=places)
        assert not sums_server.asked
        assert dry_run(asks(), setup(sums_server), project=1, person=2, places=places).calls == 3


def test_the_platform_itself_is_not_asked(sums_server: SumsServer) -> None:
    given = setup(sums_server)
    inward = msgspec.structs.replace(given, own=msgspec.structs.replace(given.own, ports=(given.port,)))
    with pytest.raises(InputError, match="the platform itself"):
        foreseen(asks(), inward)
    assert not sums_server.asked
