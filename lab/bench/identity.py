"""``python -m bench.identity``: how often the identity detector is wrong, and how soon it sees another model.

Texts of the embedded file and of other models, drawn on neutral prompts, are recorded once as log ratios
(``--record``, about a CPU-second a text; it goes on where it was stopped). The tables are made from these by the
detector's own bets.
"""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click
import numpy as np

from bench.elsewhere import write_elsewhere
from bench.engine.markdown import table, write_section
from bench.inhouse.table import command, share, where
from steelyard_forensics.stats.likelihood_bets import LikelihoodBets

__all__ = [
    "EITHER",
    "FAR",
    "SERVED",
    "Bank",
    "either",
    "either_until",
    "false_alarms",
    "main",
    "mixed_until",
    "power",
    "read_bank",
    "texts_until",
]

BANKS: Final = Path(__file__).parent / "identity_texts"
TOKENS: Final = 10
RUN: Final = 60  # texts
_SEED: Final = 20261127
FAR: Final = ("Q2_K", "Q3_K_M", "T0.7", "T1.3", "T1.8")
_MOST: Final = math.log(1e9)
_BATCH: Final = 20
_FEWEST: Final = 100  # texts from which the power is counted

Bank = list[dict[str, tuple[float, float]] | None]  # by text: by alternative, the log ratio of the whole and the core

# What serves, how many texts are recorded of it, and the server's own cut and penalty.
SERVED: Final[Mapping[str, tuple[int, bool]]] = {
    "own": (6000, False),
    "own, top-k 40, min-p .05, repeat penalty 1.1": (1200, True),
    "Q2_K": (400, False),
    "Q3_K_M": (400, False),
    "Q8_0": (1200, False),
    "temperature 0.7": (400, False),
    "temperature 1.3": (400, False),
}


# What serves where either of two files may be served, and the banks that its texts come from.
EITHER: Final[Mapping[str, tuple[str, ...]]] = {
    "the file": ("own",),
    "its Q8_0": ("Q8_0",),
    "both, in turn": ("own", "Q8_0"),
    "Q2_K": ("Q2_K",),
    "temperature 0.7": ("temperature 0.7",),
}


# ── texts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def path_of(served: str) -> Path:
    """The file of a bank."""
    return BANKS / f"{served.replace(',', '').replace(' .', ' 0.').replace(' ', '-')}.jsonl.gz"


def read_bank(served: str) -> Bank:
    """The texts of what serves, as far as they are recorded."""
    if not path_of(served).is_file():
        return []
    with gzip.open(path_of(served), "rt") as file:
        return [json.loads(line) for line in file]


def record(served: str, texts: int) -> None:
    """Record texts until there are so many; each is on a prompt of its own."""
    from steelyard.models import Settings
    from steelyard.models.reference import open_reference

    known = len(read_bank(served))
    if known >= texts:
        return
    BANKS.mkdir(exist_ok=True)
    reference = open_reference("embedded:smollm2", Settings())
    draw = _drawer(served)
    prompts = _prompts(served, texts)
    for begin in range(known, texts, _BATCH):
        lines = []
        for number in range(begin, min(texts, begin + _BATCH)):
            text, ended = draw(prompts[number], number)
            found = reference.reading(prompts[number], text, TOKENS, ended=ended)
            ratios = (
                None if found is None else {k: [round(v.whole, 4), round(v.core, 4)] for k, v in found.ratios.items()}
            )
            lines.append(json.dumps(ratios, separators=(",", ":")) + "\n")
        with gzip.open(path_of(served), "at") as file:
            file.writelines(lines)
        print(f"{served}: {begin + len(lines):,} of {texts:,}", flush=True)


def _prompts(served: str, count: int) -> list[str]:
    from steelyard.tasks.generators.neutral_prompts import generate

    return [row["question"] for row in generate(f"bench/{served}", count)]


def _drawer(served: str) -> Callable[[str, int], tuple[str, bool]]:
    """Draws a text after a prompt; whether the model ended it."""
    from steelyard.models import Settings, session
    from steelyard.models.embedded_file import ensure_smollm2
    from steelyard.models.llama import Llama
    from steelyard.models.reference import open_reference
    from steelyard.records import GenerateRequest, Outcome

    path = ensure_smollm2()
    if served.startswith("Q"):
        path = open_reference("embedded:smollm2", Settings()).requantised(served)[0]
    temperature = float(served.removeprefix("temperature ")) if served.startswith("temperature") else 1.0
    llama = Llama(path, threads=1, context_limit=2048)
    asked = session.InferenceSession(llama)
    cuts = SERVED[served][1]

    def draw(prompt: str, number: int) -> tuple[str, bool]:
        if cuts:
            return _cut_text(llama, prompt, number)
        request = GenerateRequest(prompt=prompt, max_tokens=TOKENS, temperature=temperature, seed=number)
        output = asked.generate(request, lambda: False)
        return output.text, output.outcome is Outcome.OK

    return draw


