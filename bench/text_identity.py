"""``python -m bench.text_identity``: how often identity by text alone is wrong, and how soon it sees another model."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

BANKS: Final = Path(__file__).parent / "text_identity_texts"
PAIRS: Final = 300  # of a bank
TOKENS: Final = 10
TEMPERATURE: Final = 0.7
_BATCH: Final = 20

# Who writes, and on how many of the prompts; *again* is the embedded file once more, with other seeds.
SERVED: Final[Mapping[str, int]] = {
    "own": 4 * PAIRS,
    "again": PAIRS,
    "Q2_K": 2 * PAIRS,
    "Q8_0": PAIRS,
    "server": 4 * PAIRS,
    "temperature 1": PAIRS,
}
_SEEDS: Final = {served: 1_000_000 * number for number, served in enumerate(SERVED)}


def path_of(served: str) -> Path:
    """The file of a bank."""
    return BANKS / f"{served.replace(' ', '-')}.jsonl.gz"


def read_texts(served: str) -> list[str]:
    """The texts of what serves, in the order of the prompts, as far as they are recorded."""
    if not path_of(served).is_file():
        return []
    with gzip.open(path_of(served), "rt") as file:
        return [json.loads(line) for line in file]


def prompts(count: int) -> list[str]:
    """The prompts, the same for whoever writes."""
    from steelyard.tasks.generators.neutral_prompts import generate

    return [row["question"] for row in generate("bench/text_identity", 4 * PAIRS)[:count]]


def record(served: str, texts: int) -> None:
    """Record until there are so many texts."""
    known = len(read_texts(served))
    if known >= texts:
        return
    BANKS.mkdir(exist_ok=True)
    asked = prompts(texts)
    with _writer(served) as write:
        for begin in range(known, texts, _BATCH):
            numbers = range(begin, min(texts, begin + _BATCH))
            found = write([asked[number] for number in numbers], [_SEEDS[served] + number for number in numbers])
            with gzip.open(path_of(served), "at") as file:
                file.writelines(json.dumps(each, ensure_ascii=False) + "\n" for each in found)
            print(f"{served}: {begin + len(found):,} of {texts:,}", flush=True)


Write = Callable[[Sequence[str], Sequence[int]], list[str]]  # after prompts, by seeds


@contextmanager
def _writer(served: str) -> Iterator[Write]:
    from steelyard.models.embedded_file import ensure_smollm2
    from steelyard.models.requantisations import Requantisations

    path = ensure_smollm2()
    if served == "server":
        from tests.conftest import llama_serving

        with llama_serving(path, parallel=8) as address:
            yield lambda prompts, seeds: _over_the_wire(address, prompts, seeds)
    else:
        file = Requantisations(path).file(served)[0] if served.startswith("Q") else path
        yield _in_process(file, 1.0 if served == "temperature 1" else TEMPERATURE)


def _in_process(path: Path, temperature: float) -> Write:
    from steelyard.models.llama import Llama
    from steelyard.models.session import InferenceSession
    from steelyard.records import GenerateRequest

    session = InferenceSession(Llama(path, threads=1, context_limit=2048))

    def one(prompt: str, seed: int) -> str:
        request = GenerateRequest(prompt=prompt, max_tokens=TOKENS, temperature=temperature, seed=seed)
        return session.generate(request, lambda: False).text

    return lambda prompts, seeds: [one(prompt, seed) for prompt, seed in zip(prompts, seeds, strict=True)]


def _over_the_wire(address: str, prompts: Sequence[str], seeds: Sequence[int]) -> list[str]:
    """As an audit asks, eight at a time, so that the server puts them into one batch."""
    import asyncio

    from steelyard.models import Settings
    from steelyard.models.openai import open_openai
    from steelyard.records import GenerateRequest

    async def ask() -> list[str]:
        model = open_openai(f"small@{address}", Settings(concurrency=8))
        requests = [
            GenerateRequest(prompt=prompt, max_tokens=TOKENS, temperature=TEMPERATURE, seed=seed, untruncated=True)
            for prompt, seed in zip(prompts, seeds, strict=True)
        ]
        outputs = await asyncio.gather(*map(model.generate, requests))
        await model.close()
        return [output.text for output in outputs]

    return asyncio.run(ask())


@click.command()
@click.option("--record", "records", is_flag=True, help="Record the texts that are missing, first.")
@click.option("--only", default="", help="Record of this one alone.")
@click.option("--texts", type=int, help="Record so many of each, in place of the usual numbers.")
def main(records: bool, only: str, texts: int | None) -> None:
    """Record texts where asked."""
    for served, usual in SERVED.items() if records else ():
        if only in ("", served):
            record(served, min(texts or usual, usual))


if __name__ == "__main__":
    main()
