from __future__ import annotations

import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from steelyard.errors import InputError, VerificationError
from steelyard_server.push.verifying import KEPT, Verifier, VerifyLimits, isolation_problem
from testkit.repository import ROOT

GOLDEN = ROOT / "tests" / "assets" / "golden"


def process_of(verifier: Verifier) -> Path:
    """Its process in /proc, once it is Python with our module."""
    for _ in range(2000):
        for process in tuple(verifier._running):
            place = Path("/proc") / str(process.pid)
            with suppress(OSError):
                if b"steelyard_server.push.worker" in (place / "cmdline").read_bytes():
                    return place
        threading.Event().wait(0.002)
    raise AssertionError("no verification began")


def test_a_run_is_verified_without_our_environment_and_without_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked at from outside, while it works."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody:secret@127.0.0.1:1/x")
    monkeypatch.setenv("STEELYARD_TOKEN", "secret")
    verifier = Verifier()
    with ThreadPoolExecutor(1) as pool:
        verified = pool.submit(verifier.verify, GOLDEN)
        place = process_of(verifier)
        names = {each.partition(b"=")[0] for each in (place / "environ").read_bytes().split(b"\0") if each}
        modes = set()
        while not verified.done():
            with suppress(OSError):
                modes |= set(re.findall(r"^(?:Seccomp|NoNewPrivs):\t(\d)", (place / "status").read_text(), re.M))
            threading.Event().wait(0.01)
        assert verified.result().exit == 1
    assert names <= {name.encode() for name in KEPT}
    assert "2" in modes, "it has the filter of system calls"


def test_what_does_not_hold_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(GOLDEN, folder)
    (folder / "journal" / "main-0000.jsonl").write_bytes(b"{}\n" * 10)
    with pytest.raises(VerificationError) as caught:
        Verifier().verify(folder)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (VerifyLimits(wall_seconds=0.01), "0.01 seconds"),
        (VerifyLimits(cpu_seconds=0), "0 seconds of processor time"),
        (VerifyLimits(memory=20 << 20), "more memory"),
    ],
)
def test_limits_end_it(limits: VerifyLimits, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Verifier(limits).verify(GOLDEN)


def test_isolation_works_here() -> None:
    assert isolation_problem() == ""


def test_a_server_that_stops_does_not_wait_for_it() -> None:
    verifier = Verifier()
    ender = threading.Timer(0.2, verifier.stop)
    ender.start()
    with pytest.raises(InputError, match="server was stopped"):
        verifier.verify(GOLDEN)
    ender.join()
    with pytest.raises(InputError, match="server was stopped"):
        verifier.verify(GOLDEN)


def test_an_index_is_made_with_it_and_without_it(tmp_path: Path) -> None:
    verifier, index = Verifier(), tmp_path / "index"
    run = verifier.verify(GOLDEN, index)
    made = index.read_bytes()
    assert run.seal.encode() in made
    verifier.make_index(GOLDEN, run.seal, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == made
    with pytest.raises(VerificationError, match="is not what was received"):
        verifier.make_index(GOLDEN, "0" * 64, tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.slow  # the fast run asks the process in test_worker.py to make an index where it cannot
def test_a_run_holds_where_no_index_can_be_made(tmp_path: Path) -> None:
    verifier = Verifier()
    assert verifier.verify(GOLDEN, tmp_path / "nowhere" / "index") == verifier.verify(GOLDEN)