def _cut_text(llama: Any, prompt: str, number: int) -> tuple[str, bool]:
    """A text as a server with llama.cpp's usual cuts and a repeat penalty draws it."""
    random = np.random.default_rng(number)
    tokens = llama.opening() + llama.tokenise(prompt)
    llama.clear()
    logits = llama.decode(tokens, 0)[0]
    path: list[int] = []
    while len(path) < TOKENS:
        row = logits.astype(float)
        seen = np.array(sorted({*tokens, *path}))
        row[seen] = np.where(row[seen] > 0, row[seen] / 1.1, row[seen] * 1.1)
        best = np.argsort(row)[-40:]
        best = best[row[best] >= row[best].max() + math.log(0.05)]
        weights = np.exp(row[best] - row[best].max())
        token = int(random.choice(best, p=weights / weights.sum()))
        if llama.is_end(token):
            return b"".join(map(llama.piece, path)).decode("utf-8", "replace"), True
        path.append(token)
        logits = llama.decode([token], len(tokens) + len(path) - 1)[0]
    return b"".join(map(llama.piece, path)).decode("utf-8", "replace"), False


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _factors(text: Any, which: int) -> dict[str, float] | None:
    return None if text is None else {name: math.exp(min(each[which], _MOST)) for name, each in text.items()}


def texts_until(texts: Sequence[Any], level: float, which: int = 1) -> tuple[int | None, float]:
    """After how many texts the bets reach a level (None: never), and the largest E.

    ``which``: 1 reads the core, as the detector does, 0 the whole.
    """
    names = list(next(each for each in texts if each is not None))
    bets = LikelihoodBets(names, [FAR], 0.3)
    for number, text in enumerate(texts, 1):
        whole = _factors(text, 0)
        bets.observe(_factors(text, which), None if whole is None else [whole])
        if bets.highest * level >= 1:
            return number, bets.highest
    return None, bets.highest


def either_until(texts: Sequence[Any], accuse: float, confirm: float) -> tuple[str, int]:
    """What texts come to where the file or its Q8_0 requantisation may be served: a word, and after how many texts."""
    names = list(next(each for each in texts if each is not None))
    bets = LikelihoodBets(names, [FAR, FAR], 0.3)
    for number, text in enumerate(texts, 1):
        whole, core = _factors(text, 0), _factors(text, 1)
        if whole is None or core is None:
            bets.observe(None, None)
        else:
            nearest = {name: min(f, f / core["Q8_0"]) for name, f in core.items()}
            bets.observe(nearest, [whole, {name: f / whole["Q8_0"] for name, f in whole.items()}])
        if bets.highest * accuse >= 1:
            return "inconsistent", number
        if bets.highest_within * confirm >= 1:
            return "consistent", number
    return "undecided", len(texts)


def either(repeats: int) -> str:
    """Where either of two files may be served: how often each word comes, and after how many texts."""
    rows = []
    for served, parts in EITHER.items():
        banks = [bank for name in parts if (bank := read_bank(name))]
        if len(banks) < len(parts):
            continue
        ended = [either_until(_drawn(banks, number), 0.05, 0.05) for number in range(repeats)]
        words = (share(sum(word == each for word, _ in ended), repeats) for each in ("inconsistent", "consistent"))
        asked = sorted(number for _, number in ended)
        texts = " + ".join(f"{len(bank):,}" for bank in banks)
        rows.append([served, texts, *words, f"{asked[repeats // 2]}", f"{asked[int(0.9 * repeats)]}"])
    note = (
        f"{repeats:,} draws, with replacement, of at most 200 of the recorded texts each, at .05 for either word; the "
        "intervals (95 %, Clopper-Pearson) are over draws of the same recorded texts. *In turn*: each text comes from "
        "either file with a chance of one half. Alternatives and cores are those of the first file, for both."
    )
    heads = ["served", "recorded", "inconsistent", "consistent", "median texts", ".9 quantile"]
    return table("Either of two files may be served: the file, and its Q8_0 requantisation", heads, rows, 1, note)


def _drawn(banks: Sequence[Bank], number: int) -> Bank:
    random = np.random.default_rng([_SEED, number])
    chosen = [banks[int(random.integers(len(banks)))] for _ in range(200)]
    return [bank[int(random.integers(len(bank)))] for bank in chosen]


def _runs(bank: Bank, length: int) -> Iterator[Bank]:
    return (bank[begin : begin + length] for begin in range(0, len(bank) - length + 1, length))


