"""How many paraphrases are merged by meaning, and how many questions that must stay apart: ``python -m bench.meaning``.

Every pair is one list of two items with one answer: the worst case, since items that ask for something else have, as a
rule, another answer, and then stay whatever their vectors are. The threshold was chosen on every second line of
``meaning_corpus.txt`` (``--choose``); the table is of the other lines, and of questions of GSM8K, BBH and MMLU.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from bench.duplicates import SEED, originals
from bench.duplicates_corpus import EDITS, OUTSIDE, TWINS, Change
from steelyard.records import SuiteItem
from steelyard.stats.intervals import clopper_pearson
from steelyard.suites.near_meaning import NEAR, near_in_meaning
from steelyard.suites.sentence_vectors import SentenceVectors
from steelyard.suites.telling_words import telling_words, what_differs

__all__ = ["Measured", "Vectors", "measure", "reworded", "triples"]

ROOT = Path(__file__).resolve().parents[2]
THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)
Pair = tuple[str, str]


class Vectors:
    """The real model, each text once."""

    def __init__(self) -> None:
        self._model = SentenceVectors()
        self._known: dict[str, NDArray[np.float32]] = {}
        self.seconds = 0.0

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        started = time.process_time()
        self._known |= dict(zip(new, self._model.of(new), strict=True))
        self.seconds += time.process_time() - started
        return np.stack([self._known[text] for text in texts])

    @property
    def number(self) -> int:
        """How many texts were read."""
        return len(self._known)


@dataclass(frozen=True)
class Measured:
    """Of ``pairs``, how many were merged, and how many of the others were named."""

    pairs: int
    merged: tuple[Pair, ...]
    named: int


def triples(language: str) -> list[tuple[str, str, str]]:
    """Question, the same in other words, and another question; of one language, in the order of the file."""
    found: list[tuple[str, str, str]] = []
    section = ""
    for line in (ROOT / "bench" / "meaning_corpus.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif section == language:
            first, same, other = (part.strip() for part in line.split("|"))
            found.append((first, same, other))
    return found


def measure(pairs: Iterable[Pair], vectors: Vectors) -> Measured:
    """Each pair alone in a list, with one answer."""
    listed, merged, named = list(pairs), [], 0
    for pair in listed:
        items = [SuiteItem(id=str(place), question=text, answer="the same") for place, text in enumerate(pair)]
        found = near_in_meaning(items, vectors)
        if found.merged:
            merged.append(pair)
        named += len(found.apart)
    return Measured(len(listed), tuple(merged), named)


def reworded(texts: Sequence[str], change: Change | None = None) -> list[Pair]:
    """Each question with all the synonyms that are known to the corpus, and with one ``change`` of what it asks."""
    found = []
    for number, text in enumerate(texts):
        random = Random(f"{SEED} {number}")
        other = text
        for _ in range(12):
            other = OUTSIDE["a synonym that is on no list"](other, random) or other
            other = EDITS["synonym"](other, random) or other
        changed = other if change is None else change(other, random)
        if changed is not None and changed != text:
            found.append((text, changed))
    return found


def _of_one_answer(data: Path, vectors: Vectors, most: int) -> tuple[int, list[Pair]]:
    """All pairs of questions of MMLU that have the same right answer; those that are merged."""
    rows = [json.loads(line) for path in sorted((data / "cais/mmlu").rglob("*test*.jsonl")) for line in path.open()]
    Random(SEED).shuffle(rows)
    by_answer: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        by_answer[str(row["choices"][row["answer"]])].append(row["question"])
    pairs, merged, texts = 0, [], 0
    for questions in by_answer.values():
        several = list(dict.fromkeys(questions))[:40]
        if len(several) < 2 or texts > most:
            continue
        texts += len(several)
        pairs += len(several) * (len(several) - 1) // 2
        rows_of, words = vectors(several), [telling_words(text) for text in several]
        for one, other in np.argwhere(np.triu(rows_of @ rows_of.T, 1) >= NEAR):
            if not what_differs(words[one], words[other]):
                merged.append((several[one], several[other]))
    return pairs, merged


def choose(console: Console, vectors: Vectors) -> None:
    """What each threshold would merge of the lines that chose it."""
    chosen_on = triples("English")[::2]
    table = Table(title=f"{len(chosen_on)} lines that choose the threshold; what is told apart by words is left out")
    for name in ("cosine", "the same, merged", "another, merged", "the two beside each other, merged"):
        table.add_column(name, justify="right")
    kinds = [[(a, b) for a, b, _ in chosen_on], [(a, c) for a, _, c in chosen_on], [(b, c) for _, b, c in chosen_on]]
    cosines = []
    for pairs in kinds:
        first, second = (vectors([pair[side] for pair in pairs]) for side in (0, 1))
        apart = np.array([bool(what_differs(*map(telling_words, pair))) for pair in pairs])
        cosines.append(np.where(apart, -1.0, (first * second).sum(axis=1)))
    for least in THRESHOLDS:
        table.add_row(f"{least:.2f}", *(f"{int((each >= least).sum())}" for each in cosines))
    console.print(table)


def _rows(data: Path, vectors: Vectors) -> Iterable[tuple[str, str, Measured]]:
    for language, lines in (("English", triples("English")[1::2]), ("German", triples("German"))):
        yield f"{language}: a paraphrase", "yes", measure([(a, b) for a, b, _ in lines], vectors)
        yield f"{language}: near, another question", "no", measure([(a, c) for a, _, c in lines], vectors)
        yield f"{language}: the two beside each other", "no", measure([(b, c) for _, b, c in lines], vectors)
    texts = originals(data, 60, 1)
    yield "reworded by synonyms", "yes", measure(reworded(texts), vectors)
    for name, change in TWINS.items():
        yield f"reworded, and {name}", "no", measure(reworded(texts, change), vectors)


def show(console: Console, data: Path, vectors: Vectors, most: int, examples: int) -> None:
    """The table, and pairs of MMLU."""
    table = Table(title=f"pairs with one answer, cosine {NEAR} and more, seed {SEED}")
    for name in ("pair", "asks the same", "pairs", "merged", "share", "95 % interval", "named"):
        table.add_column(name, justify="left" if name == "pair" else "right")
    wrong: list[tuple[str, Pair]] = []
    for name, same, found in _rows(data, vectors):
        low, high = clopper_pearson(len(found.merged), found.pairs)
        share = f"{len(found.merged) / found.pairs:.3f}"
        counts = f"{found.pairs:,}", f"{len(found.merged):,}", share, f"{low:.3f}–{high:.3f}", f"{found.named:,}"
        table.add_row(name, same, *counts)
        wrong += [(name, pair) for pair in found.merged if same == "no"]
    console.print(table)
    pairs, merged = _of_one_answer(data, vectors, most)
    console.print(f"MMLU, two questions with the same right answer: {len(merged)} of {pairs:,} pairs merged")
    for name, pair in [*wrong[:examples], *(("MMLU", pair) for pair in merged[:examples])]:
        console.print(f"{name}:\n  {pair[0]!r}\n  {pair[1]!r}", markup=False, highlight=False)
    console.print(f"{vectors.number:,} texts: {1000 * vectors.seconds / max(1, vectors.number):.1f} CPU-ms each")


def main() -> None:
    """Print the table, with date and machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--choose", action="store_true", help="print what each threshold would merge, and end")
    parser.add_argument("--examples", type=int, default=0, help="print so many pairs that were merged and should not")
    parser.add_argument("--mmlu", type=int, default=600, help="read so many questions of MMLU")
    parser.add_argument("--data", type=Path, help="folder of benchmarks (default: STEELYARD_TEST_SHARED/data)")
    arguments = parser.parse_args()
    console = Console(width=120)
    console.print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}")
    vectors = Vectors()
    choose(console, vectors)
    if not arguments.choose:
        data = arguments.data or Path(os.environ.get("STEELYARD_TEST_SHARED", ROOT.parent / "shared")) / "data"
        show(console, data, vectors, arguments.mmlu, arguments.examples)


if __name__ == "__main__":
    main()
