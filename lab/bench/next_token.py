"""``python -m bench.next_token``: how often the detector of next tokens is wrong, and how soon it sees another model.

Next tokens of the embedded file as other servers give them, and of other models, are recorded once on neutral prompts,
as differences from the reference (``--record``; it goes on where it was stopped). The tables are made from these by the
detector's own bets.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

import click
import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.elsewhere import write_elsewhere
from bench.engine.markdown import table, write_section
from bench.inhouse.table import command, share, where
from steelyard_forensics.next_token.detector import FAR, MOST_PROMPTS, TOLERANCE, WITHIN
from steelyard_forensics.next_token.distance import distance
from steelyard_forensics.stats.mean_bets import MeanBets

__all__ = [
    "HONEST",
    "OTHERS",
    "Bank",
    "common",
    "distances_of",
    "main",
    "other_banks",
    "prompts_until",
    "read_bank",
]

BANKS: Final = Path(__file__).parent / "next_token_lists"
RUN: Final = 20  # prompts
LEVELS: Final = (0.05, 0.01)
_SEED: Final = 20261127
_BATCH: Final = 20
_SIMULATED: Final = 4_000  # runs
_SMALL: Final = 0.002  # of the order of a test's share of the budget
_OWN: Final = "llama.cpp's server, eight at a time"  # beside which others are mixed
_ONE_BURST: Final = "exactly 5, in one burst"
_TEMPERATURES: Final = (0.7, 0.9, 1.1, 1.3)

# By prompt, of each token that the reference expects: endpoint less reference (nats), None where it was not sent.
Bank = list[list[float | None]]
Lists = Callable[[Sequence[str]], list[dict[str, float]]]  # of prompts, by the text of a token its log-probability

HONEST: Final[Mapping[str, int]] = {  # prompts that are recorded
    "llama.cpp's server, one at a time": 100,
    "llama.cpp's server, eight at a time": 100,
    "flash attention": 100,
    "flash attention, cache of 8 bits": 100,
    "the same weights in 32 bits": 100,
    "transformers, float32": 100,
    "transformers, bfloat16": 100,
}
REFERENCE: Final = "reference"
OTHERS: Final[Mapping[str, int]] = {"Q8_0": 100, "Q6_K": 100, "Q4_K_M": 100, "Q3_K_M": 100, "Q2_K": 100}


# ── what is recorded ────────────────────────────────────────────────────────────────────────────────────────────────


def path_of(served: str) -> Path:
    """The file of a bank."""
    return BANKS / f"{served.replace(',', '').replace('.', '').replace(chr(39), '').replace(' ', '-')}.jsonl.gz"


def read_bank(served: str) -> Bank:
    """The prompts of what serves, as far as they are recorded; of the reference itself its own values."""
    if not path_of(served).is_file():
        return []
    with gzip.open(path_of(served), "rt") as file:
        return [json.loads(line) for line in file]


def record(served: str, prompts: int, lists: Lists | None) -> None:
    """Record until there are so many prompts, all the same; without ``lists`` the reference's own values."""
    from steelyard.models import Settings
    from steelyard.models.reference import open_reference
    from steelyard.tasks.generators.neutral_prompts import generate

    texts = [row["question"] for row in generate("bench/next_token", prompts)]
    BANKS.mkdir(exist_ok=True)
    reference = open_reference("embedded:smollm2", Settings())
    for begin in range(len(read_bank(served)), prompts, _BATCH):
        part = texts[begin : begin + _BATCH]
        answers = lists(part) if lists else [None] * len(part)
        lines = []
        for text, given in zip(part, answers, strict=True):
            found = reference.next_tokens(text)
            row = [_recorded(given, token, value) for token, value in found]
            lines.append(json.dumps(row, separators=(",", ":")) + "\n")
        with gzip.open(path_of(served), "at") as file:
            file.writelines(lines)
        print(f"{served}: {begin + len(lines):,} of {prompts:,}", flush=True)
    asyncio.run(reference.close())


def _recorded(given: Mapping[str, float] | None, token: str, value: float) -> float | None:
    if given is None:
        return round(value, 4)
    return round(given[token] - value, 4) if token in given else None


@contextmanager
def lists_of(served: str) -> Iterator[Lists | None]:
    """What serves, at work; None for the reference itself."""
    from steelyard.models.embedded_file import ensure_smollm2

    own = ensure_smollm2()
    if served == REFERENCE:
        yield None
    elif "server" in served:
        from testkit.fixtures import llama_serving

        with llama_serving(own, parallel=8 if "eight" in served else 1) as address:
            yield lambda prompts: _over_the_wire(address, prompts, together="eight" in served)
    elif served.startswith("transformers"):
        yield _transformers(own, served.rpartition(" ")[2])
    elif served.startswith("flash"):
        yield _in_process(own, flash=True, cache="Q8_0" if "cache" in served else "")
    else:
        with _requantised(own, "F32" if "32 bits" in served else served) as path:
            yield _in_process(path)


