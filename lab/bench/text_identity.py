"""``python -m bench.text_identity``: how often identity by text alone is wrong, and how soon it sees another model.

Texts of the embedded file and of other models, drawn on the same neutral prompts, are recorded once (``--record``, a
fifth of a CPU-second a text; it goes on where it was stopped). The tables are made from these by the detector's own
reading. ``--peer`` adds model-equality-testing, which needs its package (and torch).
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

import click
import numpy as np

from bench.elsewhere import write_elsewhere
from bench.engine.markdown import table, write_section
from bench.inhouse.table import share, where
from bench.text_identity_peer import Peer, open_peer
from steelyard.stats.sign_flip import sign_flip_p
from steelyard_forensics.stats.told_apart import SeveralOrders
from steelyard_forensics.text_identity.identity import ALPHA
from steelyard_forensics.text_identity.pages import RULE
from steelyard_forensics.text_identity.text_pairs import ORDERS, Texts, guesses_of, read_pairs

__all__ = ["SERVED", "Pair", "banks_of", "changed", "guesses_on", "main", "read_texts", "swapped"]

BANKS: Final = Path(__file__).parent / "text_identity_texts"
PAIRS: Final = 300  # of a bank
TOKENS: Final = 10
TEMPERATURE: Final = 0.7
LEVELS: Final = (0.05, 0.01)
_BATCH: Final = 20
_SEED: Final = 20261127

Pair = tuple[str, str]  # the texts of the two sides on one prompt

# Who writes, and on how many of the prompts; *again* is the embedded file once more, with other seeds. A server's own
# cuts are llama.cpp's: top-k 40, top-p .95, min-p .05.
SERVED: Final[Mapping[str, int]] = {
    "own": 4 * PAIRS,
    "again": PAIRS,
    "Q2_K": 2 * PAIRS,
    "Q8_0": PAIRS,
    "server": 4 * PAIRS,
    "server with its own cuts": PAIRS,
}
_SEEDS: Final = {served: 1_000_000 * number for number, served in enumerate(SERVED)}  # of a text: this and its prompt


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
    if "server" in served:
        from testkit.fixtures import llama_serving

        with llama_serving(path, parallel=8) as address:
            yield lambda prompts, seeds: _over_the_wire(address, prompts, seeds, untruncated=served == "server")
    else:
        file = Requantisations(path).file(served)[0] if served.startswith("Q") else path
        yield _in_process(file)


def _in_process(path: Path) -> Write:
    from steelyard.models.llama import Llama
    from steelyard.models.session import InferenceSession
    from steelyard.records import GenerateRequest

    session = InferenceSession(Llama(path, threads=1, context_limit=2048))

    def one(prompt: str, seed: int) -> str:
        request = GenerateRequest(prompt=prompt, max_tokens=TOKENS, temperature=TEMPERATURE, seed=seed)
        return session.generate(request, lambda: False).text

    return lambda prompts, seeds: [one(prompt, seed) for prompt, seed in zip(prompts, seeds, strict=True)]


def _over_the_wire(address: str, prompts: Sequence[str], seeds: Sequence[int], *, untruncated: bool) -> list[str]:
    """As an audit asks, eight at a time, so that the server puts them into one batch."""
    import asyncio

    from steelyard.models import Settings
    from steelyard.models.openai import open_openai
    from steelyard.records import GenerateRequest

    async def ask() -> list[str]:
        model = open_openai(f"small@{address}", Settings(concurrency=8))
        requests = [
            GenerateRequest(
                prompt=prompt, max_tokens=TOKENS, temperature=TEMPERATURE, seed=seed, untruncated=untruncated
            )
            for prompt, seed in zip(prompts, seeds, strict=True)
        ]
        outputs = await asyncio.gather(*map(model.generate, requests))
        await model.close()
        return [output.text for output in outputs]

    return asyncio.run(ask())


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def banks_of(first: str, second: str) -> list[list[Pair]]:
    """The pairs of two who write, on the prompts that both have, in banks of :data:`PAIRS`."""
    pairs = list(zip(read_texts(first), read_texts(second), strict=False))
    return [pairs[begin : begin + PAIRS] for begin in range(0, len(pairs) - PAIRS + 1, PAIRS)]


def guesses_on(pairs: Sequence[Pair | None], secret: object) -> SeveralOrders:
    """The guesses on pairs, read in the orders of a secret, as the detector reads; None: it is missing."""

    def answers(side: int) -> dict[str, Texts]:
        return {
            f"{at}": Texts(f"{at}", f"{at}", None if pair is None else (pair[side],)) for at, pair in enumerate(pairs)
        }

    return guesses_of(read_pairs(answers(0), answers(1), f"{secret}"), f"{secret}")


def swapped(pairs: Sequence[Pair], number: int) -> list[Pair]:
    """The pairs with their sides exchanged, each by a coin."""
    coin = random.Random(f"{_SEED} {number}")
    return [(other, one) if coin.random() < 0.5 else (one, other) for one, other in pairs]


def mean_length_p(pairs: Sequence[Pair]) -> float:
    """The p-value of the difference in length (sign flips), the simplest rival."""
    return sign_flip_p([float(len(one) - len(other)) for one, other in pairs])


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def _honest_banks() -> dict[str, list[Pair]]:
    found = dict(zip(("itself, in process",), banks_of("own", "again"), strict=False))
    return found | {f"llama.cpp's server, bank {at}": bank for at, bank in enumerate(banks_of("own", "server"), 1)}


@cache
def _p_of_exchanged(name: str, number: int) -> tuple[float, float]:
    """The p-values of an honest bank whose sides are exchanged by coins: by the bets, and at a fixed number."""
    guesses = guesses_on(swapped(_honest_banks()[name], number), number)
    return guesses.p, guesses.orders[0].fixed_n_p


def false_alarms(repeats: int, peer: Peer | None) -> str:
    """Pairs of the embedded file's texts whose sides are exchanged by coins: the share that each test accuses."""
    rows = []
    for name, bank in _honest_banks().items():
        cells: dict[str, list[float]] = {"bets": [], "fixed n": [], "length": [], "MMD": []}
        for number in range(repeats):
            pairs = swapped(bank, number)
            by_bets, at_fixed_n = _p_of_exchanged(name, number)
            cells["bets"].append(by_bets)
            cells["fixed n"].append(at_fixed_n)
            cells["length"].append(mean_length_p(pairs))
            if peer is not None:
                cells["MMD"].append(peer.p(pairs, number))
        for test, found in cells.items():
            if found:
                rows.append([name, test, f"{repeats}", *(share(sum(p <= at for p in found), repeats) for at in LEVELS)])
    note = (
        f"{PAIRS} pairs a bank, both texts drawn from the embedded file on one prompt (at most {TOKENS} tokens, "
        f"temperature {TEMPERATURE:g}); the sides of each pair are exchanged by a coin, {repeats:,} times. *bets*, in "
        f"{ORDERS} orders, give the word; *fixed n* is the binomial test in the first order, *length* a sign-flip test "
        "of the difference in length, *MMD* model-equality-testing's Hamming kernel over all texts as of one prompt, "
        "with 199 permutations. 95 % intervals (Clopper-Pearson), for these texts."
    )
    return table("Texts of one file", ["beside", "test", "runs", "at .05", "at .01"], rows, 2, note)


