"""``python -m bench.hf``: one file of weights read by transformers (``hf:``) and by llama.cpp (``gguf:``).

Both give the log-likelihoods of HellaSwag's endings; a random sample of items, drawn by a seed. llama.cpp rounds what
it multiplies with weights of 4 bits to 8 bits, transformers unpacks the weights and computes in 32: so the numbers
differ, and what matters is whether a choice does. With ``--kind F32`` the file is unpacked first: both compute in 32.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from bench.inhouse.table import share, where
from steelyard.models import open_model
from steelyard.models.embedded_file import SMOLLM2_SHA256, ensure_smollm2
from steelyard.models.requantisations import Requantisations
from steelyard.plugins import Model
from steelyard.records import LoglikelihoodRequest
from steelyard.tasks import load_task

__all__ = ["drawn", "main", "scores"]

_SEED = 20261127


def drawn(data: Path, items: int) -> list[LoglikelihoodRequest]:
    """The requests of so many items."""
    samples = load_task("hellaswag").prepare("completion", data)
    places = np.random.default_rng(_SEED).choice(len(samples), items, replace=False)
    requests = [samples[int(place)].request for place in places]
    return [each for each in requests if isinstance(each, LoglikelihoodRequest)]


async def scores(model: Model, requests: Sequence[LoglikelihoodRequest]) -> tuple[NDArray[np.float64], int]:
    """Log-likelihoods (nats) of shape (items, endings), and how many tokens the endings have in all."""
    rows, tokens = [], 0
    for number, request in enumerate(requests, 1):
        output = await model.loglikelihood(request)
        rows.append(output.logprobs)
        tokens += output.completion_tokens
        if number % 20 == 0:
            click.echo(f"{number} of {len(requests)}", err=True)
    return np.array(rows), tokens


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="A mirror of the data sets.")
@click.option("--items", default=200, show_default=True)
@click.option("--kind", default="", help="Requantise the file to this type first, as F32.")
def main(data: Path, items: int, kind: str) -> None:
    """Print how many choices are the same, and how far the log-likelihoods are apart."""
    requests = drawn(data, items)
    path = ensure_smollm2()
    if kind:
        path, _ = Requantisations(path, SMOLLM2_SHA256).file(kind)

    async def both() -> list[tuple[NDArray[np.float64], int]]:
        found = []
        for uri in (f"gguf:{path}", f"hf:{path}"):
            model = open_model(uri)
            found.append(await scores(model, requests))
            await model.close()
        return found

    (left, tokens), (right, same_tokens) = asyncio.run(both())
    lengths = np.array([[len(each) - 1 for each in request.continuations] for request in requests])
    same = int(((left / lengths).argmax(1) == (right / lengths).argmax(1)).sum())
    apart = np.abs(left - right)
    print(f"{kind or path.name}, HellaSwag, {items} items, {where().rpartition(', seed')[0]}, seed {_SEED}")
    print(f"the same ending (per character): {same} of {items} {share(same, items).partition(' ')[2]}")
    print(f"|difference| of an ending's log-likelihood: median {np.median(apart):.3f}, 95 % below", end=" ")
    print(f"{np.quantile(apart, 0.95):.3f}, largest {apart.max():.3f} nats; by token {apart.sum() / tokens:.4f} nats")
    print(f"tokens of the endings: {tokens:,} and {same_tokens:,}")


if __name__ == "__main__":
    main()
