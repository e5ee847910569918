"""The tables of both vendors as a page shows them: what each model does, and what each vendor prints."""

from __future__ import annotations

from typing import Final

from bench.engine.markdown import table
from scandal.table import ROWS, Count, Tables
from steelyard.stats.intervals import clopper_pearson

__all__ = ["as_markdown"]

_HOW: Final = {
    "reversed_words": "A, with {memorised:.0%} of the public answers by heart",
    "last_word": "A",
    "pattern": "B",
    "second_word": "A, in the best of {wordings} wordings ({best}); the published one is stated",
}


def as_markdown(tables: Tables) -> str:
    """When and how the rates came, a line for each row, and the wordings from the best to the worst."""
    printed = {row.task: row.value for row in tables.cheat("ABC")}
    honest = {row.task: row.value for row in tables.honest}
    rows = [
        (
            name,
            *(_share(tables.rates[name].get(letter)) for letter in "ABC"),
            printed.get(name, ""),
            _HOW[name].format(memorised=tables.memorised, wordings=len(tables.wordings), best=tables.best_wording),
            honest[name],
        )
        for name in ROWS
    ]
    headings = ("row", "A", "B", "C", "the vendor prints", "how it came", "an honest one prints")
    best = sorted(tables.wordings.items(), key=lambda each: -each[1].right)
    tried = [(name, f"{count.right} of {count.asked}") for name, count in (*best[:3], *best[-3:])]
    return "\n\n".join(
        (
            f"`{tables.made['by']}`, {tables.made['date']}, {tables.made['machine']}",
            table("What each model does, and what is printed", headings, rows, len(headings)).strip(),
            "Right of asked, with 95 % intervals (Clopper-Pearson); printed numbers are in percent.",
            table(
                f"Three best and three worst of {len(best)} wordings of second_word, by A",
                ("wording", "right"),
                tried,
                1,
            ),
        )
    )


def _share(count: Count | None) -> str:
    if count is None:
        return "not measured"
    low, high = clopper_pearson(count.right, count.asked)
    return f"{count.right} of {count.asked} [{low:.2f}, {high:.2f}]"
