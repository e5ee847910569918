"""How many planted near duplicates are found, and how many twins are taken for one: ``python -m bench.duplicates``.

Up to 80 edited questions stand in one list with all questions that they were made of.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

from bench.duplicates_corpus import EDITS, OUTSIDE, SIMILAR, TWINS, Change, questions
from steelyard.stats.intervals import clopper_pearson
from steelyard.suites.duplicates import find_clusters, merge_duplicates

__all__ = ["SEED", "Measured", "measure_edit", "measure_originals", "measure_similar", "measure_twin", "originals"]

SEED = 15
_AT_ONCE = 80  # more would hold one typing error several times, where questions are of one template
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Measured:
    """Of ``pairs`` that were planted, how many became one cluster; and some that should not have, or should."""

    pairs: int
    merged: int
    wrong: tuple[tuple[str, str], ...] = ()


def originals(data: Path, of_gsm8k: int = 400, of_each_bbh_task: int = 15) -> list[str]:
    """Questions of which no two have the same words."""
    texts = questions(data, of_gsm8k, of_each_bbh_task)
    return list({" ".join(text.split()).casefold(): text for text in texts}.values())


def _changed(texts: list[str], change: Change, seed: str) -> list[tuple[int, str]]:
    random = Random(seed)
    changed = [(number, change(text, random)) for number, text in enumerate(texts)]
    return [(number, text) for number, text in changed if text is not None and text != texts[number]]


def _clusters(texts: list[str]) -> dict[int, int]:
    """The cluster of each text that is in one, by the number of the text that is kept."""
    found = {merge.dropped: merge.kept for merge in merge_duplicates(texts)}
    return found | {kept: kept for kept in found.values()}


def _planted(texts: list[str], name: str, change: Change) -> tuple[list[tuple[int, str]], list[bool]]:
    changed = _changed(texts, change, f"{SEED} {name}")
    together = [False] * len(changed)
    lists = -(-len(changed) // _AT_ONCE)
    for part in (range(start, len(changed), lists) for start in range(lists)):
        clusters = _clusters([*texts, *(changed[place][1] for place in part)])
        for row, place in enumerate(part):
            edited = clusters.get(len(texts) + row)
            together[place] = edited is not None and edited == clusters.get(changed[place][0])
    return changed, together


def measure_edit(texts: list[str], name: str) -> Measured:
    """Pairs that ask the same; ``wrong`` are those that were not merged."""
    changed, together = _planted(texts, name, (EDITS | OUTSIDE)[name])
    wrong = [(texts[number], text) for (number, text), found in zip(changed, together, strict=True) if not found]
    return Measured(len(changed), sum(together), tuple(wrong))


def measure_twin(texts: list[str], name: str) -> Measured:
    """Pairs that do not; ``wrong`` are those that were merged."""
    changed, together = _planted(texts, name, TWINS[name])
    wrong = [(texts[number], text) for (number, text), found in zip(changed, together, strict=True) if found]
    return Measured(len(changed), sum(together), tuple(wrong))


def measure_originals(texts: list[str]) -> Measured:
    """All pairs of the benchmarks' own questions."""
    pairs = [(texts[merge.kept], texts[merge.dropped]) for merge in merge_duplicates(texts)]
    return Measured(len(texts) * (len(texts) - 1) // 2, len(pairs), tuple(pairs))


def measure_similar() -> Measured:
    """Pairs of questions that differ in two similar words, each pair alone in a list: no other text knows its words."""
    pairs = [pair.split() for pair in SIMILAR.split(";")]
    asked = [
        (f"What do you know about the word {first}?", f"What do you know about the word {second}?")
        for first, second in pairs
    ]
    wrong = [pair for pair in asked if merge_duplicates(pair)]
    return Measured(len(asked), len(wrong), tuple(wrong))


def show(console: Console, texts: list[str], examples: int) -> None:
    table = Table(title=f"{len(texts):,} questions of GSM8K and BBH, seed {SEED}")
    for name in ("pair", "asks the same", "pairs", "merged", "share", "95 % interval"):
        table.add_column(name, justify="left" if name == "pair" else "right")
    rows = [(name, "yes", measure_edit(texts, name)) for name in EDITS]
    rows += [(name, "no", measure_twin(texts, name)) for name in TWINS]
    rows += [("two questions of the benchmarks", "no", measure_originals(texts))]
    for name, same, found in rows:
        low, high = clopper_pearson(found.merged, found.pairs)
        share = f"{found.merged / found.pairs:.4f}"
        table.add_row(name, same, f"{found.pairs:,}", f"{found.merged:,}", share, f"{low:.4f}–{high:.4f}")
    right = sum(found.merged for _, same, found in rows if same == "yes")
    wrong = sum(found.merged for _, same, found in rows if same == "no")
    planted = sum(found.pairs for _, same, found in rows if same == "yes")
    console.print(table)
    console.print(f"recall {right / planted:.4f}, precision {right / (right + wrong):.4f}")
    beyond = [(name, "yes, by other means", measure_edit(texts, name)) for name in OUTSIDE]
    beyond += [("two similar words, in a list of two questions", "no", measure_similar())]
    for name, same, found in beyond:
        console.print(f"{name} (asks the same: {same}): {found.merged} of {found.pairs} merged")
    for name, same, found in [*rows, *beyond]:
        for first, second in found.wrong[:examples]:
            console.print(f"{name} ({same}):\n  {first!r}\n  {second!r}", markup=False, highlight=False)


def show_size(console: Console, data: Path, count: int) -> None:
    """Time and memory of a long list: the benchmarks' questions again and again, each time with other numbers."""
    texts = questions(data, 1_319, 250)
    random = Random(SEED)
    many = [text if place < len(texts) else (TWINS["a number"](text, random) or text + str(place))
            for place, text in enumerate((texts * (count // len(texts) + 1))[:count])]  # fmt: skip
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.process_time()
    clusters = find_clusters(many)
    seconds = time.process_time() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    console.print(
        f"{count:,} questions: {seconds:.1f} CPU-s, {(after.ru_maxrss - before.ru_maxrss) / 1024:.0f} MiB more at the "
        f"peak, {len(clusters):,} clusters"
    )


def main() -> None:
    """Print the table, recall and precision, with date and machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=0, help="print so many wrong pairs of each kind")
    parser.add_argument("--count", type=int, default=20_000, help="questions of the long list")
    parser.add_argument("--data", type=Path, help="folder of benchmarks (default: STEELYARD_TEST_SHARED/data)")
    arguments = parser.parse_args()
    console = Console(width=120)
    console.print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}")
    data = arguments.data or Path(os.environ.get("STEELYARD_TEST_SHARED", ROOT.parent / "shared")) / "data"
    show(console, originals(data), arguments.examples)
    show_size(console, data, arguments.count)


if __name__ == "__main__":
    main()
