"""``python -m bench.published_by_text``: what a log's outputs show beside served answers, without weights.

Greedy outputs of the embedded file, of the same file in llama.cpp's server with eight answers at a time (another batch
composition), of its requantisations, and of itself under a prompt that a log would not show, are recorded once
(``--record``, about a second a text; it goes on where it was stopped). The tables are made from these by the rule
itself: what the embedded file wrote in-process is what is served, and the others are the log.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from typing import Final

import click

from bench.elsewhere import write_elsewhere
from bench.engine.markdown import table, write_section
from bench.inhouse.table import command, share, where
from bench.published import prompts_of_kinds, under_hidden_prompt
from steelyard.models.embedded_file import ensure_smollm2
from steelyard.records import GenerateRequest, VerdictWord
from steelyard.tasks.generators.neutral_prompts import generate
from steelyard_forensics.published.pairs import OutputPair, Texts, counts, read_pairs, scores
from steelyard_forensics.published.texts import ALPHA, TOLERANCE, Row, TextsRow
from steelyard_forensics.published.texts_pages import RULE
from steelyard_forensics.stats.mean_bets import MeanBets

__all__ = ["KINDS", "main", "pairs_of", "read_texts", "write_reports", "writer"]

BANKS: Final = Path(__file__).parent / "published_greedy_texts"
KINDS: Final = ("neutral", "chat", "math")
TEXTS: Final = 60  # of each kind
TOKENS: Final = 32
SERVED: Final = ("own", "server", "Q8_0", "hidden", "Q3_K_M", "Q2_K")
_BATCH: Final = 12
_ROWS: Final = 3  # benchmarks of a log
_COINS: Final = 200  # for what reports show: tosses of all pairs with each who writes
_IN_WORDS: Final = {"server": "itself, in another batch", "hidden": "itself, hidden prompt"}

Text = tuple[str, str]  # the kind of prompt, and what was written
Write = Callable[[Sequence[GenerateRequest]], list[str]]


# ── texts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def read_texts(served: str) -> tuple[Text, ...]:
    """What was recorded of one who writes, in the order of the prompts."""
    path = BANKS / f"{served}.jsonl.gz"
    if not path.is_file():
        return ()
    with gzip.open(path, "rt") as file:
        return tuple((kind, text) for kind, text in map(json.loads, file))


def record(served: str) -> None:
    """Record the texts that are missing."""
    BANKS.mkdir(exist_ok=True)
    beginnings = [row["question"] for row in generate("bench/published_by_text", 4 * TEXTS)]
    asked = prompts_of_kinds(beginnings[:TEXTS], beginnings[2 * TEXTS : 3 * TEXTS], TOKENS, 7)
    if served == "hidden":
        asked = [(kind, under_hidden_prompt(kind, request)) for kind, request in asked]
    known = len(read_texts(served))
    if known == len(asked):
        return
    with writer(served) as write:
        for begin in range(known, len(asked), _BATCH):
            part = asked[begin : begin + _BATCH]
            texts = write([request for _, request in part])
            with gzip.open(BANKS / f"{served}.jsonl.gz", "at") as file:
                lines = [
                    json.dumps([kind, text], ensure_ascii=False) for (kind, _), text in zip(part, texts, strict=True)
                ]
                file.write("\n".join([*lines, ""]))
            print(f"{served}: {begin + len(part):,} of {len(asked):,}", flush=True)


def writer(served: str) -> AbstractContextManager[Write]:
    from steelyard.models.requantisations import Requantisations

    path = ensure_smollm2()
    if served == "server":
        return _ServerWriter(path)
    return nullcontext(_in_process(Requantisations(path).file(served)[0] if served.startswith("Q") else path))


class _ServerWriter:
    """Asks llama.cpp's server, eight prompts at a time."""

    def __init__(self, path: Path) -> None:
        from testkit.fixtures import llama_serving

        self._serving = llama_serving(path, parallel=8)

    def __enter__(self) -> Write:
        address = self._serving.__enter__()
        return lambda requests: asyncio.run(_over_the_wire(address, requests))

    def __exit__(self, *error: object) -> None:
        self._serving.__exit__(None, None, None)


async def _over_the_wire(address: str, requests: Sequence[GenerateRequest]) -> list[str]:
    from steelyard.models import Settings
    from steelyard.models.openai import open_openai

    model = open_openai(f"small@{address}", Settings(concurrency=8))
    outputs = await asyncio.gather(*map(model.generate, requests))
    await model.close()
    return [output.text for output in outputs]


def _in_process(path: Path) -> Write:
    from steelyard.models.llama import Llama
    from steelyard.models.session import InferenceSession

    session = InferenceSession(Llama(path, threads=1, context_limit=2048))
    return lambda requests: [session.generate(each, lambda: False).text for each in requests]


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def pairs_of(
    served: str, kind: str, number: int, *, exchanged: bool = False, limit: int | None = None
) -> tuple[OutputPair, ...]:
    """The pairs with what the embedded file wrote, in an order drawn by a number; ``exchanged``: sides by coins."""
    both = [
        (theirs, own)
        for (of, theirs), (_, own) in zip(read_texts(served), read_texts("own"), strict=False)
        if kind in ("all", of)
    ]
    drawn = random.Random(f"{number}")
    drawn.shuffle(both)
    if exchanged:
        both = [(own, theirs) if drawn.random() < 0.5 else (theirs, own) for theirs, own in both]
    theirs = {f"{at}": Texts(f"{at}", (0, at), one) for at, (one, _) in enumerate(both[:limit])}
    asked = {f"{at}": Texts(f"{at}", (0, at), other) for at, (_, other) in enumerate(both[:limit])}
    return read_pairs(theirs, asked)


