"""``python -m bench.detector_power``: what the retest of one claim, and twins at given gaps, find, and how often.

Claims go through the code that audits use, one claim a plan, at a level that the plan gives them. Twins are those of
``bench.twins``, with gaps that are set and not drawn.
"""

from __future__ import annotations

import math
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import click
import numpy as np

from bench.engine.markdown import table, write_section
from bench.inhouse.table import SEED, command, share, where
from bench.twins import highest
from steelyard.auditing.verdict import decide
from steelyard.detectors.claim_retest.sealed import decode
from steelyard.records import Plan
from steelyard.stats.series import series_share
from steelyard_forensics.gauntlet.audit import scores_of
from steelyard_forensics.gauntlet.parameters import Benchmark, Kind
from steelyard_forensics.gauntlet.planner import plan_of
from steelyard_forensics.gauntlet.vendors import Reals, Row, Vendor

__all__ = ["claim", "found_of", "main", "twins_found"]

FIRST: Final = series_share(1)
LEVELS: Final = {"of a row .05": 0.05 / FIRST, "of a first audit, with twins, .0243": 0.05 * 0.8}
VARIANCE: Final = 0.05


def claim(
    samples: int, inflated: float, random: np.random.Generator, *, accuracy: float = 0.75, variance: float = VARIANCE
) -> Vendor:
    """A vendor with one row: the number of one pass of its own, and so many points more.

    A share of the samples is right half of the time, so that the variance within samples is ``variance``.
    """
    unsure = 2 * round(variance / 0.25 * samples / 2)
    right = round(accuracy * samples) - unsure // 2
    chances: Reals = np.array([0.5] * unsure + [1.0] * right + [0.0] * (samples - unsure - right))
    measured = float((random.random(samples) < chances).mean())
    printed = f"{min(100.0, 100 * (measured + inflated)):.1f}"
    row = Row(
        benchmark=Benchmark(name="b", samples=samples),
        printed=printed,
        public=chances,
        fresh=np.empty(0),
        scored=None,
        passes=1,
        is_true=not inflated,
        same=True,
    )
    return Vendor(Kind(name="k", decoding="sampled" if variance else "greedy"), (row,))


def found_of(samples: int, inflated: float, alpha: float, vendors: int, part: int = 0) -> int:
    """Of so many vendors who sample, how many claims are *inconsistent*."""
    random = np.random.default_rng([SEED, samples, round(1000 * inflated), round(1e6 * alpha), part])
    found = 0
    for _ in range(vendors):
        vendor = claim(samples, inflated, random)
        plan = plan_of(vendor, alpha=alpha)
        found += decide(plan, scores_of(vendor, plan, random), {}).verdict == "inconsistent"
    return found


def exact_of(samples: int, vendors: int) -> tuple[int, int, float]:
    """Greedy answers in the process: claims just beyond the tolerance, claims just within it, and the share asked.

    How many of the former are not *inconsistent*, how many of the latter are, and the median share of the former. Both
    errors come from stopping early, at the test's levels.
    """
    random = np.random.default_rng([SEED, samples, 9])
    missed = accused = 0
    asked = []
    for _ in range(vendors):
        accuracy = float(random.uniform(0.3, 0.9))
        right = round(accuracy * samples)
        vendor = claim(samples, 0.0, random, accuracy=accuracy, variance=0.0)

        def printing(tenths: int, vendor: Vendor = vendor) -> tuple[Vendor, Plan]:
            row = Row(**{**vars(vendor.rows[0]), "printed": f"{tenths / 10:.1f}"})
            stated = Vendor(vendor.kind, (row,))
            return stated, plan_of(stated, in_process=True)

        # In tenths of a point: δ + ½ unit, or the noise of another stack, and more.
        beyond = math.floor(1000 * (right / samples + 0.0205) + 1e-9) + 1
        while decode(printing(beyond)[1].tests[0]).accuse <= right:
            beyond += 1
        for tenths, is_true in ((beyond, False), (beyond - 1, True)):
            stated, plan = printing(tenths)
            verdict = decide(plan, scores_of(stated, plan, random), {})
            said = verdict.verdict == "inconsistent"
            missed += not is_true and not said
            accused += is_true and said
            if not is_true:
                asked.append(verdict.claims[0].asked / samples)
    return missed, accused, float(np.median(asked))


def twins_found(pairs: int, gap: float, models: int) -> int:
    """Of so many models with this gap, how many are found at .01; skill is uniform between .35 and .75."""
    random = np.random.default_rng([SEED, pairs, round(1000 * gap)])
    skill = random.uniform(0.35, 0.75, (models, 1))
    fresh = random.random((models, pairs)) < skill
    public = random.random((models, pairs)) < np.minimum(1.0, skill + gap)
    e, _ = highest(public, fresh)
    return int((e >= 100).sum())


def _claims(vendors: int) -> str:
    cells = [
        (samples, inflated, level)
        for samples, several in ((164, (0.0, 0.05, 0.08)), (1319, (0.0, 0.03, 0.05)))
        for inflated in several
        for level in LEVELS
    ]
    size = max(1, vendors // 4)
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        jobs = {
            cell: [pool.submit(found_of, cell[0], cell[1], LEVELS[cell[2]], size, part) for part in range(4)]
            for cell in cells
        }
        rows = [
            [f"{samples:,}", f"{100 * inflated:.0f}", level, share(sum(job.result() for job in jobs[cell]), 4 * size)]
            for cell in cells
            for samples, inflated, level in [cell]
        ]
    note = (
        f"{4 * size:,} vendors a line: one sampled pass of their own, variance within samples {VARIANCE}, "
        "accuracy .75, tolerance 2 points."
    )
    return table("One claim about sampled answers", ["samples", "points added", "level", "inconsistent"], rows, 1, note)


def _exact(vendors: int) -> str:
    rows = []
    for samples in (164, 1319):
        missed, accused, asked = exact_of(samples, vendors)
        rows.append([f"{samples:,}", f"{vendors:,}", f"{missed}", f"{accused}", f"{asked:.2f}"])
    note = (
        "The least printed number beyond δ + ½ printed unit above the truth, and the next lower one: both sides of one "
        "edge. A test that is asked to its end errs on neither; one that stops early has its level for either error."
    )
    headings = ["samples", "claims", "beyond, called consistent", "within, accused", "median share asked"]
    return table("One claim about greedy answers in the process", headings, rows, 1, note)


def _twins(models: int) -> str:
    rows = [
        [f"{pairs:,}", f"{100 * gap:.0f}", share(twins_found(pairs, gap, models), models)]
        for pairs, gaps in ((300, (0.0, 0.12, 0.2)), (1000, (0.0, 0.08, 0.12)))
        for gap in gaps
    ]
    note = f"{models:,} models a line, skill uniform between .35 and .75, the two answers of a pair independent."
    return table("Twins: gaps that are found at .01", ["pairs", "points of gap", "found"], rows, 1, note)


@click.command()
@click.option("--vendors", default=500, show_default=True, help="Vendors of each line.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Also put the tables into this document.")
def main(vendors: int, markdown: Path | None) -> None:
    """Print the tables."""
    parts = [_claims(vendors), _exact(vendors), _twins(20 * vendors)]
    text = f"{command('bench.detector_power')}, {where()}\n\n" + "\n".join(parts)
    print(text)
    if markdown is not None:
        write_section(markdown, "power", text)


if __name__ == "__main__":
    main()