def changed(pairs: Sequence[Pair], what: str, number: int) -> list[Pair | None]:
    """The pairs of an honest server that does something of its own to the second side."""
    coin = random.Random(f"{what} {number}")
    change: dict[str, Callable[[str], str]] = {
        "white space at the ends": lambda text: f"\n{text} ",
        "texts end after 20 characters": lambda text: text[:20],
        "texts end at the first full stop": lambda text: text.partition(".")[0],
        "every text ends with a full stop": lambda text: f"{text.rstrip()}.",
        "a third is one refusal": lambda text: _REFUSAL if coin.random() < 1 / 3 else text,
        "one in ten is empty": lambda text: "" if coin.random() < 0.1 else text,
    }
    if what == "one in ten is missing":
        return [None if coin.random() < 0.1 else pair for pair in pairs]
    if what == "both give a fifth of their answers again":
        sides = [_again([pair[side] for pair in pairs], f"{number} {side}") for side in (0, 1)]
        return list(zip(*sides, strict=True))
    if what == "nothing":
        return list(pairs)
    return [(one, change[what](other)) for one, other in pairs]


def _again(texts: Sequence[str], name: str) -> list[str]:
    coin, given = random.Random(name), list[str]()
    for text in texts:
        given.append(coin.choice(given) if given and coin.random() < 0.2 else text)
    return given


_REFUSAL: Final = "I'm sorry, but I can't help with that."
_HABITS: Final = (
    "nothing",
    "white space at the ends",
    "texts end after 20 characters",
    "texts end at the first full stop",
    "every text ends with a full stop",
    "one in ten is empty",
    "one in ten is missing",
    "a third is one refusal",
    "both give a fifth of their answers again",
)


def habits(repeats: int) -> str:
    """Honest servers that do something of their own: how often they are accused, and how many guesses are right."""
    rows = []
    banks = banks_of("own", "server")
    whole = [pair for bank in banks for pair in bank]
    for what in _HABITS:
        found = [
            guesses_on(changed(bank, what, number), f"{what} {number} {at}")
            for number in range(repeats)
            for at, bank in enumerate(banks)
        ]
        accused = sum(each.p <= ALPHA for each in found)
        longer = [guesses_on(changed(whole, what, number), f"{what} {number}") for number in range(repeats)]
        is_within = sum(each.is_within(ALPHA) and each.p > ALPHA for each in longer)
        rates = [each.share or 0 for each in found]
        rows.append([what, f"{accused} of {len(found)}", f"{np.mean(rates):.3f}", f"{is_within} of {repeats}"])
    equal = sum(one == other for one, other in whole)
    note = (
        f"Texts of the embedded file, in process and by llama.cpp's server, eight at a time: {len(banks)} banks of "
        f"{PAIRS} pairs, each read by {repeats} secrets; *consistent* of all {len(whole):,} pairs as one run. Readings "
        f"of one bank are not independent runs, so there are no intervals. The two texts of a prompt are the same in "
        f"{equal} of {len(whole):,}."
    )
    heads = ["habit", "accused at .05", "right", "consistent at .05"]
    return table("Servers of the same file with habits of their own", heads, rows, 1, note)


