"""``python -m bench.cue_examples``: how much an honest model reacts to lines in a prompt, and to other examples.

The model is the embedded one, or a file (``--model gguf:PATH``).

The first items of a task in the order of a seed: as published, under the placebo (:mod:`steelyard.planning.cues`),
with one line at each place, and, since that is what the placebo leaves as it is, under other worked examples of the
same generator.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Final

import click
import msgspec

from bench.engine.markdown import table, write_section
from bench.inhouse.table import SEED, command, share, where
from steelyard.models import Settings
from steelyard.models.embedded import EmbeddedModel, open_embedded, open_gguf
from steelyard.planning.cues import CUE, PLACEBO, arm_samples, headers
from steelyard.plugins import Model
from steelyard.records import Measurement, Sample
from steelyard.scorers import open_scorer
from steelyard.tasks import load_task
from steelyard.tasks.task import Task

__all__ = ["arms_of", "cue_arms", "main", "opened", "scores_of"]

_SETS: Final = 8
_EMBEDDED: Final = "embedded:smollm2"


def arms_of(task: Task, items: int) -> dict[str, Sequence[Sample]]:
    """The same items in each way, by what it is called."""
    prompt, shots = task.default_prompt, task.definition.shots.count
    cue, placebo = cue_arms(task, items)
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


def cue_arms(task: Task, items: int) -> tuple[Sequence[Sample], Sequence[Sample]]:
    """The same items under the published prompt and under the placebo."""
    prompt, shots = task.default_prompt, task.definition.shots.count
    cue, placebo = (
        arm_samples(task, _measurement(task.id, prompt, shots, drawn, items), None) for drawn in (CUE, PLACEBO)
    )
    return cue, placebo


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


async def scores_of(model: Model, task: Task, samples: Sequence[Sample]) -> list[int]:
    """1 for each sample that the model has right, and 0 for the others."""
    scorer = open_scorer(task.scorer)
    outputs = [await model.generate(sample.request) for sample in samples]  # type: ignore[arg-type]
    return [int(scorer.score(*each).value == 1) for each in zip(samples, outputs, strict=True)]


def opened(uri: str) -> EmbeddedModel:
    """The embedded model, or a GGUF file."""
    kind, _, rest = uri.partition(":")
    openers = {"embedded": open_embedded, "gguf": open_gguf}
    if kind not in openers:
        raise click.UsageError(f"--model {uri!r}: {_EMBEDDED} or gguf:PATH")
    return openers[kind](rest, Settings())


async def _measured(uri: str, name: str, items: int) -> str:
    task = load_task(name)
    if task is None:
        raise click.UsageError(f"no task is called {name!r}")
    model = opened(uri)
    rows, rates = [], []
    try:
        for called, samples in arms_of(task, items).items():
            right = sum(await scores_of(model, task, samples))
            click.echo(f"{called}: {right} of {len(samples)}", err=True)
            rows.append([called, share(right, len(samples))])
            rates += [right / len(samples)] if called.startswith("other") else []
    finally:
        await model.close()
    note = (
        f"{called_model(uri)}, the first {items} items of a seed's order, greedy. The sets of other examples have a "
        f"mean of {mean(rates):.2f} and a standard deviation of {stdev(rates):.2f}."
    )
    return table(
        f"{name} with lines in the prompt, and under other worked examples", ["prompt", "right"], rows, 1, note
    )


def called_model(uri: str) -> str:
    """The model's name in a table: that of its file, without the folder."""
    return "SmolLM2" if uri == _EMBEDDED else Path(uri.partition(":")[2]).stem


@click.command()
@click.option("--model", default=_EMBEDDED, show_default=True, help="Or gguf:PATH.")
@click.option("--task", default="word_sequence_reversal", show_default=True)
@click.option("--items", default=80, show_default=True, help="Items in each way.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Also put the table into this document.")
@click.option("--section", default="cue-examples", show_default=True, help="Its place there.")
def main(model: str, task: str, items: int, markdown: Path | None, section: str) -> None:
    """Ask the model; fourteen times as many calls as items."""
    text = f"{command('bench.cue_examples')}, {where()}\n\n{asyncio.run(_measured(model, task, items))}"
    print(text)
    if markdown is not None:
        write_section(markdown, section, text)


if __name__ == "__main__":
    main()
