"""``python -m bench.published_drawn``: drawn outputs held against weights: who is accused, and who is seen?

Outputs of the embedded file, of its requantisations, of another model, and of itself under what a log would not show (a
prompt, a penalty on repeated tokens, a higher temperature, cuts) are drawn and read once (``--record``, some seconds a
text; it goes on where it was stopped). The tables are made from these readings by the rule itself.
"""

from __future__ import annotations

import gzip
import json
import random
import time
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click
import numpy as np
from msgspec.structs import replace

from bench.engine.markdown import table, write_section
from bench.inhouse.table import command, share, where
from bench.published import prompts_of_kinds, under_hidden_prompt
from steelyard.records import GenerateRequest
from steelyard_forensics.identity.surprises import TextSurprise
from steelyard_forensics.published.bets import LEAST_GAIN, REQUANTISED, DrawnRow
from steelyard_forensics.published.outputs import rounded_surprise
from steelyard_forensics.sealed.rows import PublishedRow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from steelyard.models.llama import Llama
    from steelyard.models.session import InferenceSession

__all__ = ["HONEST", "KINDS", "SERVED", "main", "named", "read_bank"]

BANK: Final = Path(__file__).parent / "published_drawn.jsonl.gz"
KINDS: Final = ("neutral", "chat", "math")
TEXTS: Final = 60  # of each kind, at most
TOKENS: Final = 48
_ROUND: Final = 5  # of each kind at once


class Served(NamedTuple):
    """Who writes: a file, drawn at a temperature, and what a log may not show of how."""

    file: str
    temperature: float = 1.0
    top_p: float = 1.0
    penalty: float = 1.0
    hidden: bool = False
    one_seed: bool = False


SERVED: Final[Mapping[str, Served]] = {
    "own": Served("own"),
    "own, at .7": Served("own", 0.7),
    "own, at .5": Served("own", 0.5),
    "own, top-p .9": Served("own", top_p=0.9),
    "Q8_0": Served("Q8_0"),
    "own, hidden prompt": Served("own", hidden=True),
    "own, penalty 1.2": Served("own", penalty=1.2),
    "own, at 1.3": Served("own", 1.3),
    "own, one seed for all": Served("own", one_seed=True),
    "Gemma 3 270M": Served("gemma"),
    "Q3_K_M": Served("Q3_K_M"),
    "Q3_K_M, at .7": Served("Q3_K_M", 0.7),
    "Q2_K": Served("Q2_K"),
    "Q2_K, at .7": Served("Q2_K", 0.7),
}
HONEST: Final = tuple(SERVED)[:9]


# ── texts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def requests() -> dict[str, list[GenerateRequest]]:
    """The prompts, by kind."""
    from steelyard.tasks.generators.neutral_prompts import generate

    beginnings = [row["question"] for row in generate("bench/published_sampled", 4 * TEXTS)]
    found: dict[str, list[GenerateRequest]] = {}
    for kind, request in prompts_of_kinds(beginnings[:TEXTS], beginnings[2 * TEXTS : 3 * TEXTS], TOKENS, 11):
        found.setdefault(kind, []).append(request)
    return found


def _draw(row: NDArray[np.float32], served: Served, seen: Sequence[int], drawn: np.random.Generator) -> int:
    logits = row.astype(np.float64)
    if served.penalty != 1 and seen:
        at = np.array(sorted(set(seen)))
        logits[at] = np.where(logits[at] > 0, logits[at] / served.penalty, logits[at] * served.penalty)
    shares = np.exp((logits - logits.max()) / served.temperature)
    if served.top_p == 1 and not served.one_seed:
        return int(min(np.searchsorted(np.cumsum(shares), drawn.random() * shares.sum()), len(shares) - 1))
    order = np.argsort(-shares, kind="stable")  # likeliest first, as servers draw
    steps = np.cumsum(shares[order] / shares.sum())
    last = min(int(np.searchsorted(steps, served.top_p)), len(steps) - 1)
    return int(order[min(int(np.searchsorted(steps, drawn.random() * steps[last], side="right")), last)])


