"""The closing table: row by row what was shown, by which test, and how sure that is. It reads the reports alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.table import Table

from bench.engine.markdown import table

__all__ = ["HEADINGS", "Line", "Reports", "as_markdown", "as_table", "lines_of", "read_reports"]

HEADINGS: Final = ("row", "who speaks", "word", "what was shown", "how sure")

_WORDS: Final = {"insufficient_power": "undecided", "not_testable": "not testable", "not_tested": "not tested"}
_NAMES: Final = {"twin_gap": "D2, twins", "cue_gap": "D6, cue", "identity": "D5, identity"}


@dataclass(frozen=True)
class Reports:
    """The documents of one vendor's world, as the commands wrote them."""

    endpoint: Mapping[str, Any]
    cue: Mapping[str, Any]
    assembled: Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """One line of the table: the row, the test, its word, what was shown, and how sure that is."""

    row: str
    test: str
    word: str
    shown: str
    sure: str


def read_reports(folder: Path) -> Reports:
    """The three documents of a world's folder."""

    def read(path: Path) -> Mapping[str, Any]:
        document: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return document

    endpoint, cue = (read(folder / run / "report.json") for run in ("endpoint", "cue"))
    return Reports(endpoint, cue, read(folder / "assembled.json"))


def lines_of(reports: Reports) -> Iterator[Line]:
    """The claims in the order of the sheet with what else was asked of each; then what is about the whole."""
    alpha = float(reports.endpoint["alpha"])
    for claim in reports.endpoint["claims"]:
        yield _claim(claim, alpha)
        for document in (reports.endpoint, reports.cue):
            yield from (_gap(test, claim["task"], alpha) for test in _gaps(document) if _is_about(test, claim["task"]))
    yield from (_identity(test, alpha) for test in reports.endpoint["tests"] if test["rule"].startswith("identity"))
    yield _assembled(reports.assembled, alpha)


def as_table(title: str, lines: Iterator[Line]) -> Table:
    """The lines as a table for the terminal."""
    shown = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for heading in HEADINGS:
        shown.add_column(heading, overflow="fold")
    for line in _once(lines):
        shown.add_row(line.row, line.test, line.word, line.shown, line.sure)
    return shown


def as_markdown(title: str, lines: Iterator[Line]) -> str:
    """The lines as a table for the page."""
    rows = [(line.row, line.test, line.word, line.shown, line.sure) for line in _once(lines)]
    return table(title, HEADINGS, rows, len(HEADINGS))


def _once(lines: Iterator[Line]) -> Iterator[Line]:
    """The lines, each row named once."""
    before = ""
    for line in lines:
        yield replace(line, row="" if line.row == before else line.row)
        before = line.row


def _claim(claim: Mapping[str, Any], alpha: float) -> Line:
    measured = claim["measured"]
    said = "too few answers could be read" if measured is None else f"{measured:.1f} % right"
    if claim["asked"] < claim["of"]:
        said += f" of the first {claim['asked']} of {claim['of']} trials"
    shown = f"{claim['claimed_text']} % printed; {said}"
    return Line(claim["task"], "D1, claim", _word(claim["verdict"]), shown, _sure(claim["verdict"], claim["p"], alpha))


def _gaps(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for test in document["tests"]:
        if test["rule"].partition("@")[0] in ("twin_gap", "cue_gap"):
            yield test


def _is_about(test: Mapping[str, Any], task: str) -> bool:
    return str(test["test"]).endswith(f"-{task}")


def _gap(test: Mapping[str, Any], task: str, alpha: float) -> Line:
    kind = test["rule"].partition("@")[0]
    effect = test["effect"]
    other = "fresh questions" if kind == "twin_gap" else "another prompt"
    shown = "nothing was asked"
    if effect is not None and effect["value"] is not None:
        low, high = (100 * each for each in effect["ci"])
        shown = (
            f"{100 * effect['value']:+.0f} points [{low:.0f}, {high:.0f}] against {other} "
            f"({effect['n']} of {effect['of']} pairs)"
        )
    return Line(task, _NAMES[kind], _word(test["word"]), shown, _sure(test["word"], test["p"], alpha))


def _identity(test: Mapping[str, Any], alpha: float) -> Line:
    findings = test["findings"]
    shown = (
        f"the {findings[0]['n']} texts that it drew do not come from A's weights"
        if findings
        else str(test["reason"]).replace("its requantisation to ", "")
    )
    return Line(
        "neutral prompts", _NAMES["identity"], _word(test["word"]), shown, _sure(test["word"], test["p"], alpha)
    )


def _assembled(found: Mapping[str, Any], alpha: float) -> Line:
    """The headline without its word and p, which have columns of their own; the files by their letters."""
    said = str(found["headline"]).partition(": ")[2].partition(" (p ")
    shown = said[0] + said[2].partition(")")[2]
    if found["whole"]:
        letters = [str(found["candidates"][at]["run"])[-1] for at in found["whole"]]
        shown = f"{' and '.join(letters)} reaches every row"
    return Line("whole table", "assemble", _word(found["word"]), shown, _sure(found["word"], found["p"], alpha))


def _word(word: str) -> str:
    return _WORDS.get(word, word)


def _sure(word: str, p: float | None, alpha: float) -> str:
    """What a word can be wrong about: p where it accuses, the level where it confirms."""
    if word == "inconsistent" and p is not None:
        return f"p = {p:.2g}"
    if word == "consistent":
        return f"error ≤ {alpha:.0%}"
    return "says nothing"
