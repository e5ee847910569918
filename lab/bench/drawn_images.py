"""What the images that we draw cost, what guessing reaches, and whether fresh images are like the public ones.

``python -m bench.drawn_images [--images 300]``, one line for each of the four generated tasks:

* processor time for each image, from its seed to its PNG, the mean and the largest of all;
* the share of right answers of who never sees an image and says the most frequent answer to that kind of question,
  chosen among the very same samples (2,000), which flatters guessing;
* p of a permutation test that public and fresh images are exchangeable: over ten features, the largest standardised
  difference of means; 2,000 permutations.
"""

from __future__ import annotations

import argparse
import platform
import re
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steelyard.plugins import find
from steelyard.stats.intervals import clopper_pearson
from steelyard.tasks import load_task
from steelyard.tasks.drawing.picture import drawer

__all__ = ["FEATURES", "TASKS", "blind_share", "features_of", "main", "p_of_exchange", "rows_of"]

TASKS = ("chart_reading", "table_reading", "document_reading", "diagram_counting")
FEATURES = (
    *("width", "height", "mean of red", "mean of green", "mean of blue", "spread of the pixels"),
    *("share of pixels unlike their left neighbour", "bytes", "length of the question", "length of the answer"),
)


def rows_of(task: str, seed: str, count: int) -> Sequence[dict[str, Any]]:
    """Rows of a task's generator, with the options of the benchmark; the public seed gives its own samples."""
    generator = load_task(task).definition.generator
    assert generator is not None
    rows: Sequence[dict[str, Any]] = find("generator", generator.name)(seed, count, **generator.options)
    return rows


def pixels_of(data: bytes) -> NDArray[np.uint8]:
    """The pixels of a PNG as the drawer writes them, 8 bits in RGBA: an array of height × width × 3."""
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    place, packed = 8, b""
    while place < len(data):
        length = int.from_bytes(data[place : place + 4])
        if data[place + 4 : place + 8] == b"IDAT":
            packed += data[place + 8 : place + 8 + length]
        place += length + 12
    lines = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + 4 * width)
    assert set(lines[:, 0]) <= {0, 1}, "every line is written as it is, or as differences to the left"
    shown = lines[:, 1:].reshape(height, width, 4)
    summed = np.cumsum(shown, axis=1, dtype=np.uint8)
    return np.where(lines[:, 0, None, None] == 1, summed, shown)[:, :, :3]


def features_of(row: dict[str, Any]) -> list[float]:
    """The :data:`FEATURES` of one row."""
    data = row["image"].png()
    pixels = pixels_of(data)
    height, width, _ = pixels.shape
    differs = (pixels[:, 1:] != pixels[:, :-1]).any(axis=2).mean()
    means = pixels.mean(axis=(0, 1))
    return [width, height, *means, pixels.std(), differs, len(data), len(row["question"]), len(row["answer"])]


def p_of_exchange(one: NDArray[np.float64], other: NDArray[np.float64], permutations: int, seed: int = 0) -> float:
    """p of a permutation test of the largest standardised difference of means; features are columns."""
    together = np.concatenate([one, other])
    scaled = (together - together.mean(axis=0)) / np.where(together.std(axis=0) > 0, together.std(axis=0), 1)
    random = np.random.default_rng(seed)

    def largest(order: NDArray[np.int64]) -> float:
        first, second = scaled[order[: len(one)]], scaled[order[len(one) :]]
        return float(np.abs(first.mean(axis=0) - second.mean(axis=0)).max())

    found = largest(np.arange(len(together)))
    others = (largest(random.permutation(len(together))) for _ in range(permutations))
    return (1 + sum(each >= found - 1e-12 for each in others)) / (1 + permutations)


def blind_share(rows: Sequence[dict[str, Any]]) -> int:
    """How many rows who says the most frequent answer to each kind of question has right.

    A kind of question is its text without names and numbers.
    """
    answers: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        kind = " ".join(re.sub(r'"\w+"|\d+|\b[A-Z]\w*\b', "", row["question"]).split())
        answers[kind][row["answer"]] += 1
    return sum(counted.most_common(1)[0][1] for counted in answers.values())


def main() -> None:
    """Print a line for each task."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.drawn_images", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--images", type=int, default=300)
    count = parser.parse_args().images
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {count} public and {count} fresh images each; {drawer()}"
    )
    for task in TASKS:
        times, described = [], []
        for seed in ("public-1", "bench-fresh"):
            begun = time.process_time()
            rows = rows_of(task, seed, count)
            made = (time.process_time() - begun) / count
            for row in rows:
                begun = time.process_time()
                row["image"].png()
                times.append(1000 * (made + time.process_time() - begun))
            described.append(np.array([features_of(row) for row in rows]))
        p = p_of_exchange(described[0], described[1], 2000)
        blind, asked = blind_share(rows_of(task, "bench-blind", 2000)), 2000
        low, high = clopper_pearson(blind, asked)
        size = np.concatenate(described)[:, 7].mean() / 1000
        print(
            f"{task}: {np.mean(times):.1f} CPU-ms an image, at most {max(times):.1f}; {size:.0f} KB; guessing without "
            f"the image {100 * blind / asked:.1f} % ({100 * low:.1f} to {100 * high:.1f}); twins p = {p:.2f}"
        )


if __name__ == "__main__":
    main()
