"""Runs in the sandbox: the code that EvalPlus would find in an answer. The answer is parsed, never run.

This is the rule of ``evalplus.sanitize`` (EvalPlus 0.3.1, Apache-2.0, https://github.com/evalplus/evalplus). Of all
runs of lines that are Python it takes the one with the most lines that are not blank, the first of several; of it the
imports, and the functions, classes and variables at its margin that the wanted names depend on. A function that returns
nothing and what has a decorator are left out, and of two definitions of a name the first one counts, as there. Written
anew for :mod:`ast`, since EvalPlus parses with tree-sitter, and bounded: EvalPlus parses every run of lines.

Read from ``/answer``, as JSON: ``text``, ``names``, ``block`` (the code that the scorer found first, or null) and
``prompt``. Printed, as JSON: ``code`` (null where there is none), ``same`` (``code`` is ``block`` but for what nothing
depends on), ``continues`` (``code`` goes on where the prompt ends), ``whole`` (false: given up, for its length).
"""

from __future__ import annotations

import ast
import json
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["TooLong", "extracted", "longest_code", "main", "read"]

MAX_PARSES = 20_000
MAX_PARSED = 20_000_000  # characters
MAX_LINES = 5_000
_INCOMPLETE = 0x4200  # as in codeop: a text that may go on is told from one that is wrong


class TooLong(Exception):
    """The answer takes more parsing than is done for one."""


class Parser:
    """Parses up to a limit of calls and characters; raises :class:`TooLong` beyond it."""

    def __init__(self) -> None:
        self.calls, self.characters = MAX_PARSES, MAX_PARSED

    def parsed(self, text: str) -> ast.Module | None:
        """The tree of a text that is Python; None for another."""
        try:
            return self._parse(text)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return None

    def may_go_on(self, text: str) -> bool:
        """Whether a text is Python, or could be the beginning of one."""
        try:
            self._parse(text)
        except SyntaxError as error:
            if str(error).startswith(
                "unterminated string literal"
            ):  # "Don't": a line's end ends it, without a backslash
                return text.endswith("\\")
        except (ValueError, MemoryError, RecursionError):
            return True
        else:
            return True
        self._spend(text)
        try:
            compile(text, "<answer>", "exec", ast.PyCF_ONLY_AST | _INCOMPLETE)
        except SyntaxError as error:
            return "incomplete input" in str(error)
        except (ValueError, MemoryError, RecursionError):
            pass
        return True

    def _parse(self, text: str) -> ast.Module:
        self._spend(text)
        return ast.parse(text)

    def _spend(self, text: str) -> None:
        self.calls -= 1
        self.characters -= len(text)
        if self.calls < 0 or self.characters < 0:
            raise TooLong


def longest_code(text: str, parser: Parser) -> str:
    """The run of lines that is Python and has the most lines that are not blank; the first line where none is.

    A run has two lines at least, of which one may be blank, as in EvalPlus. Raises TooLong.
    """
    lines = text.split("\n")
    filled = [number for number, line in enumerate(lines) if line.strip()]
    if len(filled) > MAX_LINES:
        raise TooLong

    def run(first: int, last: int) -> str:
        return "\n".join(lines[filled[first] : filled[last] + 1])

    ends = [_last_that_goes_on(first, len(filled), run, parser) for first in range(len(filled))]
    for count in range(max((end - first for first, end in enumerate(ends)), default=0), 0, -1):
        for first in range(len(filled) - count + 1):
            if first + count <= ends[first] and (count > 1 or _is_beside_a_blank(lines, filled[first])):
                found = run(first, first + count - 1)
                if parser.parsed(found) is not None:
                    return found
    return lines[0]


def _is_beside_a_blank(lines: list[str], number: int) -> bool:
    return any(not line.strip() for line in (*lines[max(0, number - 1) : number], *lines[number + 1 : number + 2]))


def _last_that_goes_on(first: int, count: int, run: Callable[[int, int], str], parser: Parser) -> int:
    """One more than the last line up to which a run from ``first`` is the beginning of Python: found by halves.

    What is wrong up to a line is wrong with more lines behind it.
    """
    low, high = first, count
    while low < high:
        middle = (low + high) // 2
        if parser.may_go_on(run(first, middle)):
            low = middle + 1
        else:
            high = middle
    return low


