"""What writers keep: ``python -m bench.writers [--data FOLDER] [--passages 16] [--model URI]``.

Five PDFs that are made here, and files of BIG-Bench Hard as documents. A scripted model on loopback writes a known
share of good, invented, unanswerable and doubled questions; the cloze writer works by rules; and a real model, by
default the embedded one, writes what it can. Printed with date, machine, n and 95 % intervals (Clopper-Pearson).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import resource
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from steelyard.models import open_model
from steelyard.scorers.reading.grounding import holds_answer
from steelyard.stats.intervals import clopper_pearson
from steelyard.suites.collected import Collected, without_duplicates
from steelyard.suites.made import reasons_in_words
from steelyard.suites.sources.documents import read_documents
from steelyard.suites.sources.passages import Passage, spread
from steelyard.suites.writers.asking import asker
from steelyard.suites.writers.cloze import ClozeWriter
from steelyard.suites.writers.model import ModelWriter
from testkit.made_files import pdf_bytes, write
from testkit.scripted_writer import GOOD, ScriptedWriter

BBH = ("penguins_in_a_table", "causal_judgement", "ruin_names", "snarks", "date_understanding")
PLACES = ("Bremen", "Leipzig", "Augsburg", "Dortmund", "Rostock", "Potsdam", "Kassel")
PAGES, LINES = 40, 45  # of each PDF


def cpu_seconds() -> float:
    """Processor time of this process and of those that it has waited for."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def make_pdfs(folder: Path) -> None:
    """Five PDFs of 40 pages with 45 lines each, a fact a line."""
    for number in range(5):
        pages = [
            [
                f'The "pump" of unit {number}-{page}-{line} was inspected by the technician’s deputy from '
                f"{PLACES[(page + line) % 7]} on shift {page * line}."
                for line in range(LINES)
            ]
            for page in range(PAGES)
        ]
        write(folder / f"{number}.pdf", pdf_bytes(pages))


def make_bbh(data: Path, folder: Path) -> None:
    """Files of BIG-Bench Hard as Markdown."""
    for name in BBH:
        rows = (data / "lukaemon" / "bbh" / name / "test.jsonl").read_text("utf-8").splitlines()
        write(folder / f"{name}.md", "\n\n".join(json.loads(row)["input"] for row in rows))


async def written(uri: str, passages: Sequence[Passage], per_passage: int) -> Collected:
    """What a model writes from passages."""
    model = open_model(uri)
    try:
        _, capabilities = await model.identify()
        ask = asker(model, capabilities, concurrency=8, max_tokens=4096 if per_passage > 3 else 512)
        return await ModelWriter(ask, per_passage=per_passage).write(passages)
    finally:
        await model.close()


def share(count: int, of: int) -> str:
    """A share with its interval."""
    if not of:
        return "none of 0"
    low, high = clopper_pearson(count, of)
    return f"{count:,} of {of:,} ({count / of:.3f}; {low:.3f}–{high:.3f})"


def in_span(found: Collected) -> int:
    """How many items have their answer in their span."""
    return sum(item.source is not None and holds_answer(item.source.text, item.answer) for item in found.items)


def scripted_row(name: str, passages: Sequence[Passage]) -> tuple[str, ...]:
    """What stays of a scripted model's questions."""
    with ScriptedWriter() as server:
        found = without_duplicates(asyncio.run(written(f"openai:{server.name}@{server.url}", passages, 60)))
        kept = Counter(server.kinds[item.question] for item in found.items)
        total = server.written.total()
    others = total - server.written[GOOD]
    return (
        name,
        share(kept[GOOD], server.written[GOOD]),
        share(kept.total() - kept[GOOD], others),
        share(in_span(found), len(found.items)),
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="the folder that holds lukaemon/bbh; without it PDFs alone")
    parser.add_argument("--passages", type=int, default=16, help="passages that the real model gets")
    parser.add_argument("--model", default="embedded:smollm2", help="the real model; none: leave it out")
    args = parser.parse_args()
    console = Console(width=150)
    console.print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, 95 % intervals (Clopper-Pearson)")
    with tempfile.TemporaryDirectory() as folder:
        make_pdfs(Path(folder) / "pdf")
        before = cpu_seconds()
        sets = {"five PDFs": read_documents([Path(folder) / "pdf"]).documents}
        console.print(f"Five PDFs, {5 * PAGES} pages: read in {cpu_seconds() - before:.1f} CPU-s.")
        if args.data:
            make_bbh(args.data, Path(folder) / "bbh")
            sets["BIG-Bench Hard"] = read_documents([Path(folder) / "bbh"]).documents
    table = Table("documents", "good ones kept", "others kept", "answer in its span", title="A scripted model")
    for name, documents in sets.items():
        table.add_row(*scripted_row(name, spread(documents, limit=150)))
    console.print(table)
    for name, documents in sets.items():
        passages = spread(documents, limit=150)
        before = cpu_seconds()
        found = asyncio.run(ClozeWriter().write(passages))
        console.print(
            f"Cloze, {name}: {len(found.items):,} items of {len(passages):,} passages in "
            f"{cpu_seconds() - before:.1f} CPU-s; thrown out: {reasons_in_words(found.dropped) or 'none'}."
        )
    if args.model != "none":
        passages = spread(sets.get("BIG-Bench Hard", sets["five PDFs"]), size=800, limit=args.passages)
        found = asyncio.run(written(args.model, passages, 2))
        console.print(
            f"{args.model}, {len(passages):,} passages: {len(found.items):,} items; thrown out: "
            f"{reasons_in_words(found.dropped)}."
        )


if __name__ == "__main__":
    main()
