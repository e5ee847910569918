"""The page of a test over finished runs: the word, a row for each benchmark, and what it does not show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from steelyard.errors import ExitCode
from steelyard.records import VerdictWord
from steelyard.reports.jinja import template

__all__ = ["WORDS_OF_EXIT", "page"]

WORDS_OF_EXIT: Final = {
    ExitCode.CONSISTENT: VerdictWord.CONSISTENT,
    ExitCode.INCONSISTENT: VerdictWord.INCONSISTENT,
    ExitCode.UNDECIDED: VerdictWord.INSUFFICIENT_POWER,
}
_MEANING: Final = {
    ExitCode.CONSISTENT: "consistent",
    ExitCode.INCONSISTENT: "inconsistent",
    ExitCode.UNDECIDED: "undecided, or not testable",
}


def page(
    *,
    command: str,
    title: str,
    headline: str,
    exit_code: ExitCode,
    sentences: Iterable[str],
    word: VerdictWord | None = None,
    headings: Sequence[str] = (),
    rows: Sequence[tuple[VerdictWord, Sequence[str]]] = (),
) -> str:
    """One HTML file without script or request. ``rows`` are a word and the cells below ``headings``, the word last.

    ``word`` is that of the whole, by default the exit code's. Every text passes the filter ``shown``, or was made by
    us, and is escaped.
    """
    return template("detected.html.j2", "steelyard.comparison").render(
        command=command,
        title=title,
        headline=headline,
        css=_css(word or WORDS_OF_EXIT[exit_code]),
        headings=[each if len(each) == 1 else each.capitalize() for each in headings],
        rows=[{"css": _css(each), "cells": [*cells[:-1], each.words]} for each, cells in rows],
        sentences=list(sentences),
        exit=int(exit_code),
        exit_meaning=_MEANING[exit_code],
    )


def _css(word: VerdictWord) -> str:
    return word.value.replace("_", "-")