def false_alarms() -> str:
    """Disjoint runs of honest servers: the share that is accused, and the mean of the factors."""
    rows = []
    for served in (name for name in SERVED if name.startswith("own")):
        bank = read_bank(served)
        for length in (RUN, 200):
            runs = list(_runs(bank, length))
            if not runs:
                continue
            for which, name in ((1, "core"), (0, "whole")):
                highest = [texts_until(run, 0.0, which)[1] for run in runs]
                found = (share(sum(e * level >= 1 for e in highest), len(runs)) for level in (0.05, 0.01))
                rows.append([served, name, f"{length}", f"{len(runs):,}", *found])
    note = (
        "Each run has texts of its own; a run is read to its end. *core* is what the detector accuses by, *whole* the "
        "likelihood of the whole text, which takes a server's own cuts for another model. 95 % intervals "
        "(Clopper-Pearson)."
    )
    return table(
        "An endpoint that serves the reference", ["served", "read", "texts", "runs", "at .05", "at .01"], rows, 2, note
    )


def write_reports() -> None:
    """Write what reports show: runs of the reference's own texts, to their end, at .05."""
    runs = list(_runs(read_bank("own"), RUN))
    found = sum(texts_until(run, 0.05)[0] is not None for run in runs)
    what = f"runs of {RUN} texts that the reference itself drew, at 0.05"
    write_elsewhere("identity@2", what, found, len(runs))


def means() -> str:
    """The mean of each factor over texts of the reference: 1 in theory, by alternative."""
    rows = []
    for served in (name for name in SERVED if name.startswith("own")):
        bank = [each for each in read_bank(served) if each is not None]
        unread = len(read_bank(served)) - len(bank)
        for name in bank[0] if bank else ():
            factors = np.array([math.exp(min(each[name][1], _MOST)) for each in bank])
            error = factors.std() / math.sqrt(len(factors))
            rows.append([served, name, f"{factors.mean():.3f} ± {1.96 * error:.3f}", f"{len(bank):,}", f"{unread:,}"])
    return table(
        "The mean of a text's factor",
        ["served", "alternative", "mean (core)", "texts", "not readable"],
        rows,
        2,
        "± 1.96 standard errors. Above 1 it would accuse the honest in the long run.",
    )


def power(repeats: int) -> str:
    """Another model serves, or a share of it: the texts that it takes at .01."""
    own, rows = read_bank("own"), []
    for served in (name for name in SERVED if not name.startswith("own")):
        other = read_bank(served)
        if len(other) < _FEWEST:
            continue
        for part in (1.0, 0.3, 0.1):
            cells = []
            for which in (1, 0):
                took = [mixed_until(own, other, part, number, which) for number in range(repeats)]
                seen = sorted(each if each is not None else 10**9 for each in took)
                median, most = seen[len(seen) // 2], seen[int(0.9 * len(seen))]
                cells += [f"{median}" if median < 10**9 else "> 200", f"{most}" if most < 10**9 else "> 200"]
            cells.append(share(sum(each is not None for each in took), repeats))
            rows.append([served, f"{part:g}", *cells])
    note = (
        f"{repeats:,} draws, with replacement, of at most 200 of the recorded texts each; a share of 0.3: each text "
        "comes from the other model with a chance of .3. The last column is of *whole*."
    )
    heads = ["served", "share", "core: median", ".9 quantile", "whole: median", ".9 quantile", "seen in 200"]
    return table("Another model serves: texts until it is seen at .01", heads, rows, 1, note)


def mixed_until(own: Bank, other: Bank, part: float, number: int, which: int = 1) -> int | None:
    """After how many texts, of which a share comes from the other model, the bets see it at .01; None: not in 200."""
    random = np.random.default_rng([_SEED, number, round(100 * part)])
    size = min(200, len(other) if part == 1 else 200)
    texts = [
        (other if random.random() < part else own)[place]
        for place in random.integers(0, min(len(own), len(other)), size)
    ]
    return texts_until(texts, 0.01, which)[0]


@click.command()
@click.option("--record", "records", is_flag=True, help="Record the texts that are missing, first.")
@click.option("--only", default="", help="Record of this one alone.")
@click.option("--texts", type=int, help="Record so many of each, in place of the usual numbers.")
@click.option("--repeats", default=200, show_default=True, help="Orders of the recorded texts, for the power.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Also put the tables into this document.")
@click.option("--reports", is_flag=True, help="Write what reports show of it.")
def main(records: bool, only: str, texts: int | None, repeats: int, markdown: Path | None, reports: bool) -> None:
    """Record texts where asked, and print the tables."""
    for served, (usual, _) in SERVED.items():
        if records and only in ("", served):
            record(served, texts or usual)
    if records and only:
        return
    text = f"{command('bench.identity')}, {where()}\n\n{false_alarms()}\n{means()}\n{power(repeats)}\n{either(repeats)}"
    print(text)
    if markdown is not None:
        write_section(markdown, "identity", text)
    if reports:
        write_reports()


if __name__ == "__main__":
    main()
