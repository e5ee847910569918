from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from steelyard.errors import InputError, VerificationError
from steelyard.server.push.verifying import Verifier, VerifyLimits, isolation_problem
from tests.docs.pages import ROOT

GOLDEN = ROOT / "tests" / "assets" / "golden"


def test_a_run_is_verified_without_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody:secret@127.0.0.1:1/x")
    assert Verifier().verify(GOLDEN).exit == 1


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