def _row(pairs: Sequence[OutputPair]) -> Row:
    return Row(TextsRow(task="a", measurement="a", chat=False, texts=len(pairs), pairs=tuple(pairs)))


def _word(pairs: Sequence[OutputPair]) -> VerdictWord:
    """The word of one benchmark in a log of three, of which the other two begin like what is served."""
    row = _row(pairs)
    if row.is_alike(_ROWS):
        return VerdictWord.CONSISTENT
    return VerdictWord.INCONSISTENT if row.p * _ROWS <= ALPHA else VerdictWord.INSUFFICIENT_POWER


def _named_after(pairs: Sequence[OutputPair]) -> int | None:
    """After how many pairs a benchmark is named, at the level of one of three."""
    bets = MeanBets(TOLERANCE, 1 - 1e-6)
    for number, score in enumerate(scores(pairs), 1):
        bets.observe(score, score)
        if bets.p * _ROWS <= ALPHA:
            return number
    return None


def what_pairs_show(orders: int) -> str:
    """By who wrote a log and the kind of prompt: how alike the texts are, and how well they are told apart."""
    rows = []
    for served in SERVED[1:]:
        for kind in (*KINDS, "all"):
            found = [pairs_of(served, kind, number) for number in range(orders)]
            if not found[0]:
                continue
            alike = [each.alike for each in found[0] if each.alike is not None]
            told = [sum(scores(pairs)) / len(pairs) for pairs in found]
            rows.append(
                [
                    _IN_WORDS.get(served, served),
                    kind,
                    f"{len(found[0])}",
                    f"{counts(found[0], 'same')}",
                    f"{sum(alike) / len(alike):.3f}",
                    f"{sum(told) / orders:.3f}",
                ]
            )
    heads = ["the log by", "prompts", "pairs", "the same", "begin alike", "told apart"]
    note = (
        f"Greedy outputs of at most {TOKENS} tokens beside those of SmolLM2 at 4 bits, in-process. *Told apart*: the "
        f"share of pairs that are guessed rightly, where one that is the same counts half; mean of {orders} orders. "
        f"Accused is beyond {TOLERANCE:g}. *Hidden prompt*: as in the tables above."
    )
    return table("A log beside served answers", heads, rows, 2, note)


def rows_named(repeats: int) -> str:
    """How often one benchmark of three is named, by who wrote it; and where sides are exchanged by coins."""
    rows = []
    for served in SERVED[1:]:
        for kind in (*KINDS, "all"):
            if not pairs_of(served, kind, 0):
                continue
            found = [pairs_of(served, kind, number) for number in range(repeats)]
            words = [_word(pairs) for pairs in found]
            seen = sorted(number for number in map(_named_after, found) if number is not None)
            coins = [_word(pairs_of(served, kind, number, exchanged=True)) for number in range(repeats)]
            twenty = [_word(pairs[:20]) for pairs in found]
            rows.append(
                [
                    _IN_WORDS.get(served, served),
                    kind,
                    share(words.count(VerdictWord.INCONSISTENT), repeats),
                    f"{seen[len(seen) // 2]}" if seen else "–",
                    share(twenty.count(VerdictWord.INCONSISTENT), repeats),
                    share(words.count(VerdictWord.CONSISTENT), repeats),
                    share(coins.count(VerdictWord.INCONSISTENT), repeats),
                ]
            )
    heads = ["the log by", "prompts", "inconsistent", "after pairs", "with 20 pairs", "consistent", "sides by coins"]
    note = (
        f"One benchmark of a log of three, of which the other two begin like what is served; {repeats} orders of the "
        "same texts, so the intervals are about orders alone. *After pairs*: the median, where it is named. *Sides by "
        "coins*: named, where a coin says of each pair which text is the log's."
    )
    return table("One benchmark of a log, by texts alone", heads, rows, 2, note)


def write_reports(coins: int) -> None:
    """Write what reports show: how often p reaches the level where a coin says of each pair which text is the log's."""
    named = [
        _row(pairs_of(served, "all", number, exchanged=True)).p <= ALPHA
        for served in SERVED[1:]
        for number in range(coins)
    ]
    pairs = sorted({len(pairs_of(served, "all", 0)) for served in SERVED[1:]})
    what = (
        f"benchmarks of {' or '.join(map(str, pairs))} pairs of texts whose sides were exchanged by coins, each at the "
        f"whole level, at {ALPHA:g}"
    )
    write_elsewhere(RULE, what, sum(named), len(named))


@click.command()
@click.option("--record", "records", is_flag=True, help="Record the texts that are missing, first.")
@click.option("--only", type=click.Choice(SERVED), help="Record what this one writes.")
@click.option("--repeats", default=20, show_default=True, help="Orders of reading.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Also put the tables into this document.")
@click.option("--reports", is_flag=True, help="Write what reports show of it.")
def main(records: bool, only: str | None, repeats: int, markdown: Path | None, reports: bool) -> None:
    """Record texts where asked, and print the tables."""
    for served in (only,) if only else SERVED if records else ():
        record(served)
    text = f"{command('bench.published_by_text')}, {where()}\n\n{what_pairs_show(repeats)}\n{rows_named(repeats)}"
    print(text)
    if markdown is not None:
        write_section(markdown, "published-by-text", text)
    if reports:
        write_reports(_COINS)


if __name__ == "__main__":
    main()
