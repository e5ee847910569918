"""``python -m bench.cue_examples``: how much the embedded model reacts to lines in a prompt, and to other examples.

The first items of a task in the order of a seed: as published, under the placebo (:mod:`steelyard.planning.cues`),
with one line at each place, and, since that is what the placebo leaves as it is, under other worked examples of the
same generator.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from statistics import mean, stdev
from typing import Final

import click
import msgspec

from bench.engine.markdown import table
from bench.inhouse.table import SEED, share, where
from steelyard.models import Settings
from steelyard.models.embedded import open_embedded
from steelyard.planning.cues import CUE, PLACEBO, arm_samples, headers
from steelyard.plugins import Model
from steelyard.records import Measurement, Sample
from steelyard.scorers import open_scorer
from steelyard.tasks import load_task
from steelyard.tasks.task import Task

__all__ = ["arms_of", "main"]

_SETS: Final = 8


def arms_of(task: Task, items: int) -> dict[str, Sequence[Sample]]:
    """The same items in each way, by what it is called."""
    prompt, shots = task.default_prompt, task.definition.shots.count
    cue, placebo = (
        arm_samples(task, _measurement(task.id, prompt, shots, drawn, items), None) for drawn in (CUE, PLACEBO)
    )
    published = task.prefixes(prompt, None, shots)[""]
    places = {"before the examples": 0} | {
        f"behind example {number}": len(task.prefixes(prompt, None, number)[""]) for number in range(1, shots + 1)
    }
    lines = {
        f"a line {called}": _under(cue, f"{published[:cut]}{headers()[0]}\n\n{published[cut:]}")
        for called, cut in places.items()
    }
    others = {f"other examples, set {number}": _under(cue, _examples(task, number)) for number in range(1, _SETS + 1)}
    return {"as published": cue, "the placebo": placebo, **lines, **others}


def _under(samples: Sequence[Sample], prefix: str) -> Sequence[Sample]:
    return [
        msgspec.structs.replace(each, request=msgspec.structs.replace(each.request, prefix=prefix)) for each in samples
    ]


def _examples(task: Task, number: int) -> str:
    """The prefix with worked examples of another seed."""
    shots = msgspec.structs.replace(task.definition.shots, seed=f"bench/{number}")
    other = Task(msgspec.structs.replace(task.definition, shots=shots), task.where)
    return other.prefixes(task.default_prompt, None, shots.count)[""]


def _measurement(task: str, prompt: str, shots: int, drawn: str, items: int) -> Measurement:
    return Measurement(
        id=drawn, task=task, prompt=prompt, shots=shots, kind="generate", scorers=(), population=items, samples_root="",
        order_seed="", seed=f"{SEED}", drawn=drawn, arm=drawn,
    )  # fmt: skip


async def _right(model: Model, task: Task, samples: Sequence[Sample]) -> int:
    scorer, right = open_scorer(task.scorer), 0
    for sample in samples:
        output = await model.generate(sample.request)  # type: ignore[arg-type]
        right += scorer.score(sample, output).value == 1
    return right


async def _measured(name: str, items: int) -> str:
    task = load_task(name)
    if task is None:
        raise click.UsageError(f"no task is called {name!r}")
    model = open_embedded("smollm2", Settings())
    rows, rates = [], []
    try:
        for called, samples in arms_of(task, items).items():
            right = await _right(model, task, samples)
            click.echo(f"{called}: {right} of {len(samples)}", err=True)
            rows.append([called, share(right, len(samples))])
            rates += [right / len(samples)] if called.startswith("other") else []
    finally:
        await model.close()
    note = (
        f"SmolLM2, the first {items} items of a seed's order, greedy. The sets of other examples have a mean of "
        f"{mean(rates):.2f} and a standard deviation of {stdev(rates):.2f}."
    )
    return table(
        f"{name} with lines in the prompt, and under other worked examples", ["prompt", "right"], rows, 1, note
    )


@click.command()
@click.option("--task", default="word_sequence_reversal", show_default=True)
@click.option("--items", default=80, show_default=True, help="Items in each way.")
def main(task: str, items: int) -> None:
    """Ask the embedded model; ten times as many calls as items."""
    print(f"`python -m bench.cue_examples`, {where()}\n\n{asyncio.run(_measured(task, items))}")


if __name__ == "__main__":
    main()
