"""The shape of the source trees: import contracts, cycles, packages, public names, sizes, tests of each package."""

from __future__ import annotations

import ast
import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HOUSES = [ROOT, *sorted(path.parent for path in ROOT.glob("packages/*/pyproject.toml"))]
LONGEST_MODULE = 600


def sources() -> list[Path]:
    return [path for house in HOUSES for path in sorted((house / "src").rglob("*.py"))]


def house_of(path: Path) -> Path:
    return next(house for house in HOUSES if path.is_relative_to(house / "src"))


def name_of(path: Path) -> str:
    parts = path.relative_to(house_of(path) / "src").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sources()}


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """The modules of ours that a module names in any import: at its head, in a function, or for type checkers."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(path.relative_to(house_of(path) / "src").parts[: -node.level]) if node.level else ""
            module = ".".join(filter(None, [above, node.module]))
            for alias in node.names:
                full = f"{module}.{alias.name}"
                yield from (name for name in [full if full in MODULES else module] if name in MODULES)


def cycles(graph: dict[str, set[str]]) -> list[set[str]]:
    """The sets of nodes that reach each other, by walking from each node that may: those that lead nowhere cannot."""
    while ended := {node for node, others in graph.items() if not others & graph.keys()}:
        graph = {node: others for node, others in graph.items() if node not in ended}
    graph = {node: others & graph.keys() for node, others in graph.items()}

    def reached(start: str) -> set[str]:
        found: set[str] = set()
        left = [start]
        while left:
            new = graph[left.pop()] - found
            found |= new
            left += new
        return found

    reach = {node: reached(node) for node in graph}
    knots = {frozenset(other for other in reach[node] if node in reach[other]) for node in graph if node in reach[node]}
    return sorted(map(set, knots), key=sorted)


@functools.cache
def module_graph() -> dict[str, set[str]]:
    return {name: set(imports(path)) - {name} for name, path in MODULES.items()}


def child_of(name: str, depth: int = 2) -> str:
    return ".".join(name.split(".")[:depth])


def test_cycles_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a", "e"}, "e": set()}
    assert cycles(graph) == [{"b", "c"}]


def test_modules_import_each_other_in_no_cycle() -> None:
    assert cycles(module_graph()) == []


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_packages_and_their_rooms_import_each_other_in_no_cycle(depth: int) -> None:
    graph: dict[str, set[str]] = {}
    for name, others in module_graph().items():
        if name != "steelyard":  # its names for type checkers come from everywhere
            theirs = {child_of(other, depth) for other in others - {"steelyard"}}
            graph.setdefault(child_of(name, depth), set()).update(theirs)
    assert cycles({name: others - {name} for name, others in graph.items()}) == []


def test_every_folder_with_modules_is_a_package() -> None:
    assert [str(path) for path in sources() if not (path.parent / "__init__.py").is_file()] == []


def public(tree: ast.Module) -> set[str]:
    """The names that a package defines, re-exports or lists in ``__all__``."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            found.update(ast.literal_eval(node.value))
    return found


@pytest.mark.parametrize("path", [path for path in sources() if path.name == "__init__.py"], ids=name_of)
def test_no_public_name_is_a_submodule(path: Path) -> None:
    """Otherwise the first import of the submodule would put it in the place of the name."""
    children = {child.stem for child in path.parent.iterdir() if child.suffix == ".py" or child.is_dir()}
    assert public(parsed(path)) & children == set()