def _alternatives() -> dict[str, list[list[Pair]]]:
    """Who is held against the embedded file, in banks of pairs."""
    found: dict[str, list[list[Pair]]] = {"Q2_K": banks_of("own", "Q2_K")}
    own, again = (banks_of("own", served) for served in ("again", "server"))
    honest = [*own[:1], *again[1:]]
    found["Q2_K, three texts in ten"] = [
        [other if random.Random(f"{at}").random() < 0.3 else pair for at, (other, pair) in enumerate(both)]
        for both in (zip(far, near, strict=True) for far, near in zip(found["Q2_K"], honest, strict=False))
    ]
    return found | {served: banks_of("own", served) for served in ("server with its own cuts", "Q8_0")}


def power(repeats: int, peer: Peer | None) -> str:
    """Another model writes, or a share of it: how often, and after how many pairs, it is told apart at .01."""
    rows = []
    for served, banks in _alternatives().items():
        for at, bank in enumerate(banks, 1):
            found = [guesses_on(bank, f"power {served} {number}") for number in range(repeats)]
            took = sorted(each.decided(0.01) or 10**9 for each in found)
            median = took[len(took) // 2]
            needed = sorted(each.orders[0].needed(0.01) or 10**9 for each in found)[len(found) // 2]
            rows.append(
                [
                    served,
                    f"{at}",
                    f"{np.mean([each.share or 0 for each in found]):.3f}",
                    f"{sum(each.p <= 0.01 for each in found)} of {repeats}",
                    f"{median}" if median < 10**9 else f"> {PAIRS}",
                    f"{sum(each.orders[0].fixed_n_p <= 0.01 for each in found)} of {repeats}",
                    f"{sum(each.is_within(ALPHA) and each.p > ALPHA for each in found)} of {repeats}",
                    "–" if median < 10**9 else f"{needed:,}" if needed < 10**9 else "> 20,000",
                    f"{mean_length_p(bank):.2g}",
                    "–" if peer is None else f"{peer.p(bank, 0):.2g}",
                ]
            )
    note = (
        f"{PAIRS} pairs a bank, read by {repeats} secrets; of Q2_K's banks the first is the one on which the n-grams "
        "were chosen. *Right*: guesses. *Needed*: the median of what an undecided result says. Lengths and MMD have "
        "one p-value a bank, whatever the secret (MMD's smallest is .005)."
    )
    heads = [
        "written by", "bank", "right", "seen by bets", "median pairs", "at fixed n", "consistent at .05", "needed",
        "length: p", "MMD: p",
    ]  # fmt: skip
    return table("Told apart from the embedded file, at .01", heads, rows, 1, note)


def write_reports(repeats: int) -> None:
    """Write what reports show: fresh banks of the file's own texts, the sides exchanged, at .05."""
    banks = [name for name in _honest_banks() if "server" in name]
    found = sum(_p_of_exchanged(name, number)[0] <= ALPHA for name in banks for number in range(repeats))
    what = f"runs of {PAIRS} pairs of texts by one model, whose sides were exchanged by coins, at 0.05"
    write_elsewhere(RULE, what, found, repeats * len(banks))


@click.command()
@click.option("--record", "records", is_flag=True, help="Record the texts that are missing, first.")
@click.option("--only", default="", help="Record of this one alone.")
@click.option("--texts", type=int, help="Record so many of each, in place of the usual numbers.")
@click.option("--repeats", default=60, show_default=True, help="How often the sides of a bank are exchanged.")
@click.option("--orders", default=8, show_default=True, help="By how many secrets a bank is read, for the power.")
@click.option("--peer", "with_peer", is_flag=True, help="Also run model-equality-testing.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Also put the tables into this document.")
@click.option("--reports", is_flag=True, help="Write what reports show of it.")
def main(
    records: bool,
    only: str,
    texts: int | None,
    repeats: int,
    orders: int,
    with_peer: bool,
    markdown: Path | None,
    reports: bool,
) -> None:
    """Record texts where asked, and print the tables."""
    for served, usual in SERVED.items() if records else ():
        if only in ("", served):
            record(served, min(texts or usual, usual))
    if records and only:
        return
    peer = open_peer() if with_peer else None
    command = "python -m bench.text_identity" + (" --peer" if peer else "")
    tables = (false_alarms(repeats, peer), habits(max(1, orders // 4)), power(orders, peer))
    text = "\n".join([f"`{command}`, {where()}", "", *tables, *([peer.note()] if peer else [])])
    print(text)
    if markdown is not None:
        write_section(markdown, "text-identity", text)
    if reports:
        write_reports(repeats)


if __name__ == "__main__":
    main()
