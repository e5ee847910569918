"""``python -m bench.published_logs``: how often is a log named whose outputs the weights wrote?

Each log has outputs of its own, to prompts of its own, so that logs are independent: greedy ones, which are written and
read once (``--record``, some seconds a text), and drawn ones, whose texts :mod:`bench.text_identity` recorded and which
are read once. It goes on where it was stopped. Each log is one benchmark, at the whole level, beside another one that
is *consistent*, so that it may be called foreign too: a log of several benchmarks is named less easily.
"""

from __future__ import annotations

import gzip
import json
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any, Final

import click
import msgspec
from msgspec.structs import replace

from bench import published_by_text, text_identity
from bench.elsewhere import write_elsewhere
from bench.engine.markdown import table, write_section
from bench.inhouse.table import share, where
from bench.published import EXAMPLES, opened, penalised, under_hidden_prompt
from steelyard.records import GenerateRequest
from steelyard_forensics.identity.transcripts import TranscriptReader
from steelyard_forensics.published.bets import ALPHA, REQUANTISED, row_of
from steelyard_forensics.published.outputs import rounded, rounded_surprise
from steelyard_forensics.published.pages import RULE
from steelyard_forensics.sealed.rows import OutputShares, OutputSurprise, PublishedRow

__all__ = [
    "DRAWN",
    "GREEDY",
    "KINDS",
    "OTHER",
    "OUTPUTS",
    "TEXTS",
    "is_named",
    "logs_of",
    "main",
    "read_bank",
    "written_by",
]

BANK: Final = Path(__file__).parent / "published_logs.jsonl.gz"
OUTPUTS: Final = 15  # of a log, of which each is read: ten that a requantisation explains better are enough to name it
TEXTS: Final = {"drawn": 225, "greedy": 330}  # of each who writes
TOKENS: Final = 48
# Who wrote greedy outputs: llama.cpp's server in another batch composition, a nearer precision, and the file itself
# behind a rhyme, behind two worked examples, or with a penalty on repeated tokens, which a log does not show.
GREEDY: Final = ("server", "Q8_0", "hidden", "examples", "penalty")
DRAWN: Final = ("own", "server", "server with its own cuts", "Q8_0")
KINDS: Final = (*(("drawn", each) for each in DRAWN), *(("greedy", each) for each in GREEDY))
OTHER: Final = "Gemma 3 270M"  # another vendor's small model, which wrote what the rule is to find (`make .venv/gemma`)
OTHER_TEXTS: Final = 60
LONG: Final = 200  # outputs that the command reads of a benchmark
_NAMES: Final = {
    "server": "llama.cpp's server",
    "hidden": "itself, behind a rhyme",
    "examples": "itself, behind two worked examples",
    "penalty": "itself, penalty 1.2",
}
_BATCH: Final = 15

Reading = OutputShares | OutputSurprise


@cache
def read_bank() -> Mapping[tuple[str, str], Sequence[Reading]]:
    """What was read, by *greedy* or *drawn* and who wrote it, in the order of the prompts."""
    found: dict[tuple[str, str], list[Reading]] = {}
    if BANK.is_file():
        with gzip.open(BANK, "rt") as file:
            for decoding, served, reading in map(json.loads, file):
                kind: type[Reading] = OutputShares if decoding == "greedy" else OutputSurprise
                found.setdefault((decoding, served), []).append(msgspec.convert(reading, kind))
    return found


def written_by(decoding: str, served: str) -> str:
    """Who wrote outputs, in words."""
    return f"{decoding}: {_NAMES.get(served, 'itself, in process' if served == 'own' else served)}"


# ── texts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def record(seconds_left: Callable[[], float]) -> None:
    """Write and read what is missing, as long as there is time: of the kind that has fewest logs, some texts at a time.

    So no kind is left without a log because those before it took all the time.
    """
    from steelyard.models.embedded_file import ensure_smollm2
    from steelyard.models.requantisations import Requantisations

    files = Requantisations(ensure_smollm2())
    reader = TranscriptReader(opened(files.path), {kind: opened(files.file(kind)[0]) for kind in REQUANTISED})
    wanted = {kind: TEXTS[kind[0]] for kind in KINDS}
    if _other_file().is_file():
        wanted["greedy", OTHER] = OTHER_TEXTS
    there = {kind: len(read_bank().get(kind, ())) for kind in wanted}
    reads: dict[tuple[str, str], Callable[[range], Sequence[Reading]]] = {}
    with ExitStack() as stack:
        while seconds_left() >= 0 and (missing := [kind for kind in wanted if there[kind] < wanted[kind]]):
            kind = min(missing, key=there.__getitem__)
            decoding, served = kind
            if kind not in reads:
                is_drawn = decoding == "drawn"
                reads[kind] = _drawn(served, reader) if is_drawn else _greedy(served, reader, files.path, stack)
            part = range(there[kind], min(wanted[kind], there[kind] + _BATCH))
            _keep(decoding, served, reads[kind](part))
            there[kind] = part.stop


