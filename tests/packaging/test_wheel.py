"""The wheel, installed as a user would, beside the packages whose name this product had before it was renamed."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import steelyard

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.parametrize("member", ["forensics", "server", "world"])
def test_a_members_wheel_holds_its_package_alone(member: str, tmp_path: Path) -> None:
    house = ROOT / "packages" / member
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, house)
    (built,) = tmp_path.glob("*.whl")
    assert built.name == f"steelyard_{member}-{steelyard.__version__}-py3-none-any.whl"
    names = {name for name in zipfile.ZipFile(built).namelist() if ".dist-info/" not in name}
    tracked = run("git", "ls-files", "src", cwd=house).split()
    assert names == {path.removeprefix("src/") for path in tracked}


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    assert wheel.name == f"steelyard-{steelyard.__version__}-py3-none-any.whl"
    names = zipfile.ZipFile(wheel).namelist()
    info = f"steelyard-{steelyard.__version__}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"steelyard", info}
    assert {"steelyard/py.typed", f"{info}/licenses/LICENSE", f"{info}/licenses/NOTICE"} <= set(names)
    tracked = run("git", "ls-files", "src/steelyard", cwd=ROOT).split()
    assert {name for name in names if name.startswith("steelyard/")} == {path.removeprefix("src/") for path in tracked}


@pytest.mark.parametrize("other", ["assay-server", "assay-sdk"])
def test_it_installs_beside_a_package_of_the_old_name(wheel: Path, other: str, tmp_path: Path) -> None:
    """Those two break each other: both have a package and a command ``assay``."""
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    programs = tmp_path / "venv" / "bin"
    run(programs / "python", "-m", "pip", "install", "--quiet", wheel, other)
    assert run(programs / "steelyard", "--version").split() == ["steelyard", steelyard.__version__]
    assert "usage" in run(programs / "assay", "--help").lower()
    sheet = ROOT / "examples" / "embedded.yaml"
    screened = subprocess.run([programs / "steelyard", "screen", sheet], capture_output=True, text=True)
    assert screened.returncode in (0, 1), screened.stderr
    run(programs / "python", "-m", "pip", "check")