def defined(tree: ast.Module) -> set[str]:
    """The names that a module defines at its head; imported names are none."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found.update(target.id for target in targets if isinstance(target, ast.Name))
    return found


PACKAGES = {name: path for name, path in MODULES.items() if path.name == "__init__.py"}
REEXPORT = {"steelyard", "steelyard.records"}
FROM_PACKAGE = re.compile(rf"\bfrom\s+(?:{'|'.join(map(re.escape, PACKAGES.keys() - REEXPORT))})\s+import\b")


def taken_from_packages(path: Path) -> Iterator[str]:
    """The names that a module imports from a package which neither defines them nor has a module of that name."""
    if not FROM_PACKAGE.search(path.read_text(encoding="utf-8")):  # most files: to read them as code takes seconds
        return
    for node in ast.walk(parsed(path)):
        package = node.module if isinstance(node, ast.ImportFrom) and not node.level else None
        if isinstance(node, ast.ImportFrom) and package in PACKAGES.keys() - REEXPORT:
            here = defined(parsed(PACKAGES[package]))
            for alias in node.names:
                if alias.name not in here and f"{package}.{alias.name}" not in MODULES:
                    yield f"{package}.{alias.name}"


def test_only_records_reexports() -> None:
    """A name is imported from the module that defines it, in the sources and in the tests."""
    files = [*sources(), *(path for house in HOUSES for path in sorted((house / "tests").rglob("*.py")))]
    found = {str(path.relative_to(ROOT)): names for path in files if (names := sorted(taken_from_packages(path)))}
    assert found == {}


@pytest.mark.parametrize("package", sorted(PACKAGES.keys() - REEXPORT))
def test_a_package_lists_only_what_it_defines(package: str) -> None:
    tree = parsed(PACKAGES[package])
    listed = public(tree) - defined(tree)
    assert listed == set()


def test_a_reexport_would_be_found(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("from steelyard.tasks import Task, load_task, task\nfrom steelyard.records import Plan\n")
    assert list(taken_from_packages(module)) == ["steelyard.tasks.Task"]


def test_no_module_is_too_long() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in sources()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def has_behaviour(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(tree))


def test_every_package_with_behaviour_has_tests() -> None:
    """In the folder of its house's tests that mirrors it, or as one file there; a third level in that of the second."""
    missing = set()
    for folder in {path.parent for path in sources() if has_behaviour(parsed(path))}:
        house = house_of(folder / "x")
        inside = Path(*folder.relative_to(next((house / "src").iterdir())).parts[:2])
        tests = house / "tests"
        if (
            not any((tests / inside).rglob("test_*.py"))
            and not (tests / inside.parent / f"test_{inside.name}.py").is_file()
        ):
            missing.add(str(inside))
    assert missing == set()


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("lint-imports"))
    command = [program, "--config", str(folder / ".importlinter"), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """All four packages in one source folder, and the contracts."""
    for house in HOUSES:
        shutil.copytree(
            house / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
        )
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def test_the_contracts_hold(tree: Path) -> None:
    done = lint_imports(tree)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "imported", "contract"),
    [
        ("steelyard/runner/limits.py", "steelyard.stats.exact", "the runner knows no statistics"),
        ("steelyard/models/openai.py", "steelyard_world.memory", "the core imports no member"),
        ("steelyard/cli/verify.py", "steelyard_forensics.api.detect", "the core imports no member"),
        ("steelyard/storage/store.py", "steelyard_server.store", "the core imports no member"),
        ("steelyard_server/doctor.py", "steelyard_forensics.panels.folder", "no member imports another"),
        ("steelyard_world/memory.py", "steelyard_server.bounds", "no member imports another"),
        (
            "steelyard/gateway/pages.py",
            "steelyard.detectors.claim_retest",
            "detectors are found through the entry points",
        ),
        ("steelyard/evidence/merkle.py", "steelyard.claims.sheet", "data flows one way"),
        ("steelyard/evidence/merkle.py", "steelyard.records.plan", "evidence rests on errors alone"),
        (
            "steelyard_server/database/audit.py",
            "steelyard_server.app",
            "the platform's rooms rest on one another in one direction",
        ),
    ],
)
def test_a_forbidden_import_breaks_its_contract(tree: Path, module: str, imported: str, contract: str) -> None:
    with (tree / "src" / module).open("a") as file:
        file.write(f"\n\ndef lazily() -> None:\n    import {imported}\n")
    done = lint_imports(tree)
    assert done.returncode == 1
    assert f"{contract} BROKEN" in " ".join(done.stdout.split())


@pytest.mark.parametrize("room", ["steelyard/rooms", "steelyard_server/rooms"])
def test_a_room_on_no_floor_is_refused(tree: Path, room: str) -> None:
    folder = tree / "src" / room
    folder.mkdir()
    (folder / "__init__.py").touch()
    done = lint_imports(tree)
    assert done.returncode != 0
    assert room.replace("/", ".") in done.stdout + done.stderr
