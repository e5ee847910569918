"""``python -m bench.assembled``: does the single-model test find tables of several models, and accuse none of one?

Vendors of the gauntlet's world with four benchmarks of 1,319 samples; each candidate is audited against the table
through the code that audits use, and the audits are held together by :mod:`steelyard_forensics.assemble.assemble`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import click
import msgspec
import numpy as np

from bench.elsewhere import write_elsewhere
from bench.engine.markdown import table, write_section
from bench.inhouse.table import SEED, share, where
from steelyard.auditing.verdict import decide
from steelyard.records import SUBJECT, ModelIdentity
from steelyard_forensics.assemble.assemble import Assembly, Audited, assemble
from steelyard_forensics.assemble.pages import RULE
from steelyard_forensics.gauntlet.audit import scores_of
from steelyard_forensics.gauntlet.parameters import Benchmark, Kind, World, load_world
from steelyard_forensics.gauntlet.planner import plan_of
from steelyard_forensics.gauntlet.vendors import Abilities, Vendor, draw_vendor

__all__ = ["KINDS", "Found", "hold_together", "main", "world_of"]

GAP: Final = 0.04
ROWS, SAMPLES = 4, 1319
KINDS: Final = (
    Kind(name="one model, 1 other candidate", models=2, mixes=False),
    Kind(name="one model, 2 other candidates", models=3, mixes=False),
    Kind(name="one model, another of its family", models=2, mixes=False, same_family=True),
    Kind(name="one model that samples", models=2, mixes=False, decoding="sampled"),
    Kind(name="one model at the edge of the tolerance", models=2, mixes=False, boundary=True),
    Kind(name="best of 2", models=2),
    Kind(name="best of 3", models=3),
    Kind(name="best of 2 of a family", models=2, same_family=True),
    Kind(name="best of 3 of a family", models=3, same_family=True),
)


@dataclass(frozen=True)
class Found:
    """What one table came to. ``apart``: every candidate is 4 points or more below the table in some row."""

    kind: str
    apart: bool
    rejected: bool
    assembled: bool


def world_of(rows: int = ROWS, samples: int = SAMPLES) -> World:
    """The gauntlet's world with other benchmarks."""
    benchmarks = tuple(Benchmark(name=f"row {number}", samples=samples) for number in range(rows))
    return msgspec.structs.replace(load_world("simulated"), benchmarks=benchmarks)


def hold_together(vendor: Vendor, random: np.random.Generator) -> Assembly:
    """Audit each candidate against the vendor's table, and hold the audits together."""
    return assemble([_audited(vendor, number, random) for number in range(len(vendor.rows[0].candidates))])


def _audited(vendor: Vendor, number: int, random: np.random.Generator) -> Audited:
    asked = replace(vendor, rows=tuple(replace(row, public=row.candidates[number]) for row in vendor.rows))
    plan = plan_of(asked)
    identity = ModelIdentity(uri=f"openai:m{number}@http://127.0.0.1/v1", name=f"m{number}")
    subject = msgspec.structs.replace(plan.models[SUBJECT], identity=identity)
    plan = msgspec.structs.replace(plan, models={SUBJECT: subject})
    return Audited(f"m{number}", plan, decide(plan, scores_of(asked, plan, random), {}))


def _run(kind: Kind, tables: int, part: int) -> list[Found]:
    world = Abilities(world_of())
    random = np.random.default_rng([SEED, part, *kind.name.encode()])
    return list(_tables(world, kind, tables, random))


def _tables(world: Abilities, kind: Kind, tables: int, random: np.random.Generator) -> Iterator[Found]:
    """Of tables that are mixed, only those of which no candidate is within 4 points of every row; of others, all."""
    left = tables
    while left:
        vendor = draw_vendor(world, kind, random)
        apart = all(
            any(float(row.printed) / 100 - row.candidates[number].mean() >= GAP for row in vendor.rows)
            for number in range(kind.models)
        )
        if kind.mixes and not apart:
            continue
        left -= 1
        found = hold_together(vendor, random)
        yield Found(kind.name, apart, found.p <= found.alpha, found.assembled)


@click.command()
@click.option("--tables", default=400, show_default=True, help="Tables of each kind.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Also put the table into this document.")
@click.option("--reports", is_flag=True, help="Write what reports show of it.")
def main(tables: int, markdown: Path | None, reports: bool) -> None:
    """Print the table."""
    size = 20
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        jobs = [
            pool.submit(_run, kind, min(size, tables - begin), begin)
            for kind in KINDS
            for begin in range(0, tables, size)
        ]
        found = [each for job in jobs for each in job.result()]
    rows = []
    for kind in KINDS:
        of = [each for each in found if each.kind == kind.name]
        rejected, assembled = sum(each.rejected for each in of), sum(each.assembled for each in of)
        rows.append([kind.name, f"{len(of):,}", share(rejected, len(of)), share(assembled, len(of))])
    note = (
        f"Four rows of {SAMPLES:,} samples each, level .05, first audits by a key. Of mixed tables those in which "
        "every candidate is 4 points or more below some row. *Rejected*: no candidate gave the whole table."
    )
    headings = ["table", "n", "rejected", "called assembled"]
    printed = table("One table, several models", headings, rows, 1, note)
    text = f"`python -m bench.assembled --tables {tables}`, {where()}\n\n{printed}"
    print(text)
    if markdown is not None:
        write_section(markdown, "assembled", text)
    if reports:
        honest = [each.rejected for each in found if each.kind in {kind.name for kind in KINDS if not kind.mixes}]
        what = "simulated tables of one model each, held against it and one or two others, at 0.05"
        write_elsewhere(RULE, what, sum(honest), len(honest))


if __name__ == "__main__":
    main()
