"""Compare our code scorer with the data sets' own harnesses: ``python -m bench.code_scores DATA``.

Right solutions of HumanEval and MBPP are broken a little in seeded ways (an operator, a number, the kind of what is
returned), and each is scored twice: by our scorer, and as the data sets' harnesses do it, with program and tests in one
interpreter (behind the same walls). Prints how often the two agree, and every program on which they do not.
"""

from __future__ import annotations

import ast
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from steelyard.records import ModelOutput, Outcome, Sample
from steelyard.scorers.code import Code
from steelyard.scorers.sandbox.box import Sandbox
from steelyard.scorers.sandbox.limits import End, SandboxLimits
from steelyard.tasks import load_task

SECONDS = 8
FILES = {
    "humaneval": "openai/openai_humaneval/openai_humaneval/test.jsonl",
    "mbpp": "google-research-datasets/mbpp/full/test.jsonl",
}
OPERATORS: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Div, ast.Div: ast.FloorDiv,
    ast.Mod: ast.FloorDiv,
}  # fmt: skip
WRAPS = ("tuple({})", "list({})", "iter({})", "str({})", "map(lambda item: item, {})")


@dataclass(frozen=True)
class Program:
    """One program with its tests as text, and the sample for the scorer."""

    sample: Sample
    code: str
    tests: str


class Breaker(ast.NodeTransformer):
    """Changes the ``place``-th node that can be changed, below line ``after``: the prompt's own helpers stay."""

    def __init__(self, place: int, after: int, rng: random.Random) -> None:
        self.left, self.after, self.rng, self.done = place, after, rng, False

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        changed = self._changed(node) if getattr(node, "lineno", 0) > self.after else None
        if changed is None:
            return node
        self.left -= 1
        self.done = self.done or self.left == 0
        return changed if self.left == 0 else node

    def _changed(self, node: ast.AST) -> ast.AST | None:
        match node:
            case ast.Compare(left=left, ops=[operator], comparators=others) if type(operator) in OPERATORS:
                return ast.Compare(left, [OPERATORS[type(operator)]()], others)
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
                return ast.BinOp(left, OPERATORS[type(operator)](), right)
            case ast.Constant(value=int(number)) if not isinstance(number, bool):
                return ast.Constant(number + 1)
            case ast.Return(value=ast.expr() as value):
                return ast.parse(f"return {self.rng.choice(WRAPS).format(ast.unparse(value))}").body[0]
        return None


def broken(code: str, after: int, count: int, rng: random.Random) -> list[str]:
    """Up to ``count`` different broken versions of a program."""
    versions = set()
    for _ in range(count * 4):
        breaker = Breaker(rng.randrange(1, 12), after, rng)
        tree = breaker.visit(ast.parse(code))
        if breaker.done:
            versions.add(ast.unparse(ast.fix_missing_locations(tree)))
    return sorted(versions)[:count]


def programs(data: Path, rng: random.Random) -> Iterator[Program]:
    """Three broken versions of each HumanEval solution, and one of each MBPP solution."""
    for task, file in FILES.items():
        samples = load_task(task).prepare("chat", data)
        for sample, line in zip(samples, (data / file).read_text().splitlines(), strict=True):
            row = json.loads(line)
            if task == "humaneval":
                code, after, count = row["prompt"] + row["canonical_solution"], row["prompt"].count("\n"), 3
                tests = f"{row['test']}\ncheck({row['entry_point']})"
            else:
                code, after, count = row["code"].replace("\r", ""), 0, 1
                tests = "\n".join((row["test_setup_code"], *row["test_list"]))
            for version in broken(code, after, count, rng):
                yield Program(sample, version, tests)


def main() -> None:
    """Print the agreement."""
    sandbox, scorer = Sandbox(SandboxLimits(seconds=SECONDS)), Code("program", SECONDS)

    def both(program: Program) -> tuple[bool, bool]:
        usual = sandbox.run(f"{program.code}\n{program.tests}").end is End.PASSED
        answer = ModelOutput(outcome=Outcome.OK, text=f"```python\n{program.code}\n```")
        return usual, scorer.score(program.sample, answer).value == 1.0

    cases = list(programs(Path(sys.argv[1]), random.Random(1)))
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(both, cases))
    for (usual, ours), count in sorted(Counter(outcomes).items()):
        print(f"{count:5} programs: one process {'pass' if usual else 'fail'}, examiner {'pass' if ours else 'fail'}")
    for program, (usual, ours) in zip(cases, outcomes, strict=True):
        if usual != ours:
            print(f"\n{program.sample.id}: one process {usual}, examiner {ours}\n{program.code}")


if __name__ == "__main__":
    main()