@contextmanager
def _requantised(own: Path, kind: str) -> Iterator[Path]:
    from steelyard.models.requantise import requantise

    with tempfile.TemporaryDirectory() as folder:
        yield requantise(f"gguf:{own}", Path(folder) / f"{kind}.gguf", kind).path


def _over_the_wire(address: str, prompts: Sequence[str], *, together: bool) -> list[dict[str, float]]:
    """As an audit asks: one after another, or all at once, so that the server puts them into one batch."""
    from steelyard.models import Settings
    from steelyard.models.openai import open_openai
    from steelyard.records import NextTokenRequest

    async def ask() -> list[dict[str, float]]:
        model = open_openai(f"small@{address}", Settings(concurrency=8))
        requests = [NextTokenRequest(context=prompt) for prompt in prompts]
        if together:
            outputs = await asyncio.gather(*map(model.next_token, requests))
        else:
            outputs = [await model.next_token(request) for request in requests]
        await model.close()
        return [_by_text(output.text, output.logprobs) for output in outputs]

    return asyncio.run(ask())


def _in_process(path: Path, *, flash: bool = False, cache: str = "") -> Lists:
    """By llama.cpp in this process; with flash attention, and a cache of keys and values in another type."""
    from steelyard.models import llama, session
    from steelyard.records import NextTokenRequest

    class Other(llama.Llama):
        def _open_context(self) -> Any:
            parameters = self._lib.llama_context_default_params()
            parameters.n_ctx, parameters.n_seq_max = self.context_tokens, 1
            parameters.n_batch = parameters.n_ubatch = llama.BATCH
            parameters.n_outputs_max = parameters.n_outputs_max_per_seq = llama.OUTPUTS
            parameters.n_threads = parameters.n_threads_batch = self.threads
            parameters.flash_attn_type = int(flash)
            if cache:
                parameters.type_k = parameters.type_v = getattr(self._lib, f"GGML_TYPE_{cache}")
            return self._lib.llama_init_from_model(self._model, parameters)

    asked = session.InferenceSession(Other(path, threads=1, context_limit=2048))

    def lists(prompts: Sequence[str]) -> list[dict[str, float]]:
        outputs = [asked.next_token(NextTokenRequest(context=prompt)) for prompt in prompts]
        return [_by_text(output.text, output.logprobs) for output in outputs]

    return lists


def _transformers(path: Path, kind: str) -> Lists:
    """By transformers (with ``gguf`` and ``accelerate``), which makes float weights of the file."""
    import torch
    from transformers import AutoModelForCausalLM

    from steelyard.models.llama import Llama

    llama = Llama(path, threads=1, context_limit=512)
    torch.set_num_threads(1)
    load: Any = AutoModelForCausalLM.from_pretrained
    model = load(str(path.parent), gguf_file=path.name, dtype=getattr(torch, kind)).eval()

    def one(prompt: str) -> dict[str, float]:
        tokens = torch.tensor([llama.opening() + llama.tokenise(prompt)])
        with torch.no_grad():
            logs = torch.log_softmax(model(input_ids=tokens).logits[0, -1].float(), -1)
        values, places = logs.topk(20)
        pieces = (llama.piece(int(place)).decode("utf-8", "replace") for place in places)
        return dict(zip(pieces, map(float, values), strict=True))

    return lambda prompts: [one(prompt) for prompt in prompts]


def _by_text(text: str, logprobs: Sequence[float]) -> dict[str, float]:
    return dict(zip(msgspec.json.decode(text, type=list[str]), logprobs, strict=True))


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def distances_of(bank: Bank) -> list[tuple[float, float]]:
    """At least and at most how far (nats) each prompt is from the reference."""
    return [distance([each for each in row if each is not None], len(row)) for row in bank]


def at_temperature(temperature: float) -> Bank:
    """What the reference would send whose values are those of another temperature, from its own values."""
    return [[value / temperature - value for value in row if value is not None] for row in read_bank(REFERENCE)]


def prompts_until(distances: Sequence[tuple[float, float]], level: float) -> tuple[int | None, int | None, float]:
    """After how many prompts the bets that accuse, and those that confirm, reach a level (None: never).

    At last the largest E of the former.
    """
    bets, took, confirmed = MeanBets(float(TOLERANCE), float(WITHIN)), None, None
    for number, (least, most) in enumerate(distances, 1):
        bets.observe(float(least > float(FAR)), float(most > float(FAR)))
        took = number if took is None and bets.highest * level >= 1 else took
        confirmed = number if confirmed is None and bets.highest_within * level >= 1 else confirmed
    return took, confirmed, bets.highest


