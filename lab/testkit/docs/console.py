"""Console blocks: their commands run with the real programs, or at least checked against the real command line."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import click

from steelyard.cli import group

ROOT = Path(__file__).resolve().parents[3]
_NUMBER = re.compile(r"\d[\d,.]*")
_LUCKY = re.compile(r";\s+better\s+than\s+claimed")  # said where the drawn order happens to favour an honest claim
_SEPARATORS = {";", "&&", "||", "|", "&", "#"}


class Command(NamedTuple):
    """One command of a block and the output that is shown below it (perhaps none)."""

    line: str
    output: str


def commands(block: str) -> list[Command]:
    """Split a console block at its ``$ ``; a line that ends with a backslash goes on in the next one."""
    found: list[Command] = []
    lines = iter(block.splitlines())
    for line in lines:
        if line.startswith("$ "):
            text = line[2:]
            while text.endswith("\\"):
                text = text[:-1] + next(lines).strip()
            found.append(Command(text, ""))
        else:
            assert found, f"a console block starts with '$ ': {line!r}"
            found[-1] = Command(found[-1].line, f"{found[-1].output}{line}\n")
    return found


def run(
    command: Command,
    folder: Path,
    exit_code: int = 0,
    *,
    numbers_vary: bool = False,
    programs: Path = Path(sys.executable).parent,
) -> None:
    """Run one command in ``folder``; its exit code and, where it is shown, its output must be as the page says."""
    environment = os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
        "STEELYARD_KEY": str(folder / "no-key-here.pem"),
    }
    done = subprocess.run(
        ["bash", "-c", command.line],
        cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=590,
    )  # fmt: skip
    assert done.returncode == exit_code, f"{command.line}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    if command.output.strip():
        shown, printed = command.output, done.stdout
        if numbers_vary:
            shown, printed = _NUMBER.sub("0", shown), _NUMBER.sub("0", _LUCKY.sub("", printed))
        assert matches(shown, printed), f"{command.line} printed\n{done.stdout}{done.stderr}"


def matches(expected: str, actual: str) -> bool:
    """Whether ``actual`` is ``expected``, where each ``…`` stands for any text; runs of white space are alike."""
    parts = [re.escape(_tidy(part)).replace(r"\ ", r"\s+") for part in _tidy(expected).split("…")]
    return re.fullmatch(r"\s*.*?\s*".join(part.strip() for part in parts), _tidy(actual), re.DOTALL) is not None


def _tidy(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def check(line: str) -> None:
    """Check what can be checked of a command that is not run here; raises AssertionError naming what does not exist."""
    subprocess.run(["bash", "-n", "-c", line], check=True, capture_output=True)
    for words in _simple_commands(line):
        match words:
            case ["steelyard", *arguments]:
                _check_click(group, "steelyard", arguments)
            case ["make", *targets]:
                makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
                for target in targets:
                    assert "=" in target or re.search(rf"^{target}:", makefile, re.MULTILINE), f"no target {target}"
            case ["python", "-m", module, *_] if module.startswith(("bench", "steelyard", "tools")):
                assert importlib.util.find_spec(module), f"no module {module}"
            case ["pip", "install", *wanted]:
                for extra in re.findall(r"\[([\w,]+)\]", " ".join(wanted)):
                    assert set(extra.split(",")) <= _extras(), f"no extra {extra}"
            case _:
                pass


def check_mention(text: str) -> None:
    """Check a command that a sentence mentions, perhaps without its arguments: its name and its options exist."""
    command: click.Command = group
    context = click.Context(group, info_name="steelyard")
    for word in text.split()[1:]:
        if word.startswith("--"):
            known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
            assert word.partition("=")[0] in known | {"--help", "--version"}, f"{context.command_path} has no {word}"
        elif isinstance(command, click.Group) and word.islower():
            child = command.get_command(context, word)
            assert child is not None, f"{context.command_path} has no command {word}"
            command, context = child, click.Context(child, info_name=word, parent=context)


def _simple_commands(line: str) -> list[list[str]]:
    """The words of each simple command in a line, without assignments in front."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    for word in lexer:
        if word in _SEPARATORS:
            found.append([])
        elif found[-1] or not re.match(r"^\w+=", word):
            found[-1].append(word)
    return [[Path(words[0]).name, *words[1:]] for words in found if words]


def _check_click(command: click.Command, name: str, arguments: list[str], parent: click.Context | None = None) -> None:
    """Parse arguments as click would, without calling anything: an unknown command or option is an error."""
    try:
        context = command.make_context(name, list(arguments), parent=parent)
    except click.exceptions.Exit:  # --help, --version
        return
    words = [*getattr(context, "_protected_args", ()), *context.args]
    if isinstance(command, click.Group) and (words or not command.invoke_without_command):
        child_name, child, rest = command.resolve_command(context, words)
        assert child is not None, f"no command {child_name}"
        _check_click(child, child_name or "", rest, context)


def _extras() -> set[str]:
    paths = [ROOT / "pyproject.toml", *ROOT.glob("packages/*/pyproject.toml")]
    projects = [tomllib.loads(path.read_text(encoding="utf-8"))["project"] for path in paths]
    return {extra for project in projects for extra in project.get("optional-dependencies", ())}
