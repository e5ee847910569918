"""The names of a run's files are written in one module alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.evidence import layout

SOURCE = Path(layout.__file__).parents[1]
NAMES = re.compile(
    r"(plan|bundle)\.dsse\.json|scores\.jsonl|checkpoints\.jsonl|report\.(json|md|html)$|local\.json|-0000"
    r"|(?<![\w-])(journal|samples|texts)/"
)
FOLDERS = {"journal", "samples", "texts"}
OTHERS = {("adapters/inspect_log.py", "samples/")}  # the members of another harness's log


def strings(source: str) -> Iterator[str]:
    """The strings of a module, but for docstrings; a folder's bare name where a path is made of it."""
    tree = ast.parse(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and isinstance(node.right, ast.Constant):
            yield f"{node.right.value}/" if node.right.value in FOLDERS else str(node.right.value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def named(path: Path) -> list[str]:
    place = path.relative_to(SOURCE).as_posix()
    return [text for text in strings(path.read_text()) if NAMES.search(text) and (place, text) not in OTHERS]


def test_only_the_layout_names_a_file_of_a_run() -> None:
    found = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if named(path)}
    assert found == {"evidence/layout.py"}


@pytest.mark.parametrize("line", ['run / "samples" / name', 'f"journal/: {name}"', 'open("scores.jsonl")'])
def test_such_a_name_would_be_found(line: str) -> None:
    assert any(NAMES.search(text) for text in strings(f'"""Of scores.jsonl."""\n{line}\n'))
    assert not any(NAMES.search(text) for text in strings('"""Of scores.jsonl."""\n'))


def test_names_of_segments_and_samples() -> None:
    assert layout.segment("worker-1") == "journal/worker-1-0000.jsonl"
    assert layout.segment_label(layout.segment("worker-1")) == "worker-1"
    for name in (layout.MAIN_SEGMENT, layout.TEXT_SEGMENT, layout.samples_of("sums"), layout.REPORT_PAGE):
        assert layout.is_sealable(name)
