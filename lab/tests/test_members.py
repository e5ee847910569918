"""The distributions: one version, what each brings as the core's table says it, and the core where one is missing."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path
from typing import Any

import pytest

import steelyard
from steelyard.members import MEMBERS, Member
from testkit.repository import ROOT

KINDS = ROOT / "lab" / "tests" / "assets" / "sealed_kinds" / "main.tar.xz"


def project_of(member: Member) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "packages" / member.name / "pyproject.toml").read_text())["project"]
    return found


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_a_member_has_the_cores_version_and_takes_that_one_alone(member: Member) -> None:
    project = project_of(member)
    assert project["version"] == steelyard.__version__
    assert project["dependencies"] == [f"steelyard=={steelyard.__version__}"]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (asked,) = extras[member.name]
    assert asked.partition("[")[0].partition("=")[0] == project["name"]
    assert asked.endswith(f"=={steelyard.__version__}")


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_the_cores_table_says_what_a_member_brings(member: Member) -> None:
    doors = project_of(member)["entry-points"]
    assert doors["steelyard.commands"].keys() == member.commands.keys()
    plugins = doors.get("steelyard.plugins", {})
    assert all(name.startswith(member.plugins) for name in plugins)
    assert all(any(name.startswith(prefix) for name in plugins) for prefix in member.plugins)


@pytest.fixture(scope="module")
def core_alone(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Python with everything that is installed here but the members: links to it, read without their metadata."""
    folder = tmp_path_factory.mktemp("core")
    own = importlib.metadata.distribution("steelyard").locate_file("")
    for path in Path(str(own)).iterdir():
        if not path.name.startswith(("steelyard_", "__editable__", "_steelyard", "_editable")):
            (folder / path.name).symlink_to(path)
    program = f"import sys; sys.path[:0] = {[str(ROOT / 'src'), str(folder)]!r}; from steelyard.cli import main; main()"
    return [sys.executable, "-S", "-c", program]


def said(core_alone: list[str], *arguments: str, cwd: Path) -> tuple[int, list[str]]:
    environment = {**os.environ, "STEELYARD_KEY": str(cwd / "key.pem"), "XDG_STATE_HOME": str(cwd)}
    done = subprocess.run([*core_alone, *arguments], cwd=cwd, env=environment, capture_output=True, text=True)
    return done.returncode, (done.stdout or done.stderr).splitlines()


@pytest.mark.parametrize("command", ["serve", "detect", "world"])
def test_a_command_of_a_missing_member_says_how_to_get_it(command: str, core_alone: list[str], tmp_path: Path) -> None:
    code, lines = said(core_alone, command, cwd=tmp_path)
    (member,) = (each for each in MEMBERS if command in each.commands)
    assert (code, lines) == (2, [f"steelyard: {command} comes with another package: {member.how_to_install}"])


@pytest.mark.parametrize(
    ("name", "member"), [("11", "world"), ("01", "forensics"), ("64", "forensics"), ("02", "forensics")]
)
def test_a_bundle_that_needs_a_missing_member_is_intact_and_not_recomputed(
    name: str, member: str, core_alone: list[str], tmp_path: Path
) -> None:
    """World scores, next tokens, a detector beside claims that are recomputed, and a panel's result."""
    with tarfile.open(KINDS) as archive:
        archive.extractall(tmp_path, [each for each in archive if each.name.startswith(f"./{name}/")], filter="data")
    code, lines = said(core_alone, "verify", "--no-pages", name, cwd=tmp_path)
    assert code == 3
    assert lines[0].startswith("intact, ")
    assert "not recomputed" in lines[0]
    assert any(f"pip install 'steelyard[{member}]'" in line for line in lines)
    assert not any(line.startswith("holds") for line in lines)