def _other_file() -> Path:
    from steelyard.models.embedded_file import cache_folder

    return cache_folder() / "gemma-3-270m-q4_k_m.gguf"


def _drawn(served: str, reader: TranscriptReader) -> Callable[[range], Sequence[Reading]]:
    """Reads texts that were recorded, by their places."""
    from steelyard_forensics.identity.surprises import SurpriseReader

    surprises, texts = SurpriseReader(reader), text_identity.read_texts(served)
    prompts = text_identity.prompts(TEXTS["drawn"])
    tokens, temperature = text_identity.TOKENS, text_identity.TEMPERATURE

    def read(at: int) -> Reading:
        request = GenerateRequest(prompt=prompts[at], max_tokens=tokens, temperature=temperature)
        return rounded_surprise(f"{at}", surprises.surprise(request, texts[at]))

    return lambda part: [read(at) for at in part]


def _greedy(
    served: str, reader: TranscriptReader, path: Path, stack: ExitStack
) -> Callable[[range], Sequence[Reading]]:
    """Has texts written and reads them, by their places: each who writes has prompts of its own."""
    from steelyard.tasks.generators.neutral_prompts import generate

    rows = generate(f"bench/published_logs/{served}", TEXTS["greedy"])
    asked = [GenerateRequest(prompt=row["question"], max_tokens=TOKENS) for row in rows]
    write = _writer(served, path, stack)

    def read(part: range) -> Sequence[Reading]:
        texts = write([asked[at] for at in part])
        return [rounded(f"{at}", reader.shares(asked[at], text)) for at, text in zip(part, texts, strict=True)]

    return read


def _keep(decoding: str, served: str, readings: Sequence[Reading]) -> None:
    with gzip.open(BANK, "at") as file:
        for each in readings:
            file.write(json.dumps([decoding, served, msgspec.to_builtins(each)], separators=(",", ":")) + "\n")
    print(f"{written_by(decoding, served)}: {len(readings)} more", flush=True)


def _writer(served: str, path: Path, stack: ExitStack) -> Callable[[Sequence[GenerateRequest]], list[str]]:
    if served == "penalty":
        from steelyard.models.session import InferenceSession

        llama = opened(path)
        session = InferenceSession(llama)
        return lambda requests: [penalised(llama, session, each) for each in requests]
    if served == OTHER:
        from steelyard.models.session import InferenceSession

        other = InferenceSession(opened(_other_file()))
        return lambda requests: [other.generate(each, lambda: False).text for each in requests]
    write = stack.enter_context(published_by_text.writer(served))
    if served == "examples":
        return lambda requests: write([replace(each, prefix=EXAMPLES + each.prefix) for each in requests])
    if served == "hidden":
        return lambda requests: write([under_hidden_prompt("neutral", each) for each in requests])
    return write


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def logs_of(readings: Sequence[Reading]) -> list[list[Reading]]:
    """Logs of :data:`OUTPUTS` outputs each that could be read; what is left over is in none."""
    read = [each for each in readings if not _is_left_out(each)]
    return [read[begin : begin + OUTPUTS] for begin in range(0, len(read) - OUTPUTS + 1, OUTPUTS)]


def _is_left_out(reading: Reading) -> bool:
    return (reading.own if isinstance(reading, OutputShares) else reading.surprise) is None


def is_named(log: Sequence[Reading]) -> bool:
    """Whether the only benchmark of a log is named, beside one that shows that prompts are as the log has them."""
    row = _row(log[0])
    for each in log:
        row.observe(each)
        if row.is_over(1):
            break
    return bool(min(row.p_better, row.p_far) <= ALPHA)


def _row(first: Reading) -> Any:
    """The bets of a benchmark of such outputs."""
    temperature = 0.0 if isinstance(first, OutputShares) else text_identity.TEMPERATURE
    return row_of(PublishedRow(task="t", measurement="t", chat=False, texts=OUTPUTS, temperature=temperature))


def _better(readings: Sequence[Reading]) -> int:
    """How many texts one of the requantisations explains better, by the rule's own reckoning."""
    found = 0
    for each in readings:
        row = _row(each)
        row.observe(each)
        found += any(row.wins.values())
    return found


def _all_logs() -> dict[tuple[str, str], list[list[Reading]]]:
    return {kind: logs_of(read_bank().get(kind, ())) for kind in KINDS}


