"""Files that only a service or a tool reads, checked by their own checkers; the lock file against pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import steelyard

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = tomllib.loads((ROOT / "uv.lock").read_text())


def run(*command: str) -> None:
    program = Path(sys.executable).with_name(command[0])
    if not program.exists():
        pytest.skip(f"{command[0]} is not installed: make .venv/dev")
    done = subprocess.run([program, *command[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", ".github/workflows/*.yml"),
        ("vendor.dependabot", ".github/dependabot.yml"),
        ("vendor.github-issue-forms", ".github/ISSUE_TEMPLATE/[!c]*.yml"),
        ("vendor.github-issue-config", ".github/ISSUE_TEMPLATE/config.yml"),
    ],
)
def test_what_github_reads_keeps_its_schema(schema: str, files: str) -> None:
    paths = sorted(map(str, ROOT.glob(files)))
    assert paths
    run("check-jsonschema", "--builtin-schema", schema, *paths)


def test_the_workflows_are_hardened() -> None:
    run("zizmor", "--offline", "--quiet", ".github")


def requirements() -> Iterator[Requirement]:
    """What the distributions ask for from elsewhere."""
    for path in (ROOT / "pyproject.toml", *ROOT.glob("packages/*/pyproject.toml")):
        document = tomllib.loads(path.read_text())
        project, groups = document["project"], document.get("dependency-groups", {})
        for entries in (project["dependencies"], *project.get("optional-dependencies", {}).values(), *groups.values()):
            named = (Requirement(entry) for entry in entries if isinstance(entry, str))
            yield from (each for each in named if not each.name.startswith("steelyard"))


def test_the_lock_satisfies_every_range_and_has_hashes() -> None:
    locked: dict[str, list[str]] = defaultdict(list)
    for package in LOCK["package"]:
        if not package["name"].startswith("steelyard"):
            locked[package["name"]].append(package["version"])
            assert all(file["hash"].startswith("sha256:") for file in package.get("wheels", ()))
    for requirement in requirements():
        versions = locked[requirement.name.lower()]
        assert versions, requirement
        assert all(Version(version) in requirement.specifier for version in versions), (requirement, versions)


def test_the_version_stands_in_one_place() -> None:
    assert "version" in PROJECT["project"]["dynamic"]
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "src/steelyard/__init__.py"
    assert str(Version(steelyard.__version__)) == steelyard.__version__


def test_every_supported_python_is_tested() -> None:
    classifiers = [name.rpartition(" ")[2] for name in PROJECT["project"]["classifiers"] if ":: 3." in name]
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert f"python: {classifiers}".replace("'", '"') in workflow
    assert PROJECT["project"]["requires-python"] == f">={classifiers[0]}"
