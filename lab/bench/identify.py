"""``python -m bench.identify``: what ``steelyard identify`` comes to, by texts, by next tokens and by both.

It reads what ``bench.identity`` and ``bench.next_token`` recorded, with the detectors' own bets at the levels of a
first check with a key: by both ways each has half of the level to accuse, and a check is consistent where both are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
import numpy as np

from bench import identity, next_token
from bench.engine.markdown import table, write_section
from bench.inhouse.table import command, share, where
from steelyard.stats.series import series_share
from steelyard_forensics.identity.detector import MOST_TEXTS
from steelyard_forensics.next_token.detector import FAR, MOST_PROMPTS, TOLERANCE, WITHIN
from steelyard_forensics.stats.likelihood_bets import LikelihoodBets
from steelyard_forensics.stats.mean_bets import MeanBets

__all__ = ["Ended", "main", "read_prompts", "read_texts", "together"]

LEVEL: Final = 0.05 * series_share(1)
_SEED: Final = 20261127
_MOST: Final = math.log(1e9)
# What serves: its recorded texts, and its recorded next tokens.
SERVED: Final[Mapping[str, tuple[str, str]]] = {
    "the file": ("own", "llama.cpp's server, eight at a time"),
    "the file, with a server's cuts": ("own, top-k 40, min-p .05, repeat penalty 1.1", ""),
    "Q2_K": ("Q2_K", "Q2_K"),
    "temperature 0.7": ("temperature 0.7", "temperature 0.7"),
}


class Ended(NamedTuple):
    """What one test came to (1 inconsistent, 0 undecided, −1 consistent), after how many answers."""

    word: int
    asked: int


def read_texts(texts: Sequence[Any], accuse: float, confirm: float) -> Ended:
    """The bets of ``identity`` on texts, by alternative the log ratios of the whole and of the core."""
    bets = LikelihoodBets(list(next(each for each in texts if each is not None)), [identity.FAR], 0.3)

    def observe(text: Any) -> None:
        core, whole = (
            None if text is None else {name: math.exp(min(each[which], _MOST)) for name, each in text.items()}
            for which in (1, 0)
        )
        bets.observe(core, None if whole is None else [whole])

    return _until(texts, bets, observe, accuse, confirm)


def read_prompts(distances: Sequence[tuple[float, float]], accuse: float, confirm: float) -> Ended:
    """The bets of ``next_token`` on the least and the largest distance (nats) of each prompt."""
    bets = MeanBets(float(TOLERANCE), float(WITHIN))

    def observe(bounds: tuple[float, float]) -> None:
        bets.observe(float(bounds[0] > float(FAR)), float(bounds[1] > float(FAR)))

    return _until(distances, bets, observe, accuse, confirm)


def _until(
    answers: Sequence[Any],
    bets: LikelihoodBets | MeanBets,
    observe: Callable[[Any], None],
    accuse: float,
    confirm: float,
) -> Ended:
    for number, answer in enumerate(answers, 1):
        observe(answer)
        if bets.highest * accuse >= 1:
            return Ended(1, number)
        if bets.highest_within * confirm >= 1:
            return Ended(-1, number)
    return Ended(0, len(answers))


def together(*tests: Ended) -> Ended:
    """Both ways: inconsistent where one is, consistent where all are."""
    words = {each.word for each in tests}
    word = 1 if 1 in words else -1 if words == {-1} else 0
    return Ended(word, sum(each.asked for each in tests))


def _checks(texts: Sequence[Any], prompts: Sequence[Any], number: int) -> dict[str, Ended]:
    """One check by each way."""
    random = np.random.default_rng([_SEED, number])
    drawn = [texts[place] for place in random.integers(0, len(texts), MOST_TEXTS)]
    found = {"texts": read_texts(drawn, LEVEL, LEVEL)}
    if prompts:
        asked = [prompts[place] for place in random.integers(0, len(prompts), MOST_PROMPTS)]
        found["next tokens"] = read_prompts(asked, LEVEL, LEVEL)
        found["both"] = together(read_texts(drawn, LEVEL / 2, LEVEL), read_prompts(asked, LEVEL / 2, LEVEL))
    return found


def outcomes(repeats: int) -> str:
    """The table: how often each way ends in which word, and after how many answers."""
    banks = next_token.common(
        {name: next_token.read_bank(name) for name in next_token.HONEST} | next_token.other_banks()
    )
    rows = []
    for served, (texts, prompts) in SERVED.items():
        bank = identity.read_bank(texts)
        distances = next_token.distances_of(banks[prompts]) if prompts in banks else []
        if not bank:
            continue
        checks = [_checks(bank, distances, number) for number in range(repeats)]
        for way in checks[0]:
            ended = [each[way] for each in checks]
            asked = sorted(each.asked for each in ended)
            words = (share(sum(each.word == word for each in ended), repeats) for word in (1, -1))
            rows.append([served, way, *words, f"{asked[repeats // 2]}", f"{asked[int(0.9 * repeats)]}"])
    note = (
        f"{repeats:,} draws, with replacement, of at most {MOST_TEXTS} recorded texts and {MOST_PROMPTS} recorded "
        "prompts, at the level of a first check with a key. *Both*: each has half of the level to accuse; inconsistent "
        "where one is, consistent where both are. 95 % intervals (Clopper-Pearson) are over draws of the same recorded "
        "answers. *Asked*: texts and prompts until it ended. A server's cuts were not recorded for next tokens."
    )
    heads = ["served", "by", "inconsistent", "consistent", "median asked", ".9 quantile"]
    return table("A check without a claim", heads, rows, 2, note)


@click.command()
@click.option("--repeats", default=400, show_default=True, help="Draws of the recorded answers.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Also put the table into this document.")
def main(repeats: int, markdown: Path | None) -> None:
    """Print the table."""
    text = f"{command('bench.identify')}, {where()}\n\n{outcomes(repeats)}"
    print(text)
    if markdown is not None:
        write_section(markdown, "identify", text)


if __name__ == "__main__":
    main()
