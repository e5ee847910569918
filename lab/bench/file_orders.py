"""``python -m bench.file_orders``: how the built-in files lie whose order is asked, for models that never saw them.

Stand-ins for honest models favour items that are like, or unlike, those shortly before. The first table has the rule by
which a file is testable (:mod:`steelyard.planning.order_luck`); the second holds the same files against stand-ins that
the rule does not look at; the third draws other files by the same generators.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import click

from bench.engine.markdown import table, write_section
from bench.inhouse.table import command, share, where
from steelyard.planning.file_order import SHUFFLES, item_text, orders_of, stretches_of
from steelyard.planning.order_luck import (
    GRAM,
    MOST,
    ORDERS,
    RECENCIES,
    closeness,
    favour,
    likeness,
    mean_ranks,
    unlucky,
)
from steelyard.tasks import load_task, task_ids
from steelyard.tasks.task import Task
from steelyard_forensics.stats.rank_sum import rank_sum_p

__all__ = ["main", "p_values", "public_files", "stretches_by"]

GRAMS: Final = (3, 1, 2, 4)  # characters; the rule looks at the first
LEVEL: Final = 0.05
LIKE, UNLIKE = 1, -1

Stretches = tuple[tuple[str, ...], ...]
Kind = tuple[str, int]  # the recency of a stand-in, and whether it favours like or unlike neighbours


def public_files() -> list[Task]:
    """The built-in tasks of texts that say why the order of their file is random."""
    tasks = map(load_task, task_ids())
    return [task for task in tasks if task.definition.random_order and not task.definition.fields.images]


def stretches_by(task: Task, prompt: str, seed: str | None = None) -> Stretches:
    """The stretches of a task's file, or of another one by the same generator."""
    return stretches_of(tuple(map(item_text, task.prepare(prompt, seed=seed))))


def p_values(stretches: Stretches, gram: int, key: str) -> Mapping[Kind, float]:
    """What the detector says of each stand-in with the orders that follow from one key; a tie speaks for the model."""
    totals = {(recency, sign): 0 for recency in RECENCIES for sign in (LIKE, UNLIKE)}
    for number, texts in enumerate(stretches):
        place, orders = orders_of(key, number, len(texts))
        alike = _likeness(texts, gram)
        apart = [closeness(alike, order) for order in orders]
        for recency, sign in totals:
            found = [sign * favour(each, RECENCIES[recency]) for each in apart]
            totals[recency, sign] += sum(each < found[place] for each in found)
    return {kind: rank_sum_p(total, SHUFFLES, len(stretches)) for kind, total in totals.items()}


@cache
def _likeness(texts: tuple[str, ...], gram: int) -> Sequence[Sequence[int]]:
    return likeness(texts, gram)


def by_the_rule() -> str:
    """The mean ranks on which it depends whether a file is testable, in each of its prompt formats."""
    rows = []
    for task in public_files():
        for prompt in sorted(task.definition.prompts):
            stretches = stretches_by(task, prompt)
            ranks = (f"{rank:.3f}" for rank in mean_ranks(stretches).values())
            rows.append([task.id, prompt, *ranks, "not testable" if unlucky(stretches) else "testable"])
    note = (
        f"The share of {ORDERS} other orders of each stretch that a stand-in for *like* neighbours, by {GRAM}-grams of "
        "characters, finds less likely than the file's; for *unlike* neighbours it is 1 less that share. The weight of "
        f"an earlier item falls by half, or by a fifth, with each item. Testable: all within {MOST} of .5."
    )
    heads = ["file", "prompt", *RECENCIES, "by the rule"]
    return table("The files in their order, for models that never saw them", heads, rows, 2, note)


def by_others(keys: int) -> str:
    """Stand-ins by other likenesses: the mean ranks, and with how many keys they are accused."""
    rows = []
    for task in public_files():
        stretches = stretches_by(task, task.definition.default_prompt)
        for gram in GRAMS:
            found = [p_values(stretches, gram, f"bench/{key}") for key in range(keys)]
            for recency, rank in mean_ranks(stretches, gram).items():
                rates = (share(sum(each[recency, sign] <= LEVEL for each in found), keys) for sign in (LIKE, UNLIKE))
                rows.append([task.id, f"{gram}", recency, f"{rank:.3f}", *rates])
    note = (
        f"Accused at {LEVEL} by the detector's own orders and p-value, {keys} keys each: stand-ins that favour like "
        f"neighbours, and unlike ones. The rule looks at {GRAM}-grams alone. "
        "95 % intervals (Clopper-Pearson over keys)."
    )
    heads = ["file", "grams", "recency", "mean rank", "like: accused", "unlike: accused"]
    return table("The same files, for stand-ins by other likenesses", heads, rows, 3, note)


def by_other_files(files: int) -> str:
    """Other draws of the same generators: how many the rule refuses, and who is accused before and after."""
    drawn = [
        stretches_by(task, task.definition.default_prompt, f"bench/{number}")
        for task in public_files()
        for number in range(files)
    ]
    kept = [stretches for stretches in drawn if not unlucky(stretches)]
    rows = []
    for gram in GRAMS:
        for recency in RECENCIES:
            rates = [_accused(some, gram, (recency, sign)) for some in (drawn, kept) for sign in (LIKE, UNLIKE)]
            rows.append([f"{gram}", recency, *rates])
    note = (
        f"{files} files of each generator by seeds of their own, one key each, at {LEVEL}. The rule finds "
        f"{share(len(drawn) - len(kept), len(drawn))} not testable. 95 % intervals (Clopper-Pearson over files)."
    )
    heads = ["grams", "recency", "like, all files", "unlike, all", "like, testable files", "unlike, testable"]
    return table("Other files of the same generators: stand-ins that are accused", heads, rows, 2, note)


def _accused(files: Sequence[Stretches], gram: int, kind: Kind) -> str:
    return share(sum(_by_one_key(stretches, gram)[kind] <= LEVEL for stretches in files), len(files))


@cache
def _by_one_key(stretches: Stretches, gram: int) -> Mapping[Kind, float]:
    return p_values(stretches, gram, "bench/0")


@click.command()
@click.option("--keys", default=20, show_default=True, help="Keys with which each file is asked.")
@click.option("--files", default=40, show_default=True, help="Other files of each generator.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Also put the tables into this document.")
def main(keys: int, files: int, markdown: Path | None) -> None:
    """Print the tables; it takes two minutes."""
    text = "\n".join(
        [f"{command('bench.file_orders')}, {where()}", "", by_the_rule(), by_others(keys), by_other_files(files)]
    )
    print(text)
    if markdown is not None:
        write_section(markdown, "file orders", text)


if __name__ == "__main__":
    main()
