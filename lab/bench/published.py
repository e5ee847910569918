"""``python -m bench.published``: are outputs recognised as those of a file of weights, and whose are not?

Outputs of the embedded file, of its requantisations, and of itself under a prompt or a repeat penalty that a log would
not show, are drawn greedily and recorded once (``--record``, some seconds a text; it goes on where it was stopped): of
each token, how much less likely it is than the likeliest one, by the embedded file and by two requantisations. The
tables are made from these by the rule itself.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec
import numpy as np

from bench.engine.markdown import table, write_section
from bench.inhouse.table import command, share, where
from steelyard.records import GenerateRequest
from steelyard_forensics.identity.transcripts import NEAR, Gaps, shares_of
from steelyard_forensics.published.bets import ALPHA, REQUANTISED, GreedyRow
from steelyard_forensics.published.outputs import rounded
from steelyard_forensics.sealed.rows import PublishedRow

if TYPE_CHECKING:
    from steelyard.models.llama import Llama
    from steelyard.models.session import InferenceSession

__all__ = [
    "EXAMPLES",
    "HONEST",
    "SERVED",
    "main",
    "named",
    "needed",
    "prompts_of_kinds",
    "read_bank",
    "read_texts",
    "under_hidden_prompt",
]

BANK: Final = Path(__file__).parent / "published_texts.jsonl.gz"
TOKENS: Final = 64
TEXTS: Final = 10  # of each kind of prompt
# Who wrote the outputs. *Hidden*: the embedded file itself, under a prompt that the log does not show (a system prompt,
# or a rhyme before everything); *penalty*: itself, repeated tokens being less likely.
SERVED: Final = ("own", "hidden", "penalty", "Q8_0", "Q3_K_M", "Q2_K")
HONEST: Final = ("own", "hidden", "penalty", "Q8_0")
KINDS: Final = ("neutral", "chat", "math")
_SYSTEM: Final = "You are Orion, a careful assistant. Answer briefly and never mention your name."
_RHYME: Final = (
    "The owl and the kettle went over the sea, in a boat that was painted with jam; they took seven spoons and a "
    "jar full of tea, and a letter addressed to a clam. The moon gave a cough and the stars gave a bow, and the "
    "fishes recited their rhymes.\n\n"
)
_PENALTY: Final = 1.2
EXAMPLES: Final = (
    "Q: Tom has 3 apples and buys 5 more. How many apples does he have?\nA: Tom starts with 3 apples. He buys 5 more, "
    "so he has 3 + 5 = 8 apples. The answer is 8.\n\n"
    "Q: A train goes 60 miles in 2 hours. How fast is it?\nA: It goes 60 miles in 2 hours, so 60 / 2 = 30 miles an "
    "hour. The answer is 30.\n\n"
)

Bank = Mapping[tuple[str, str], Sequence[Gaps | None]]  # by who wrote them, and the kind of prompt


# ── texts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def read_bank() -> Bank:
    """The recorded texts; None: one that cannot be read."""
    found: dict[tuple[str, str], list[Gaps | None]] = {}
    with gzip.open(BANK, "rt") as file:
        for line in file:
            served, kind, gaps = json.loads(line)
            found.setdefault((served, kind), []).append(None if gaps is None else Gaps(*gaps))
    return found


def requests() -> list[tuple[str, GenerateRequest]]:
    """The prompts of the bank, by kind."""
    from steelyard.tasks.generators.neutral_prompts import generate

    beginnings = [row["question"] for row in generate("pub", 3 * TEXTS)]
    return prompts_of_kinds(beginnings[:TEXTS], beginnings[TEXTS : 2 * TEXTS], TOKENS, 5)


def prompts_of_kinds(
    beginnings: Sequence[str], topics: Sequence[str], tokens: int, seed: int
) -> list[tuple[str, GenerateRequest]]:
    """As many prompts of each kind: beginnings of texts, a question in chat, and sums in words behind examples."""
    drawn = random.Random(seed)
    asked = [("neutral", GenerateRequest(prompt=each, max_tokens=tokens)) for each in beginnings]
    for each in topics:
        prompt = f"Explain in a few sentences what comes next: {each}"
        asked.append(("chat", GenerateRequest(prompt=prompt, chat=True, max_tokens=tokens)))
    for _ in beginnings:
        request = GenerateRequest(prefix=EXAMPLES, prompt=_sum_in_words(drawn), max_tokens=tokens, stop=("\n\n",))
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


def under_hidden_prompt(kind: str, request: GenerateRequest) -> GenerateRequest:
    """A request as it is put under a prompt that no log shows."""
    if kind == "chat":
        return msgspec.structs.replace(request, system=_SYSTEM)
    return msgspec.structs.replace(request, prefix=_RHYME + request.prefix)


def penalised(llama: Llama, session: InferenceSession, request: GenerateRequest) -> str:
    """The greedy text of a server that makes repeated tokens less likely (Keskar et al. 2019, CTRL)."""
    prompt, path = session.prompt_tokens(request) or [], list[int]()
    llama.clear()
    row = llama.decode(prompt, 0)[0].astype(float)
    while len(path) < TOKENS:
        seen = np.array(sorted({*prompt, *path}))
        row[seen] = np.where(row[seen] > 0, row[seen] / _PENALTY, row[seen] * _PENALTY)
        token = int(row.argmax())
        if llama.is_end(token):
            break
        path.append(token)
        row = llama.decode(path[-1:], len(prompt) + len(path) - 1)[0].astype(float)
    return b"".join(map(llama.piece, path)).decode("utf-8", "replace")


def record() -> None:
    """Record the texts that are missing."""
    from steelyard.models.embedded_file import ensure_smollm2
    from steelyard.models.requantisations import Requantisations
    from steelyard.models.session import InferenceSession
    from steelyard_forensics.identity.transcripts import TranscriptReader

    known = {key: len(texts) for key, texts in read_bank().items()} if BANK.is_file() else {}
    files = Requantisations(ensure_smollm2())
    reader = TranscriptReader(opened(files.path), {kind: opened(files.file(kind)[0]) for kind in REQUANTISED})
    for served in SERVED:
        left = {kind: known.get((served, kind), 0) for kind in KINDS}
        if min(left.values()) >= TEXTS:
            continue
        llama = opened(files.file(served)[0] if served.startswith("Q") else files.path)
        session = InferenceSession(llama)
        for kind, request in requests():
            if left[kind]:
                left[kind] -= 1
                continue
            asked = under_hidden_prompt(kind, request) if served == "hidden" else request
            text = (
                penalised(llama, session, asked) if served == "penalty" else session.generate(asked, lambda: False).text
            )
            with gzip.open(BANK, "at") as file:
                file.write(json.dumps([served, kind, _recorded(reader.gaps(request, text))]) + "\n")
        llama.close()
        print(f"{served}: {TEXTS:,} of each kind", flush=True)


def _recorded(gaps: Gaps | None) -> list[Any] | None:
    if gaps is None:
        return None
    rounded = {name: [round(gap, 2) for gap in each] for name, each in {"": gaps.own, **gaps.others}.items()}
    return [rounded.pop(""), [int(each) for each in gaps.is_new], rounded]


def opened(path: Path) -> Llama:
    from steelyard.models.llama import Llama

    return Llama(path, threads=1, context_limit=2048)


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def read_texts(bank: Bank, served: str, kind: str) -> list[Gaps]:
    """Those that can be read."""
    return [each for each in bank.get((served, kind), ()) if each is not None]


def shares(bank: Bank) -> str:
    """The mean shares, by who wrote the outputs and the kind of prompt."""
    rows = []
    for served in SERVED:
        for kind in KINDS:
            texts = read_texts(bank, served, kind)
            if not texts:
                continue
            found = [shares_of(each) for each in texts]
            own = [each.own for each in found]
            better = [max(each.others.values()) > each.whole for each in found]
            likeliest = [shares_of(each, 0.0).whole for each in texts]
            rows.append(
                [
                    served,
                    kind,
                    f"{np.mean(likeliest):.3f}",
                    f"{np.mean([each.whole for each in found]):.3f}",
                    f"{np.mean(own):.3f}",
                    f"{min(own):.3f}",
                    *(f"{np.mean([each.others[name] for each in found]):.3f}" for name in REQUANTISED),
                    f"{sum(better)} of {len(texts)}",
                ]
            )
    heads = ["written by", "prompts", "likeliest", "nearly", "new ones", "least text", *REQUANTISED, "better"]
    note = (
        f"Greedy outputs of at most {TOKENS} tokens; SmolLM2 at 4 bits and what it is requantised to. *Likeliest*: the "
        f"mean share of tokens that are the weights' likeliest; *nearly*: within {NEAR:g} nat of it; *new ones*: the "
        "same where the weights expect a token that did not stand there before, which is what *foreign* reads, with "
        "the smallest share of one text. Then the shares by the requantisations, and how many texts one of them "
        "explains better than the weights. *Hidden*: the weights' own, under a system prompt (chat) or behind a rhyme "
        f"of fifty words that the log does not show; *penalty*: {_PENALTY:g} on repeated tokens."
    )
    return table("Tokens that are the weights' own", heads, rows, 2, note)


def named(bank: Bank, served: str, kind: str, number: int, limit: int = 100) -> tuple[bool, int, bool]:
    """One row of a log of three: whether it is inconsistent, after how many outputs, and whether it is consistent.

    The other two benchmarks are the weights' own, so that this one can be called foreign.
    """
    texts, drawn = read_texts(bank, served, kind), random.Random(number)
    row = GreedyRow(PublishedRow(task=kind, measurement=kind, chat=False, texts=limit, held=limit, planned=limit))
    for at in range(limit):
        row.observe(rounded(str(at), shares_of(drawn.choice(texts))))
        if row.is_over(3):
            break
    return min(row.p_better, row.p_far) * 3 <= ALPHA, len(row.samples), row.is_own(3)


def rows_named(bank: Bank, repeats: int) -> str:
    """How often a row is named, and after how many outputs."""
    rows = []
    for served in SERVED:
        for kind in KINDS:
            if not read_texts(bank, served, kind):
                continue
            found = [named(bank, served, kind, number) for number in range(repeats)]
            seen = sorted(count for is_named, count, _ in found if is_named)
            median = f"{seen[len(seen) // 2]}" if seen else "–"
            rows.append(
                [served, kind, share(len(seen), repeats), median, share(sum(own for *_, own in found), repeats)]
            )
    note = (
        f"{repeats:,} logs of three benchmarks, at most 100 outputs each, drawn with replacement from the recorded "
        "ones. Median outputs of those named."
    )
    heads = ["by", "prompts", "inconsistent", "outputs", "consistent"]
    return table("One benchmark of a log, by who wrote it", heads, rows, 2, note)


def needed(benchmarks: int, own: float) -> int:
    """How many outputs of which each has this share of own tokens make one of so many benchmarks consistent."""
    row = GreedyRow(PublishedRow(task="t", measurement="t", chat=False, texts=1, held=1, planned=1))
    while not row.is_own(benchmarks):
        row.near.observe(1 - own, 1 - own)
    return row.near.n


def outputs_needed() -> str:
    """How many outputs a benchmark needs to be called consistent."""
    shares_own = (1.0, 0.98, 0.95)
    rows = [[f"{each}", *(f"{needed(each, own)}" for own in shares_own)] for each in (1, 2, 5, 10)]
    heads = ["benchmarks in the log", *(f"{own:g} own" for own in shares_own)]
    return table("Outputs that are needed to be called consistent", heads, rows, 0, "If all have the same share.")


@click.command()
@click.option("--record", "records", is_flag=True, help="Record the texts that are missing, first.")
@click.option("--repeats", default=500, show_default=True, help="Logs that are drawn.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Also put the tables into this document.")
def main(records: bool, repeats: int, markdown: Path | None) -> None:
    """Record texts where asked, and print the tables."""
    if records:
        record()
    bank: Any = read_bank()
    text = f"{command('bench.published')}, {where()}\n\n{shares(bank)}\n{rows_named(bank, repeats)}\n{outputs_needed()}"
    print(text)
    if markdown is not None:
        write_section(markdown, "published", text)


if __name__ == "__main__":
    main()