def extracted(code: str, tree: ast.Module, names: list[str]) -> str:
    """The imports of some code, and the definitions that the names depend on; all of the code where there are none."""
    imports: list[ast.stmt] = []
    definitions: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and node.module != "__future__"):
            imports.append(node)
        elif (name := _defined_name(node)) is not None:
            definitions.setdefault(name, node)
    uses = {name: set(_names_in(node)) for name, node in definitions.items()}
    reached, waiting = set(names), list(names)
    while waiting:
        for name in uses.get(waiting.pop(), set()) - reached:
            reached.add(name)
            waiting.append(name)
    kept = imports + [node for name, node in definitions.items() if name in reached]
    return "\n".join(filter(None, (ast.get_source_segment(code, node) for node in kept))).strip() or code


def _defined_name(node: ast.stmt) -> str | None:
    """The name that a statement defines for EvalPlus; None for none."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        returns = any(isinstance(each, ast.Return) for each in ast.walk(node))
        return node.name if returns and not node.decorator_list else None
    if isinstance(node, ast.ClassDef):
        return None if node.decorator_list else node.name
    if not isinstance(node, (ast.Assign, ast.AnnAssign)):
        return None
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    named = target if isinstance(target, ast.Name) else node.value  # "a, b = c" has the name c there
    return named.id if isinstance(named, ast.Name) else None


def _names_in(node: ast.AST) -> Iterator[str]:
    """Every identifier in a statement: names, attributes, parameters, keywords."""
    for each in ast.walk(node):
        for field in ("id", "attr", "arg", "name", "asname"):
            if isinstance(value := getattr(each, field, None), str):
                yield value


def read(text: str, names: list[str], block: str | None, prompt: str) -> dict[str, object]:
    """What :func:`main` prints."""
    parser = Parser()
    try:
        found = longest_code(text, parser)
        tree = parser.parsed(found)
        code = extracted(found, tree, names) if tree is not None else found
        if _defines(parser.parsed(code), names):
            return {"code": code, "same": _is_same(code, block, names, parser), "continues": False, "whole": True}
        body = _continuation(text, prompt, parser) if block is None else None
    except TooLong:
        return {"code": None, "same": False, "continues": False, "whole": False}
    return {"code": body, "same": False, "continues": body is not None, "whole": True}


def _defines(tree: ast.Module | None, names: list[str]) -> bool:
    return tree is not None and any(_defined_name(node) in names for node in tree.body)


def _is_same(code: str, block: str | None, names: list[str], parser: Parser) -> bool:
    """Whether the scorer's block comes to the same definitions, and runs nothing else."""
    tree = None if block is None else parser.parsed(block)
    if block is None or tree is None:
        return False
    if not all(_only_defines(node, place) for place, node in enumerate(tree.body)):
        return False
    own, theirs = parser.parsed(extracted(block, tree, names)), parser.parsed(code)
    return own is not None and theirs is not None and ast.dump(own) == ast.dump(theirs)


def _only_defines(node: ast.stmt, place: int) -> bool:
    """Whether EvalPlus keeps a statement, or it runs nothing: then leaving it out changes nothing."""
    if isinstance(node, (ast.Import, ast.ImportFrom)) or _defined_name(node) is not None:
        return not isinstance(node, (ast.Assign, ast.AnnAssign)) or _is_constant(node.value)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_constant(value: ast.expr | None) -> bool:
    return value is None or isinstance(value, ast.Constant)


def _continuation(text: str, prompt: str, parser: Parser) -> str | None:
    """The body of the function that the prompt begins, where the answer, or its first fenced block, is one."""
    if not prompt.strip():
        return None
    lines = text.split("\n")
    fences = [number for number, line in enumerate(lines) if line.strip().startswith("```")]
    if fences:
        lines = lines[fences[0] + 1 : fences[1] if len(fences) > 1 else len(lines)]
    lines = [line for line in lines if line.strip()]
    if lines and not lines[0].startswith((" ", "\t")):
        lines = [f"    {line}" for line in lines]
    body = "\n".join(lines) + "\n"
    return body if lines and parser.parsed(f"{prompt.rstrip()}\n{body}") is not None else None


def main() -> None:
    """Read the answer, print what is found in it."""
    sys.setrecursionlimit(3_000)
    with open("/answer", encoding="utf-8", errors="surrogatepass") as file:
        given = json.load(file)
    print(json.dumps(read(given["text"], given["names"], given["block"], given["prompt"])))


if __name__ == "__main__":
    main()
