"""The unit for systemd is one, and hardened; what was never run says so."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

PACKAGING = Path(__file__).parents[1] / "packaging"


@pytest.fixture(params=["steelyard.service", "steelyard-worker.service"])
def unit(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A unit with a program that is here: systemd-analyze looks for it."""
    path = tmp_path / str(request.param)
    text = (PACKAGING / path.name).read_text()
    path.write_text(text.replace("/opt/steelyard/bin/steelyard", shutil.which("true") or "/bin/true"))
    return path


def analysed(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on this machine")
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True)


def test_systemd_finds_nothing_wrong_with_the_unit(unit: Path) -> None:
    done = analysed("verify", "--man=no", unit)
    said = [line for line in done.stderr.splitlines() if "steelyard" in line]
    assert (done.returncode, said) == (0, [])


def test_the_unit_is_hardened(unit: Path) -> None:
    done = analysed("security", "--offline=true", "--threshold=25", "--no-pager", unit)
    assert done.returncode == 0, done.stdout[-2000:]


def test_what_was_never_run_says_so() -> None:
    for name in ("Dockerfile", "compose.yaml"):
        assert (PACKAGING / name).read_text().startswith("# NEVER RUN HERE")
    service = yaml.safe_load((PACKAGING / "compose.yaml").read_text())["services"]["steelyard"]
    assert "--trusted-proxy" in service["command"]
    assert service["cap_drop"] == ["ALL"]
