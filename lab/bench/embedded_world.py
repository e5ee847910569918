"""The embedded world of the gauntlet: the embedded file, its requantisations, and a router between them.

*Identity* and *published outputs* are read from what the file and its requantisations wrote, recorded once
(:mod:`bench.identity`, :mod:`bench.published`). The *cue* is asked now: a task's questions as published and under the
placebo, of the file alone, and of a router that serves the file under the published prompt and Q2_K under any other.
Each line draws from its answers, with replacement, and gives them to the detector's own rule.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import numpy as np

from bench import identity, published
from bench.cue_examples import cue_arms, opened, scores_of
from bench.engine.markdown import table
from bench.inhouse.table import SEED, share
from steelyard.records import Sample
from steelyard.tasks import load_task
from steelyard.tasks.task import Task
from steelyard_forensics.stats.cues import CuePairs

__all__ = ["cue_found", "cue_rows", "identity_rows", "markdown", "published_rows"]

_LEVEL: Final = 0.01
_TASK: Final = "word_sequence_reversal"
_TOLERANCE, _MARGIN = 0.05, 0.1  # as the detector's
_MOST: Final = 300  # pairs, as an audit asks at most
_SHARES: Final = {"Q2_K": (1.0, 0.3, 0.1), "Q8_0": (1.0,), "temperature 0.7": (1.0,)}

_LEAST: Final = 100  # texts of another model, so that a line does not rest on a few

Row = list[str]


def markdown(*, quick: bool) -> str:
    """The table; ``quick`` asks fewer questions and draws less often."""
    draws, items = (100, 60) if quick else (400, 300)
    rows = [*identity_rows(draws), *published_rows(draws), *cue_rows(draws, items)]
    note = (
        f"{draws:,} draws a line, with replacement, from what the embedded file and its requantisations wrote; "
        "*identity, honest* is of disjoint runs of 60 texts. 95 % intervals (Clopper-Pearson) are over draws of the "
        f"same answers. *Median* texts, outputs or pairs until it is found. The cue's answers: {items} questions of "
        f"{_TASK}."
    )
    heads = ["test", "served", "n", f"found at {_LEVEL:g}", "median"]
    return table("The embedded file, its requantisations, and a router", heads, rows, 2, note)


def identity_rows(draws: int) -> list[Row]:
    """By weights: the file itself, requantisations, a share of the calls, and another temperature."""
    own = identity.read_bank("own")
    runs = [own[begin : begin + identity.RUN] for begin in range(0, len(own) - identity.RUN + 1, identity.RUN)]
    rows = [_row("identity", "the file, honest", [identity.texts_until(run, _LEVEL)[0] for run in runs])]
    for served, shares in _SHARES.items():
        other = identity.read_bank(served)
        for part in shares if len(other) >= _LEAST else ():
            found = [identity.mixed_until(own, other, part, number) for number in range(draws)]
            rows.append(_row("identity", served if part == 1 else f"{served}, {100 * part:g} % of calls", found))
    return rows


def published_rows(draws: int) -> list[Row]:
    """One benchmark of a vendor's log, by who wrote it; at .05 over the log, as the rule is."""
    bank, rows = published.read_bank(), []
    for served in published.SERVED:
        found = [published.named(bank, served, "chat", number)[:2] for number in range(draws)]
        honest = ", honest" if served in published.HONEST else ""
        rows.append(_row("published outputs (.05)", f"{served}{honest}", [n if named else None for named, n in found]))
    return rows


def cue_rows(draws: int, items: int) -> list[Row]:
    """The benchmark's cue: the file under both prompts, and the router."""
    task = load_task(_TASK)
    assert task is not None
    cue, placebo = cue_arms(task, items)
    own, other = _asked("embedded:smollm2", task, cue, placebo), _asked(f"gguf:{_small_file()}", task, placebo)
    found = {"the file, honest": (own[0], own[1]), "a router to Q2_K": (own[0], other[0])}
    return [
        _row(f"cue ({sum(arms[0])} and {sum(arms[1])} right)", served, [cue_found(arms, n) for n in range(draws)])
        for served, arms in found.items()
    ]


def cue_found(arms: tuple[Sequence[int], Sequence[int]], number: int) -> int | None:
    """After how many pairs, drawn with replacement, the cue's test finds an effect; None: not in 300."""
    pairs = CuePairs(_TOLERANCE, _MARGIN)
    for place in np.random.default_rng([SEED, 11, number]).integers(0, len(arms[0]), _MOST):
        pairs.observe(arms[0][place], arms[1][place])
        if pairs.highest * _LEVEL >= 1:
            return pairs.n
    return None


def _small_file() -> str:
    from steelyard.models import Settings
    from steelyard.models.reference import open_reference

    return str(open_reference("embedded:smollm2", Settings()).requantised("Q2_K")[0])


def _asked(uri: str, task: Task, *arms: Sequence[Sample]) -> list[list[int]]:
    async def ask() -> list[list[int]]:
        model = opened(uri)
        try:
            return [await scores_of(model, task, samples) for samples in arms]
        finally:
            await model.close()

    return asyncio.run(ask())


def _row(test: str, served: str, found: Sequence[int | None]) -> Row:
    seen = sorted(each for each in found if each is not None)
    median = f"{seen[len(seen) // 2]:,}" if seen else "–"
    return [test, served, f"{len(found):,}", share(len(seen), len(found)), median]