def _written(session: InferenceSession, llama: Llama, request: GenerateRequest, served: Served, seed: int) -> str:
    from steelyard.models.stops import cut_answer_at_stop

    drawn = np.random.default_rng(0 if served.one_seed else seed)
    prompt, path, data = session.prompt_tokens(request) or [], list[int](), b""
    llama.clear()
    row = llama.decode(prompt, 0)[0]
    for _ in range(request.max_tokens or TOKENS):
        token = _draw(row, served, [*prompt, *path], drawn)
        if llama.is_end(token):
            break
        path.append(token)
        data += llama.piece(token)
        text, stopped = cut_answer_at_stop(data.decode("utf-8", "replace"), request.stop)
        if stopped:
            return text
        row = llama.decode([token], len(prompt) + len(path) - 1)[0]
    return data.decode("utf-8", "replace")


@cache
def read_bank() -> dict[tuple[str, str], dict[int, tuple[str, TextSurprise | None]]]:
    """What was recorded, by who writes and the kind of prompt: by prompt the text and its reading, None if unread."""
    found: dict[tuple[str, str], dict[int, tuple[str, TextSurprise | None]]] = {}
    if BANK.is_file():
        with gzip.open(BANK, "rt") as file:
            for line in file:
                served, kind, number, text, reading = json.loads(line)
                read = None if reading is None else TextSurprise(*reading)
                found.setdefault((served, kind), {})[number] = text, read
    return found


def record(seconds: float) -> None:
    """Draw texts in rounds of all who write, and read them, until the time is over."""
    from steelyard.models.embedded_file import cache_folder, ensure_smollm2
    from steelyard.models.llama import Llama
    from steelyard.models.requantisations import Requantisations
    from steelyard.models.session import InferenceSession
    from steelyard_forensics.identity.surprises import SurpriseReader
    from steelyard_forensics.identity.transcripts import TranscriptReader

    end, files, bank = time.monotonic() + seconds, Requantisations(ensure_smollm2()), read_bank()
    places = {"own": files.path, "gemma": cache_folder() / "gemma-3-270m-q4_k_m.gguf"}
    opened: dict[str, Llama] = {}

    def model(name: str) -> Llama:
        if name not in opened:
            path = places.get(name) or files.file(name)[0]
            opened[name] = Llama(path, threads=1, context_limit=1024)
        return opened[name]

    reader = SurpriseReader(TranscriptReader(model("own"), {each: model(each) for each in REQUANTISED}))
    sessions = {each.file: InferenceSession(model(each.file)) for each in SERVED.values()}
    for begin in range(0, TEXTS, _ROUND):
        for (name, served), kind in product(SERVED.items(), KINDS):
            if served.file == "gemma" and kind == "chat":
                continue  # a base model
            lines = []
            for number in range(begin, begin + _ROUND):
                if number in bank.get((name, kind), {}):
                    continue
                request = replace(requests()[kind][number], temperature=min(served.temperature, 1.0))
                asked = under_hidden_prompt(kind, request) if served.hidden else request
                seed = zlib.crc32(f"{name} {kind} {number}".encode())
                text = _written(sessions[served.file], model(served.file), asked, served, seed)
                reading = reader.surprise(request, text)
                bank.setdefault((name, kind), {})[number] = text, reading
                lines.append(json.dumps([name, kind, number, text, reading and _recorded(reading)]))
            with gzip.open(BANK, "at") as file:
                file.write("".join(f"{line}\n" for line in lines))
            if time.monotonic() > end:
                return
        print(f"{begin + _ROUND:,} of each kind", flush=True)


def _recorded(reading: TextSurprise) -> tuple[int, float, dict[str, float]]:
    return reading.tokens, round(reading.surprise, 4), {name: round(each, 2) for name, each in reading.gains.items()}


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _texts(served: str, kind: str = "") -> list[TextSurprise]:
    """The readings of one who writes, after prompts of a kind, or of all."""
    kinds = [kind] if kind else KINDS
    return [read for each in kinds for _, read in read_bank().get((served, each), {}).values() if read is not None]


