"""Runs that hold texts, and results made of pairs: for tests of published outputs beside served answers."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from steelyard.adapters.imported_run import ImportedItem, ImportedTask, write_imported_run
from steelyard.records import GenerateRequest, ModelIdentity, ModelOutput, Origin, Outcome, Sample
from steelyard_forensics.published.pairs import OutputPair
from steelyard_forensics.published.texts import (
    ALIKE,
    ALPHA,
    TOLERANCE,
    HeldLog,
    PublishedTexts,
    TextsRow,
    decided_again,
)

_WORDS = (
    "river",
    "stone",
    "apple",
    "window",
    "garden",
    "letter",
    "morning",
    "bridge",
    "castle",
    "doctor",
    "music",
    "paper",
)


def texts_like(name: str, count: int, *, also: str = "") -> list[str]:
    """Texts of fifteen words; ``also`` is a word that some model likes to begin with."""
    drawn = random.Random(name)
    return [" ".join([*([also] if also else []), *drawn.choices(_WORDS, k=15), f"{at}"]) for at in range(count)]


def write_run(
    path: Path,
    benchmarks: Mapping[str, Sequence[str | None]],
    *,
    harness: str = "h 1",
    temperature: float = 0.0,
    differences: tuple[str, ...] = (),
    system: str = "",
) -> Path:
    """A run that holds these texts by benchmark; None: not answered."""
    tasks = [
        ImportedTask(
            name=name,
            items=[
                ImportedItem(
                    Sample(
                        id=f"{name}/{at}",
                        request=GenerateRequest(
                            prompt=f"{name}: question {at}", temperature=temperature, system=system
                        ),
                        target="x",
                    ),
                    ModelOutput(outcome=Outcome.DROPPED)
                    if text is None
                    else ModelOutput(outcome=Outcome.OK, text=text),
                )
                for at, text in enumerate(texts)
            ],
            scorer="exact@5",
            prompt="as the harness asked",
            differences=differences,
        )
        for name, texts in benchmarks.items()
    ]
    digest = f"{abs(hash(path.name)):064x}"[:64]
    origin = Origin(kind="imported", harness=harness, file=f"{path.name}.json", sha256=digest)
    write_imported_run(path, tasks, origin, ModelIdentity(uri=f"imported:{path.name}", name=path.name))
    return path


def row(task: str, pairs: Sequence[tuple[str, float | None]], *, chat: bool = False, texts: int = 0) -> TextsRow:
    """A benchmark of which the pairs came to these letters and shares."""
    return TextsRow(
        task=task,
        measurement=task,
        chat=chat,
        texts=texts or len(pairs),
        pairs=tuple(
            OutputPair(sample=f"{task}/{at}", said=said, alike=alike) for at, (said, alike) in enumerate(pairs)
        ),
    )


Pairs = list[tuple[str, float | None]]

SAME: Pairs = [("s", 1.0)] * 40
TOLD: Pairs = [("r", 0.1)] * 60
EVEN: Pairs = [("r", 0.1), ("w", 0.1)] * 30


def result(*rows: TextsRow) -> PublishedTexts:
    """What such rows come to."""
    log = HeldLog(run="log", model="m", harness="h 1", origin="imported", answers_root="01" * 32)
    served = HeldLog(run="served", model="m", harness="", origin="asked", answers_root="02" * 32)
    return PublishedTexts(log=log, served=served, alpha=ALPHA, tolerance=TOLERANCE, bar=ALIKE, rows=decided_again(rows))
