"""What redaction finds of planted values, and takes for such in benchmarks: ``python -m bench.redaction``.

A value is found where no character of it is left. On GSM8K, MBPP and BBH every hit counts as false, although some are
addresses that the benchmark's authors wrote into their texts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.redaction_corpus import KINDS, LANGUAGES, Planted, planted_texts
from steelyard.stats.intervals import clopper_pearson
from steelyard.suites.redaction.redactor import find

__all__ = ["SEED", "Found", "benchmark_texts", "false_hits", "measure"]

SEED = 15
ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = {"GSM8K": "openai/gsm8k", "MBPP": "google-research-datasets/mbpp", "BBH": "lukaemon/bbh"}
# Not looked at when the rules were written.
OTHERS = {
    "MGSM (de, en, es, fr, …)": "juletxara/mgsm",
    "MMLU": "cais/mmlu",
    "HellaSwag": "Rowan/hellaswag",
    "TruthfulQA": "truthfulqa",
    "HumanEval": "openai/openai_humaneval",
}


@dataclass(frozen=True)
class Found:
    """Of ``planted`` values of one kind, how many were found whole; and how many hits touched none."""

    kind: str
    planted: int
    found: int
    beside: int
    missed: tuple[Planted, ...] = ()


def measure(kind: str, count: int, seed: int = SEED) -> Found:
    """``count`` texts in each language."""
    found, beside, missed = 0, 0, []
    texts = [text for language in LANGUAGES for text in planted_texts(kind, language, count, seed)]
    for planted in texts:
        spans = find(planted.text)
        covered = {place for span in spans for place in range(span.start, span.end)}
        whole = covered.issuperset(range(planted.start, planted.end))
        found += whole
        missed += [] if whole else [planted]
        beside += sum(span.end <= planted.start or span.start >= planted.end for span in spans)
    return Found(kind, len(texts), found, beside, tuple(missed))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def benchmark_texts(data: Path, name: str) -> Iterator[str]:
    """Every text of a benchmark's rows in a mirror: questions, answers, code and tests."""
    for path in sorted((data / (BENCHMARKS | OTHERS)[name]).rglob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").rstrip("\n").split("\n"):
            yield "\n".join(_strings(json.loads(line)))


def false_hits(data: Path, name: str) -> tuple[int, Counter[str], list[str]]:
    """How many words (of white space) the benchmark has, the hits by kind, and what they were."""
    words, kinds, examples = 0, Counter[str](), []
    for text in benchmark_texts(data, name):
        words += len(text.split())
        for span in find(text):
            kinds[span.kind] += 1
            examples.append(f"{span.kind} {text[span.start : span.end]!r}")
    return words, kinds, examples


def _interval(successes: int, n: int) -> str:
    low, high = clopper_pearson(successes, n)
    return f"{low:.4f}–{high:.4f}"


def show_planted(console: Console, count: int, examples: int) -> None:
    table = Table(title=f"Planted values, {count} in each of {len(LANGUAGES)} languages, seed {SEED}")
    for name in ("what", "planted", "found", "share", "95 % interval", "other hits"):
        table.add_column(name, justify="left" if name == "what" else "right")
    missed: list[Planted] = []
    for kind in KINDS:
        each = measure(kind, count)
        share, interval = f"{each.found / each.planted:.4f}", _interval(each.found, each.planted)
        table.add_row(kind, f"{each.planted:,}", f"{each.found:,}", share, interval, str(each.beside))
        missed += each.missed[:examples]
    console.print(table)
    for planted in missed:
        console.print(f"missed: {planted.kind}: {planted.text!r}", markup=False, highlight=False)


def show_false_hits(console: Console, data: Path, examples: int) -> None:
    table = Table(title="Hits on benchmarks, all counted as false")
    for name in ("benchmark", "words", "hits", "per 1,000 words", "of which"):
        table.add_column(name, justify="left" if name in ("benchmark", "of which") else "right")
    shown: list[str] = []
    for name in BENCHMARKS | OTHERS:
        words, kinds, found = false_hits(data, name)
        rate = f"{1000 * kinds.total() / words:.4f}"
        table.add_row(
            name, f"{words:,}", str(kinds.total()), rate, ", ".join(f"{kind} {n}" for kind, n in kinds.most_common())
        )
        shown += found[:examples]
    console.print(table)
    for example in shown:
        console.print(f"hit: {example}", markup=False, highlight=False)


def main() -> None:
    """Print both tables, with date and machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=400, help="planted texts of each kind in each language")
    parser.add_argument("--examples", type=int, default=0, help="print so many misses of each kind, and false hits")
    parser.add_argument("--data", type=Path, help="folder of benchmarks (default: STEELYARD_TEST_SHARED/data)")
    arguments = parser.parse_args()
    console = Console(width=120)
    console.print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}")
    show_planted(console, arguments.count, arguments.examples)
    data = arguments.data or Path(os.environ.get("STEELYARD_TEST_SHARED", ROOT.parent / "shared")) / "data"
    show_false_hits(console, data, arguments.examples)


if __name__ == "__main__":
    main()