def _better(texts: Sequence[TextSurprise], name: str) -> str:
    return share(sum(each.gains[name] > LEAST_GAIN for each in texts), len(texts))


def explained() -> str:
    """How surprising texts are, and how many of them a requantisation explains better, by who drew them."""
    rows = []
    for served in SERVED:
        for kind in (*KINDS, ""):
            texts = _texts(served, kind)
            if texts:
                surprise = [each.surprise for each in texts]
                error = np.std(surprise, ddof=1) / len(texts) ** 0.5
                better = [_better(texts, name) for name in REQUANTISED]
                gains = [f"{np.mean([each.gains[name] for each in texts]):+.1f}" for name in REQUANTISED]
                line = [f"{len(texts)}", f"{np.mean(surprise):.3f} ± {1.96 * error:.3f}", *better, *gains]
                rows.append([served, kind or "all", *line])
    honest = [each for served in HONEST for each in _texts(served)]
    better = [_better(honest, name) for name in REQUANTISED]
    rows.append(["the weights themselves, however asked", "all", f"{len(honest)}", "", *better, "", ""])
    heads = ["drawn by", "prompts", "texts", "surprise", *(f"{name} better" for name in REQUANTISED)]
    note = (
        f"Outputs of at most {TOKENS} tokens, at temperature 1 where none is named; SmolLM2 at 4 bits, what it is "
        "requantised to, and Gemma 3 270M (a base model, not asked by chat). *Surprise*: the mean over texts, with "
        "1.96 standard errors. *Better*: the share of texts that the requantisation explains better, by more than "
        f"{LEAST_GAIN:g} nats, each file at the temperature that suits it best, with the exact interval at 95 %; "
        "*gain*: by how many nats, on average. *Hidden*: under a system prompt (chat) or behind a rhyme that the log "
        "does not show; *penalty*: on repeated tokens; *one seed*: all texts by the same random numbers."
    )
    return table("Who drew them, and who explains them", [*heads, *(f"gain {q}" for q in REQUANTISED)], rows, 2, note)


def named(served: str, number: int, limit: int = 100) -> int | None:
    """After how many outputs one benchmark of a log of three is inconsistent; None: not after ``limit``."""
    texts, drawn = _texts(served), random.Random(number)
    row = DrawnRow(PublishedRow(task="t", measurement="t", chat=False, texts=limit, temperature=1.0))
    for at in range(limit):
        row.observe(rounded_surprise(f"{at}", drawn.choice(texts)))
        if row.is_over(3):
            return at + 1
    return None


def rows_named(repeats: int) -> str:
    """How often a benchmark is named, and after how many outputs."""
    rows = []
    for served in filter(_texts, SERVED):
        found = sorted(each for number in range(repeats) if (each := named(served, number)) is not None)
        median = f"{found[len(found) // 2]}" if found else "–"
        rows.append([served, f"{len(_texts(served))}", share(len(found), repeats), median])
    note = (
        f"{repeats:,} logs of three benchmarks, of which this one has 100 outputs, drawn with replacement from the "
        "recorded ones of all prompts: so the intervals are those of the drawing, not of the few texts. Median outputs "
        "of those named."
    )
    return table("One benchmark of a log, by who drew it", ["by", "texts", "inconsistent", "outputs"], rows, 1, note)


@click.command()
@click.option("--record", "seconds", type=float, default=0.0, help="Record texts for so many seconds, first.")
@click.option("--repeats", default=500, show_default=True, help="Logs that are drawn.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Also put the tables into this document.")
def main(seconds: float, repeats: int, markdown: Path | None) -> None:
    """Record texts where asked, and print the tables."""
    if seconds:
        record(seconds)
    text = f"{command('bench.published_drawn')}, {where()}\n\n{explained()}\n{rows_named(repeats)}"
    print(text)
    if markdown is not None:
        write_section(markdown, "published-drawn", text)


if __name__ == "__main__":
    main()
