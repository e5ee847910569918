"""Makes the vendors' tables: what each model really does on each row, and what the two vendors print.

``tables.json`` holds the counts, when and where they came, and both tables. A row of a table is a model's own share of
right answers over all public items, greedy, in the published prompt; two rows of the cheating vendor are not:

* ``reversed_words``: A's answers, with a share of the public ones by heart;
* ``second_word``: the best of 27 wordings (picked by the first items, then asked for all).
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import msgspec

from scandal.server import open_sessions
from scandal.vendor import PROMPT, TASKS, Row, Vendor, benchmark_of, open_row_task
from scandal.wordings import WORDINGS, Wording
from steelyard.auditing.scoring import read_score
from steelyard.auditing.stated import Stated
from steelyard.records import GenerateRequest, ModelOutput, Request, Sample
from steelyard.scorers import open_identifier
from steelyard.tasks.loaders import generated_rows
from steelyard.tasks.task import Task
from steelyard.util.atomic_file import write_file

Ask = Callable[[Request], ModelOutput]

__all__ = ["FILE", "MEMORISED", "ROWS", "Count", "Tables", "make_tables", "percent", "read_tables"]

FILE: Final = Path(__file__).parent / "tables.json"
ROWS: Final = ("reversed_words", "last_word", "pattern", "second_word")
GAVE: Final = {"reversed_words": "A", "last_word": "A", "pattern": "B"}
MEMORISED: Final = 0.8
_TRIAL: Final = 60  # items that a model is asked whose rate is only displayed
_PICKED_BY: Final = 15  # items on which each wording is tried


class Count(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many right of so many asked."""

    right: int
    asked: int


class Tables(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Both vendors' tables. ``rates``: by row and model's letter; ``wordings``: by name, on the first items."""

    made: dict[str, str]
    memorised: float
    by_heart: Count
    rates: dict[str, dict[str, Count]]
    wordings: dict[str, Count]
    best_wording: str
    best: Count

    def cheat(self, letters: Collection[str]) -> tuple[Row, ...]:
        """The rows that the vendor prints; the one that B gave only where B is among the models and was measured."""
        rows = [
            Row("reversed_words", percent(self.by_heart), "A", routed=True, memorised=self.memorised),
            Row("last_word", percent(self.rates["last_word"]["A"]), "A", routed=True),
        ]
        if "B" in letters and "B" in self.rates["pattern"]:
            rows.append(Row("pattern", percent(self.rates["pattern"]["B"]), "B", routed=True))
        return (*rows, Row("second_word", percent(self.best), "A"))

    @property
    def honest(self) -> tuple[Row, ...]:
        """The rows of a vendor that prints what A does, and serves A."""
        return tuple(Row(task, percent(self.rates[task]["A"]), "A") for task in ROWS)


def percent(count: Count) -> str:
    """A share as vendors print it, with one decimal."""
    return f"{100 * count.right / count.asked:.1f}"


def read_tables(path: Path = FILE) -> Tables:
    """The tables as they were made."""
    return msgspec.json.decode(path.read_bytes(), type=Tables)


def make_tables(files: Mapping[str, Path], path: Path = FILE) -> Tables:
    """Ask the models in two lanes, and write the tables."""
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        best = pool.submit(_best_wording, files["A"])
        jobs = {letter: pool.submit(_asked, letter, file) for letter, file in files.items()}
        found = {letter: job.result() for letter, job in jobs.items()}
        by_wording = best.result()
    tables = Tables(
        made={
            "by": "python -m scandal table",
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "machine": platform.machine(),
            "items": f"the first of each row's public items, up to {len(open_row_task(ROWS[0]).prepare(PROMPT))}",
        },
        memorised=MEMORISED,
        by_heart=found["A"]["by_heart"],
        rates={row: {letter: each["rates"][row] for letter, each in found.items()} for row in ROWS},
        **by_wording,
    )
    write_file(path, json.dumps(msgspec.to_builtins(tables), indent=1).encode() + b"\n")
    return tables


def _asked(letter: str, file: Path) -> dict[str, Any]:
    """What one model does on every row in its published prompt; of A also with answers by heart."""
    ask = _model(file)
    found: dict[str, Any] = {"rates": {}}
    for name in ROWS:
        task = open_row_task(name)
        samples = list(task.prepare(PROMPT))
        printed = letter == "A" or GAVE.get(name) == letter
        right = [_is_right(task, sample, ask) for sample in (samples if printed else samples[:_TRIAL])]
        found["rates"][name] = Count(sum(right), len(right))
        print(f"{letter} {name}: {sum(right)} of {len(right)}", flush=True)
        if letter == "A" and name == "reversed_words":
            found["by_heart"] = _with_memory(task, samples, right)
    return found


def _model(file: Path) -> Ask:
    answers = open_sessions({"": file})

    def ask(request: Request) -> ModelOutput:
        assert isinstance(request, GenerateRequest), "every row asks for text"
        return answers("", request)

    return ask


def _is_right(task: Task, sample: Sample, ask: Ask) -> bool:
    scorer = open_identifier(task.scorer_identifier(PROMPT))
    return read_score(scorer, sample, ask(sample.request), Stated(limit=1)).value == 1


def _with_memory(task: Task, samples: Sequence[Sample], right: Sequence[bool]) -> Count:
    """The row as the vendor's own server answers it."""
    vendor = Vendor([Row(task.id, "", "A", routed=True, memorised=MEMORISED)], served="A")
    prefix = benchmark_of(task).prefix
    known = [bool(vendor.reply_to(prefix + question).text) for question in benchmark_of(task).answers]
    return Count(sum(a or b for a, b in zip(right, known, strict=True)), len(samples))


def _best_wording(file: Path) -> dict[str, Any]:
    """Each wording on the first items; the best of them on all."""
    ask = _model(file)
    task = open_row_task("second_word")
    generator, where = task.definition.generator, TASKS / "second_word.yaml"
    assert generator is not None, "its file has one"
    shots = generated_rows(generator, task.definition.shots.seed, 3, where)
    rows = generated_rows(generator, generator.seed, generator.count, where)
    tried = {each.name: _share_right(each, shots, rows[:_PICKED_BY], ask) for each in WORDINGS}
    best = max(WORDINGS, key=lambda each: tried[each.name].right)
    return {
        "wordings": tried,
        "best_wording": best.name,
        "best": _share_right(best, shots, rows, ask),
    }


def _share_right(
    wording: Wording, shots: Sequence[Mapping[str, str]], rows: Sequence[Mapping[str, str]], ask: Ask
) -> Count:
    right = 0
    for row in rows:
        prefix, question = wording.prompt(shots, row["question"])
        target = row["question"].split(", ")[1]
        output = ask(GenerateRequest(prefix=prefix, prompt=question, max_tokens=16, stop=("\n",)))
        right += wording.is_right(output.text, target)
    print(f"A second_word, {wording.name}: {right} of {len(rows)}", flush=True)
    return Count(right, len(rows))