def _runs(distances: Sequence[Any], length: int) -> list[Sequence[Any]]:
    return [distances[begin : begin + length] for begin in range(0, len(distances) - length + 1, length)]


def _mean(distances: Sequence[tuple[float, float]]) -> list[str]:
    least = np.array([each for each, _ in distances])
    error = least.std() / np.sqrt(len(least))
    unsent = np.mean([most - least for least, most in distances])
    far = share(int((least > float(FAR)).sum()), len(least))
    return [f"{least.mean():.3f} ± {1.96 * error:.3f}", f"{least.max():.3f}", f"{unsent:.3f}", far]


def false_alarms() -> str:
    """Disjoint runs of servers that serve the reference: the mean distance, and the share that is accused."""
    rows = []
    for served in HONEST:
        distances = distances_of(read_bank(served))
        if not distances:
            continue
        runs = _runs(distances, RUN)
        highest = [prompts_until(run, 0.0)[2] for run in runs]
        found = (share(sum(e * level >= 1 for e in highest), len(runs)) for level in LEVELS)
        rows.append([served, f"{len(distances):,}", *_mean(distances), f"{len(runs):,}", *found])
    note = (
        f"Nats. ± 1.96 standard errors. *Far*: the share of prompts after which it is farther than {FAR}; {TOLERANCE} "
        f"is the tolerance. A run has {RUN} prompts of its own, read to its end; where servers have other "
        "numbers of prompts, the fewer are the first of the more. 95 % intervals (Clopper-Pearson)."
    )
    heads = ["served", "prompts", "mean distance", "largest", "not sent", "far", "runs", "at .05", "at .01"]
    return table("Servers that serve the reference", heads, rows, 1, note)


def other_banks() -> dict[str, Bank]:
    """What was recorded of other models, and the reference itself at other temperatures."""
    found = {served: read_bank(served) for served in OTHERS}
    return found | {f"temperature {each}": at_temperature(each) for each in _TEMPERATURES}


def bursts(repeats: int) -> str:
    """Five of a hundred prompts are far: how often that accuses, by how they are spread."""
    random = np.random.default_rng([_SEED, 5])
    one_by_one = np.arange(MOST_PROMPTS) < round(float(TOLERANCE) * MOST_PROMPTS)
    of_a_run = np.arange(MOST_PROMPTS) < MOST_PROMPTS // 4
    places = MOST_PROMPTS - int(one_by_one.sum()) + 1
    spread: Mapping[str, Iterable[NDArray[np.bool_]]] = {
        "each with a chance of .05": (random.random(MOST_PROMPTS) < float(TOLERANCE) for _ in range(repeats)),
        "exactly 5, spread at random": (random.permutation(one_by_one) for _ in range(repeats)),
        _ONE_BURST: (np.roll(one_by_one, place) for place in range(places)),
        "25 in a fifth of runs, none in others": (
            random.permutation(of_a_run) & (random.random() < 0.2) for _ in range(repeats)
        ),
    }
    rows = []
    for how, runs in spread.items():
        highest = [_highest(far) for far in runs]
        found = [sum(e * level >= 1 for e in highest) for level in (*LEVELS, _SMALL)]
        rates = (f"{n} of {len(highest)}" if how == _ONE_BURST else share(n, len(highest)) for n in found)
        rows.append([how, f"{len(highest):,}", *rates])
    note = (
        f"{MOST_PROMPTS} prompts a run; simulated with 95 % intervals (Clopper-Pearson), the burst counted at all its "
        "places. The null hypothesis is that of the first row, after each prompt whatever came before. In the others "
        "it does not hold, though 5 % of prompts are far in all; spread at random they accuse no more often."
    )
    heads = ["far of 100 prompts", "runs", *(f"at {level:g}".replace("0.", ".") for level in (*LEVELS, _SMALL))]
    return table("Five of a hundred prompts are far", heads, rows, 1, note)


def _highest(far: Sequence[bool] | NDArray[np.bool_]) -> float:
    bets = MeanBets(float(TOLERANCE), float(WITHIN))
    for each in far:
        bets.observe(float(each), float(each))
    return bets.highest


def common(banks: Mapping[str, Bank]) -> dict[str, Bank]:
    """Of banks that are compared or mixed, the prompts that all of them have; those without any are left out."""
    recorded = {served: bank for served, bank in banks.items() if bank}
    most = min(map(len, recorded.values()), default=0)
    return {served: bank[:most] for served, bank in recorded.items()}


