"""What ``import steelyard`` promises, and what it must not cost."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import steelyard
from steelyard import plugins

SOURCE = Path(steelyard.__file__).parent


def test_every_public_name_is_there_and_documented() -> None:
    assert sorted(steelyard.__all__) == sorted([*steelyard._HOMES, "__version__"])
    assert set(steelyard.__dir__()) - set(steelyard.__all__) <= set(steelyard._OF_FORENSICS)
    for name in steelyard._HOMES:
        assert inspect.getdoc(getattr(steelyard, name)), name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="frobnicate"):
        steelyard.frobnicate  # noqa: B018


def test_importing_steelyard_and_its_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, steelyard, steelyard.records, steelyard.plugins;"
        "from steelyard.cli import execute; execute(['--help']);"
        "heavy = {'numpy', 'scipy', 'aiohttp', 'rich', 'jinja2', 'cryptography', 'yaml'};"
        "print(sorted(set(sys.modules) & heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_plugin_of_ours_loads_through_the_door() -> None:
    for kind in ("model", "scorer", "tasks", "generator"):
        assert plugins.names(kind)
        for name in plugins.names(kind):
            assert plugins.find(kind, name)


def modules(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((SOURCE / folder).rglob("*.py"))]


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


# Where scorers that act do so: the sandbox for code, and the process that compares mathematics.
ACTS = {"sandbox", "comparer.py"}
PURE = [path for path in modules("stats", "detectors", "scorers") if not ACTS.intersection(path.parts)]


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.name)
def test_pure_rooms_touch_no_network_and_no_process(path: Path) -> None:
    forbidden = {"aiohttp", "socket", "urllib", "http", "subprocess", "requests"}
    assert not {name.partition(".")[0] for name in imported(path)} & forbidden


@pytest.mark.parametrize("path", modules("runner"), ids=lambda path: path.name)
def test_the_runner_knows_no_statistics(path: Path) -> None:
    assert not any(
        name.startswith(("steelyard.stats", "steelyard.auditing.verdict", "steelyard.detectors.claim_retest"))
        for name in imported(path)
    )


def test_nothing_imports_the_command_line() -> None:
    for path in modules("."):
        if path.is_relative_to(SOURCE / "cli") or path.name == "__main__.py":
            continue
        assert not any(name.startswith("steelyard.cli") for name in imported(path)), path


def test_integrity_is_verified_without_the_rest_of_steelyard() -> None:
    allowed = ("steelyard.evidence", "steelyard.errors")
    for path in modules("evidence"):
        ours = {name for name in imported(path) if name.partition(".")[0] == "steelyard"}
        assert all(name.startswith(allowed) for name in ours), (path, ours)
