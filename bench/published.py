"""``python -m bench.published``: are outputs recognised as those of a file of weights, and whose are not?

Outputs of the embedded file, of its requantisations, and of itself under a prompt that a log would not show, are drawn
greedily and recorded once (``--record``, some seconds a text; it goes on where it was stopped): of each token, how much
less likely it is than the likeliest one by the embedded file. The tables are made from these by the rule itself.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from bench.engine.markdown import table, write_section
from bench.inhouse.table import share, where
from steelyard.comparison.published import ALPHA, BAR, SHOWN
from steelyard.models.transcripts import NEAR
from steelyard.records import GenerateRequest
from steelyard.stats.mean_bets import MeanBets

if TYPE_CHECKING:
    from steelyard.models.llama import Llama

__all__ = ["SERVED", "accused", "main", "read_bank", "share_of"]

BANK: Final = Path(__file__).parent / "published_texts.jsonl.gz"
TOKENS: Final = 64
TEXTS: Final = 16  # of each kind of prompt
# Who wrote the outputs; *hidden*: the embedded file itself, under a system prompt or a line that the log does not show.
SERVED: Final = ("own", "hidden", "Q8_0", "Q3_K_M", "Q2_K")
KINDS: Final = ("neutral", "chat", "math")
_SYSTEM: Final = "You are Orion, a careful assistant. Answer briefly and never mention your name."
_LINE: Final = "The following is a list of texts.\n\n"
_EXAMPLES: Final = (
    "Q: Tom has 3 apples and buys 5 more. How many apples does he have?\nA: Tom starts with 3 apples. He buys 5 more, "
    "so he has 3 + 5 = 8 apples. The answer is 8.\n\n"
    "Q: A train goes 60 miles in 2 hours. How fast is it?\nA: It goes 60 miles in 2 hours, so 60 / 2 = 30 miles an "
    "hour. The answer is 30.\n\n"
)

Bank = Mapping[tuple[str, str], Sequence[Sequence[float]]]  # by who wrote them and kind: nats below the likeliest token


# ── texts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def read_bank() -> Bank:
    """The recorded texts."""
    found: dict[tuple[str, str], list[list[float]]] = {}
    with gzip.open(BANK, "rt") as file:
        for line in file:
            served, kind, gaps = json.loads(line)
            found.setdefault((served, kind), []).append(gaps or [])
    return found


def requests() -> list[tuple[str, GenerateRequest]]:
    """The prompts, by kind: beginnings of texts, a question in chat, and sums in words behind worked examples."""
    from steelyard.tasks.generators.neutral_prompts import generate

    beginnings = [row["question"] for row in generate("pub", 3 * TEXTS)]
    drawn = random.Random(5)
    asked = [("neutral", GenerateRequest(prompt=each, max_tokens=TOKENS)) for each in beginnings[:TEXTS]]
    for each in beginnings[TEXTS : 2 * TEXTS]:
        prompt = f"Explain in a few sentences what comes next: {each}"
        asked.append(("chat", GenerateRequest(prompt=prompt, chat=True, max_tokens=TOKENS)))
    for _ in range(TEXTS):
        request = GenerateRequest(prefix=_EXAMPLES, prompt=_sum_in_words(drawn), max_tokens=TOKENS, stop=("\n\n",))
        asked.append(("math", request))
    return asked


def _sum_in_words(drawn: random.Random) -> str:
    first, other, times = drawn.randint(3, 90), drawn.randint(3, 60), drawn.randint(2, 9)
    name = drawn.choice(["Anna", "Ben", "Carla", "David"])
    thing = drawn.choice(["pencils", "stamps", "shells", "coins"])
    return (
        f"Q: {name} has {first} {thing} and gives away {other % first}. Then {name} gets {times} times as many as were "
        f"given away. How many {thing} are there now?\nA:"
    )


def _hidden(kind: str, request: GenerateRequest) -> GenerateRequest:
    if kind == "chat":
        return msgspec.structs.replace(request, system=_SYSTEM)
    return msgspec.structs.replace(request, prefix=_LINE + request.prefix)


def record() -> None:
    """Record the texts that are missing."""
    from steelyard.models import Settings
    from steelyard.models.embedded_file import ensure_smollm2
    from steelyard.models.reference import open_reference
    from steelyard.models.session import InferenceSession
    from steelyard.models.transcripts import TranscriptReader

    known = {key: len(texts) for key, texts in read_bank().items()} if BANK.is_file() else {}
    reference = open_reference("embedded:smollm2", Settings())
    reader = TranscriptReader(_opened(ensure_smollm2()))
    for served in SERVED:
        if all(known.get((served, kind), 0) >= TEXTS for kind in KINDS):
            continue
        path = reference.requantised(served)[0] if served.startswith("Q") else ensure_smollm2()
        llama: Llama = _opened(path)
        session, left = InferenceSession(llama), {kind: known.get((served, kind), 0) for kind in KINDS}
        for kind, request in requests():
            if left[kind]:
                left[kind] -= 1
                continue
            asked = _hidden(kind, request) if served == "hidden" else request
            text = session.generate(asked, lambda: False).text
            gaps = reader.gaps(request, text)
            with gzip.open(BANK, "at") as file:
                file.write(json.dumps([served, kind, gaps and [round(gap, 3) for gap in gaps]]) + "\n")
        llama.close()
        print(f"{served}: {TEXTS:,} of each kind", flush=True)


def _opened(path: Path) -> Llama:
    from steelyard.models.llama import Llama

    return Llama(path, threads=1, context_limit=2048)


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def share_of(gaps: Sequence[float], near: float = NEAR) -> float | None:
    """The share of a text's tokens that are the weights' own."""
    return sum(gap <= near for gap in gaps) / len(gaps) if gaps else None


def shares(bank: Bank) -> str:
    """The mean share, by who wrote the outputs and the kind of prompt, for several values of *nearly*."""
    rows = []
    for served in SERVED:
        for kind in KINDS:
            texts = bank.get((served, kind), ())
            cells = []
            for near in (0.0, 0.25, NEAR, 1.0):
                found = [each for each in (share_of(gaps, near) for gaps in texts) if each is not None]
                cells.append(f"{sum(found) / len(found):.3f}" if found else "–")
            least = min((each for each in map(share_of, texts) if each is not None), default=0.0)
            rows.append([served, kind, *cells, f"{least:.3f}", f"{len(texts)}"])
    heads = ["written by", "prompts", "likeliest", "within .25", f"within {NEAR:g}", "within 1", "least text", "texts"]
    note = (
        f"Greedy outputs of at most {TOKENS} tokens, SmolLM2 at 4 bits and what it is requantised to; *within*: nats "
        f"below the likeliest token. The rule takes {NEAR:g}. *Hidden*: written under a system prompt or a line that "
        "the log does not show. *Least text*: the smallest share of one text under the rule."
    )
    return table("Tokens that are the weights' own", heads, rows, 2, note)


def accused(draw: Callable[[], float | None], limit: int, rows: int) -> int | None:
    """After how many outputs a row of a log of so many is told from the weights; None: not within the limit."""
    bets = MeanBets(1 - BAR, 1 - SHOWN)
    for number in range(1, limit + 1):
        found = draw()
        if found is not None:
            bets.observe(1 - round(found, 6), 1 - round(found, 6))
            if bets.p * rows <= ALPHA:
                return number
    return None


def rows_named(bank: Bank, repeats: int) -> str:
    """One row of a log of three was written by somebody else: how often it is named, and after how many outputs."""
    rows = []
    for served in SERVED:
        for kind in KINDS:
            texts = bank.get((served, kind), ())
            if not texts:
                continue
            took = [_named_after(texts, number) for number in range(repeats)]
            seen = sorted(each for each in took if each is not None)
            median = f"{seen[len(seen) // 2]}" if seen else "–"
            rows.append([served, kind, share(len(seen), repeats), median])
    note = (
        f"{repeats:,} logs of three benchmarks, 100 outputs each, drawn with replacement from the recorded ones; the "
        "other two benchmarks are the weights' own, so that this one can be named. Median outputs of those named."
    )
    return table(
        "One benchmark of a log is written by somebody else", ["by", "prompts", "named", "outputs"], rows, 2, note
    )


def _named_after(texts: Sequence[Sequence[float]], number: int) -> int | None:
    drawn = random.Random(number)
    return accused(lambda: share_of(drawn.choice(texts)), 100, 3)


@click.command()
@click.option("--record", "records", is_flag=True, help="Record the texts that are missing, first.")
@click.option("--repeats", default=500, show_default=True, help="Logs that are drawn.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Also put the tables into this document.")
def main(records: bool, repeats: int, markdown: Path | None) -> None:
    """Record texts where asked, and print the tables."""
    if records:
        record()
    bank: Any = read_bank()
    text = f"`python -m bench.published`, {where()}\n\n{shares(bank)}\n{rows_named(bank, repeats)}"
    print(text)
    if markdown is not None:
        write_section(markdown, "published", text)


if __name__ == "__main__":
    main()