def power(repeats: int) -> str:
    """Another model serves, or a share of it: the prompts that it takes at .01."""
    banks = common({_OWN: read_bank(_OWN)} | other_banks())
    own = distances_of(banks.pop(_OWN, []))
    rows = []
    for served, bank in banks.items() if own else ():
        other = distances_of(bank)
        for part in (1.0, 0.3, 0.1):
            took = [prompts_until(_mixed(own, other, part, number), 0.01)[0] for number in range(repeats)]
            seen = sorted(each if each is not None else 10**9 for each in took)
            median, most = seen[len(seen) // 2], seen[int(0.9 * len(seen))]
            cells = [f"{each}" if each < 10**9 else f"> {MOST_PROMPTS}" for each in (median, most)]
            mean, _, _, far = _mean(other) if part == 1 else [""] * 4
            rows.append(
                [served, f"{part:g}", mean, far, *cells, share(sum(each is not None for each in took), repeats)]
            )
    note = (
        f"{repeats:,} draws, with replacement, of {MOST_PROMPTS} of the prompts that all have; a share of 0.3: each "
        "prompt is answered by the other model with a chance of .3, else by llama.cpp's server. Values of another "
        "temperature follow from the reference's own."
    )
    heads = ["served", "share", "mean distance", "far", "median", ".9 quantile", f"seen in {MOST_PROMPTS}"]
    return table("Another model serves: prompts until it is seen at .01", heads, rows, 1, note)


def _mixed(own: Sequence[Any], other: Sequence[Any], part: float, number: int) -> list[Any]:
    random = np.random.default_rng([_SEED, number, round(100 * part)])
    kinds = random.random(MOST_PROMPTS) < part
    banks = (other if is_other else own for is_other in kinds)
    return [bank[int(random.integers(len(bank)))] for bank in banks]


def confirmed(repeats: int) -> str:
    """How often, and after how many prompts, a server is called consistent at a first audit's level."""
    level = 0.05 * 6 / np.pi**2
    rows = []
    for served, bank in common({name: read_bank(name) for name in HONEST} | other_banks()).items():
        distances = distances_of(bank)
        draws = (_mixed(distances, distances, 1, number) for number in range(repeats))
        within = [prompts_until(draw, level)[1] for draw in draws]
        seen = sorted(each if each is not None else 10**9 for each in within)
        median = seen[len(seen) // 2]
        rows.append(
            [
                served,
                share(sum(each is not None for each in within), repeats),
                f"{median}" if median < 10**9 else f"> {MOST_PROMPTS}",
            ]
        )
    note = (
        f"{repeats:,} draws of {MOST_PROMPTS} of the prompts that all have, at the level of a first audit with a key."
    )
    heads = ["served", f"far after less than {WITHIN}", "median prompts"]
    return table("Who is called consistent", heads, rows, 1, note)


def write_reports() -> None:
    """Write what reports show: of disjoint sets of prompts, how many accuse any of the servers that were asked them.

    Not all servers were asked all prompts: a set counts once, however many of them it was recorded of.
    """
    servers = [_runs(distances_of(read_bank(served)), RUN) for served in HONEST]
    sets = [[run for run in runs if run is not None] for runs in zip_longest(*servers)]
    found = sum(any(prompts_until(run, 0.05)[0] is not None for run in runs) for runs in sets)
    asked = sorted({len(runs) for runs in sets})
    of = f"{asked[0]} to {asked[-1]} servers" if len(asked) > 1 else f"{asked[0]} servers"
    what = f"sets of {RUN} prompts, each asked of {of} of the reference's weights, at 0.05"
    write_elsewhere("next_token@1", what, found, len(sets))


@click.command()
@click.option("--record", "records", is_flag=True, help="Record the prompts that are missing, first.")
@click.option("--only", default="", help="Record of this one alone.")
@click.option("--prompts", type=int, help="Record so many of each, in place of the usual numbers.")
@click.option("--repeats", default=400, show_default=True, help="Draws of the recorded prompts, for the power.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Also put the tables into this document.")
@click.option("--reports", is_flag=True, help="Write what reports show of it.")
def main(records: bool, only: str, prompts: int | None, repeats: int, markdown: Path | None, reports: bool) -> None:
    """Record where asked, and print the tables."""
    for served, usual in {REFERENCE: 100, **HONEST, **OTHERS}.items() if records else ():
        wanted = prompts or usual
        if only in ("", served) and len(read_bank(served)) < wanted:
            with lists_of(served) as lists:
                record(served, wanted, lists)
    if records and only:
        return
    tables = (false_alarms(), bursts(_SIMULATED), power(repeats), confirmed(repeats))
    text = "\n".join([f"{command('bench.next_token')}, {where()}", "", *tables])
    print(text)
    if markdown is not None:
        write_section(markdown, "next-token", text)
    if reports:
        write_reports()


if __name__ == "__main__":
    main()
