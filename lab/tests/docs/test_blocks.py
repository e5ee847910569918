"""Every fenced block of README and docs is run, or at least read by the code that would read it."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import textwrap
import tomllib
from pathlib import Path

import pytest
import yaml

from steelyard.claims.sheet import read_sheet
from steelyard.suites.twins import RULES, read_rules
from steelyard.tasks.definition_file import read_definition, read_strictly
from steelyard.tasks.suite_file import SuiteFile
from testkit.docs import console
from testkit.docs.pages import Block, blocks, pages
from testkit.repository import ROOT

LANGUAGES = {"console", "yaml", "python", "json", "toml", "text"}
PAGES = pages()
EVERY = [block for page in PAGES for block in blocks(page)]
# What these run takes long, and tests of the same commands run them on less: tests/api/test_watch.py, tests/cli/ and
# tests/tasks/ for files of questions, tests/test_images.py, tests/cli/test_choose.py, tests/verification/,
# tests/api/test_calls.py.
DEAR = {
    ROOT / "docs" / page
    for page in (
        "how-to/ask-about-images.md",
        "how-to/choose-a-model.md",
        "how-to/received-a-bundle.md",
        "how-to/watch-a-model.md",
        "tutorial/excel-to-verdict.md",
        "tutorial/python.md",
    )
}


def _asks_the_model(page: Path) -> bool:
    return any("embedded:smollm2" in block.source and _is_run(block) for block in EVERY if block.path == page)


def _is_run(block: Block) -> bool:
    return block.language in ("console", "python") and not block.markers.keys() & {"not run", "file", "slow"}


def _has_more(page: Path) -> bool:
    """Whether the slow run of a page does more: blocks that are slow, and Python, which the fast run runs once only."""
    return any(
        "slow" in block.markers or (block.language == "python" and _is_run(block))
        for block in EVERY
        if block.path == page
    )


def _parameters(wanted: list[Path], *marks: pytest.MarkDecorator) -> list[object]:
    return [
        pytest.param(page, id=str(page.relative_to(ROOT)), marks=[*marks, *[pytest.mark.model] * _asks_the_model(page)])
        for page in wanted
    ]


@pytest.mark.parametrize("block", [pytest.param(block, id=block.place) for block in EVERY])
def test_every_block_has_a_language_and_can_be_read(block: Block, tmp_path: Path) -> None:
    assert block.language in LANGUAGES, f"{block.place}: language {block.language!r}"
    if "file" in block.markers:
        text = (ROOT / block.markers["file"]).read_text(encoding="utf-8")
        indented = [textwrap.indent(block.source.strip(), " " * depth) for depth in (0, 2, 4)]
        assert any(part in text for part in indented), f"{block.place} is not what {block.markers['file']} says"
    match block.language:
        case "console":
            for command in console.commands(block.source):
                console.check(command.line)
        case "python":
            compile(block.source, block.place, "exec")
        case "json":
            for text in block.source.splitlines() if ".jsonl" in block.markers.get("write", "") else [block.source]:
                json.loads(text)
        case "toml":
            tomllib.loads(block.source)
        case "yaml":
            _check_yaml(block, tmp_path)


@pytest.mark.parametrize("page", _parameters(PAGES))
def test_commands_in_sentences_exist(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for mention in re.findall(r"`(steelyard [^`]+)`", text):
        console.check_mention(mention)


def _check_yaml(block: Block, folder: Path) -> None:
    keys = yaml.safe_load(block.source)
    if block.markers.keys() & {"part of", "file"}:
        return
    path = folder / "block.yaml"
    path.write_text(block.source, encoding="utf-8")
    if "claims" in keys:
        read_sheet(path)
    elif "suite" in keys:
        read_strictly(path, SuiteFile)
    elif "items" in keys and "id" not in keys:
        rules = folder / RULES
        rules.parent.mkdir()
        path.rename(rules)
        assert read_rules(folder)
    else:
        read_definition(path)


RUN = [page for page in PAGES if any(_is_run(block) for block in blocks(page))]


@pytest.mark.parametrize(
    "page",
    [
        *_parameters([page for page in RUN if page not in DEAR]),
        *_parameters([page for page in RUN if page in DEAR], pytest.mark.slow),
    ],
)
def test_the_blocks_of_a_page_run_one_after_the_other(page: Path, tmp_path: Path) -> None:
    _run_page(page, tmp_path, slow=False)


@pytest.mark.parametrize(
    "page",
    _parameters([p for p in PAGES if _has_more(p)], pytest.mark.slow, pytest.mark.model),
)
def test_the_slow_blocks_too(page: Path, tmp_path: Path) -> None:
    _run_page(page, tmp_path, slow=True)


def _run_page(page: Path, folder: Path, *, slow: bool) -> None:
    """Run a page's blocks in a folder that looks like a clone: examples/, tests/assets/."""
    for name in ("examples", "tests/assets"):
        shutil.copytree(ROOT / name, folder / name)
    for block in blocks(page):
        if "write" in block.markers:
            (folder / block.markers["write"]).write_text(block.source, encoding="utf-8")
        if not (_is_run(block) or (slow and "slow" in block.markers)):
            continue
        if block.language == "python":
            _run_python(block, folder, once=not slow)
            continue
        found = console.commands(block.source)
        for number, command in enumerate(found, start=1):
            exit_code = int(block.markers.get("exit", 0)) if number == len(found) else 0
            console.run(command, folder, exit_code, numbers_vary="numbers vary" in block.markers)


def _run_python(block: Block, folder: Path, *, once: bool) -> None:
    """Run a block twice: as a script, and in a cell of a notebook, where an event loop runs already.

    ``once``: in the cell alone, but for README's, which runs as a script.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        code = compile(textwrap.dedent(block.source), block.place, "exec")
        in_readme = block.path.name == "README.md"
        if in_readme or not once:
            exec(code, {"__name__": "__main__"})

        async def cell() -> None:
            exec(code, {"__name__": "__main__"})

        if not (once and in_readme):
            asyncio.run(cell())


def test_readme_fits_its_purpose() -> None:
    words = (ROOT / "README.md").read_text(encoding="utf-8").split()
    assert len(words) <= 900


def test_every_page_is_in_the_navigation() -> None:
    """mkdocs says so of pages that are left out; this says it without building."""
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in pages()[1:]:
        assert f": {page.relative_to(ROOT / 'docs')}\n" in navigation, page


def test_a_newcomer_can_walk_all_tutorials_in_one_folder() -> None:
    """No page makes a suite, a run or a file that another one has made."""
    made: dict[str, Path] = {}
    for page in (each for each in PAGES if each.parent.name == "tutorial"):
        source = "".join(block.source for block in blocks(page) if block.language == "console")
        names = re.findall(r"(?:suite new|requantise|--out) ([^\s-]\S*)", source)
        assert [name for name in names if made.setdefault(name, page) != page] == [], page
    assert len(made) > 20