def named_logs() -> str:
    """How often a log is named, by who wrote it and how."""
    by_kind = _all_logs()
    rows = [_cells(written_by(*kind), logs) for kind, logs in by_kind.items() if logs]
    for name in ("greedy", "drawn", ""):
        some = [log for (decoding, _), logs in by_kind.items() for log in logs if name in ("", decoding)]
        rows += [_cells(f"all {name}".strip(), some)] if some else []
    note = (
        f"Logs of {OUTPUTS} outputs that could be read, each text in one log. *Greedy*: of at most {TOKENS} tokens, "
        f"each writer asked by prompts of its own; *drawn*: of at most {text_identity.TOKENS} tokens at temperature "
        f"{text_identity.TEMPERATURE:g}, with seeds of their own. *Own*: the mean share of greedy tokens that are the "
        "weights', *better*: texts that a requantisation explains better. A log is one benchmark at the whole level "
        f"{ALPHA:g}, beside one that is consistent. 95 % intervals (Clopper-Pearson over texts, and over logs)."
    )
    return table(
        "Logs that the weights wrote", ["written by", "texts", "own", "better", "logs", "named"], rows, 1, note
    )


def long_logs(draws: int) -> str:
    """How often a benchmark of many greedy outputs is named, drawn from those of one writer."""
    rows = []
    for served in (*GREEDY, OTHER):
        read = [each for each in read_bank().get(("greedy", served), ()) if not _is_left_out(each)]
        if read:
            found = [_named_after(read, number) for number in range(draws)]
            named = sorted(each for each in found if each is not None)
            median = f"{named[len(named) // 2]}" if named else "–"
            who = served if served == OTHER else written_by("greedy", served).partition(": ")[2]
            own = [each.own for each in read if isinstance(each, OutputShares) and each.own is not None]
            error = 1.96 * statistics.stdev(own) / len(own) ** 0.5
            mean = f"{statistics.fmean(own):.3f} ± {error:.3f}"
            rows.append([who, f"{len(read)}", mean, share(len(named), draws), median])
    note = (
        f"{draws} draws of {LONG} outputs, with replacement, from those of each writer, as one benchmark at the whole "
        f"level {ALPHA:g} beside one that is consistent; 95 % intervals (Clopper-Pearson) are over draws of the same "
        "outputs. *Own*: the mean share of tokens that are the weights', ± 1.96 standard errors. *Median* outputs, "
        f"of those named. {OTHER} is not these weights."
    )
    heads = ["written by", "texts", "own", "named", "median"]
    return table(f"Benchmarks of {LONG} greedy outputs", heads, rows, 1, note)


def _named_after(read: Sequence[Reading], number: int) -> int | None:
    """After how many outputs a benchmark that is drawn from these is named; None: it is not."""
    row, drawn = _row(read[0]), random.Random(number)
    for place in range(1, LONG + 1):
        row.observe(drawn.choice(read))
        if min(row.p_better, row.p_far) <= ALPHA:
            return place
        if row.is_over(1):
            return None
    return None


def _cells(name: str, logs: Sequence[Sequence[Reading]]) -> list[str]:
    read = [each for log in logs for each in log]
    own = [each.own for each in read if isinstance(each, OutputShares) and each.own is not None]
    return [
        name,
        f"{len(read):,}",
        f"{sum(own) / len(own):.3f}" if len(own) == len(read) else "–",
        share(_better(read), len(read)),
        f"{len(logs)}",
        share(sum(map(is_named, logs)), len(logs)),
    ]


def write_reports() -> None:
    """Write what reports show: logs that are named, of all."""
    logs = [log for found in _all_logs().values() for log in found]
    what = f"logs of {OUTPUTS} outputs that the weights or an honest server of them wrote, at {ALPHA:g}"
    write_elsewhere(RULE, what, sum(map(is_named, logs)), len(logs))


@click.command()
@click.option("--record", "seconds", type=float, default=0.0, help="Write and read texts for so many seconds, first.")
@click.option("--draws", default=400, show_default=True, help="Benchmarks that are drawn from recorded outputs.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Also put the table into this document.")
@click.option("--reports", is_flag=True, help="Write what reports show of it.")
def main(seconds: float, draws: int, markdown: Path | None, reports: bool) -> None:
    """Record texts where asked, and print the tables."""
    if seconds:
        import time

        end = time.monotonic() + seconds
        record(lambda: end - time.monotonic())
        read_bank.cache_clear()
    text = f"`python -m bench.published_logs`, {where().rpartition(', seed')[0]}\n\n{named_logs()}\n{long_logs(draws)}"
    print(text)
    if markdown is not None:
        write_section(markdown, "published-logs", text)
    if reports:
        write_reports()


if __name__ == "__main__":
    main()
