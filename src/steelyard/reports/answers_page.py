"""The answers of a run as one HTML file that lies outside the run: read without a server, filtered and searched.

The first answers are plain HTML. All of them follow as JSON in chunks, compressed, which the page's script reads when
it needs them, so that 20,000 answers open as fast as 50. All text in it is hostile: HTML is escaped by the template,
JSON by :func:`json_for_script` or in base64, and the page's policy (CSP) runs the one script with our hash and forbids
every request.
"""

from __future__ import annotations

import shlex
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final

from steelyard.reports.embedding import json_for_script, packed, policy_hash, source
from steelyard.reports.jinja import markup, template
from steelyard.reports.page_images import PageImage, Pictures, Shown
from steelyard.util.atomic_file import whole_file
from steelyard.util.text import one_line, printable

__all__ = ["SIGNS", "WITHHELD", "About", "ShownAnswer", "write_page"]

SIGNS: Final = {"right": "✓", "wrong": "✗", "partly right": "½", "open": "?", "missing": "–"}  # by reading
WITHHELD: Final = "(withheld: its text is not in this folder)"

FIRST: Final = 50  # answers that are plain HTML
CHUNK: Final = 500  # answers that the script reads at once
LONGEST: Final = 2000  # characters of a text; of a longer one the page has the first half of them, and the last

_WORDS: Final = list(SIGNS)


@dataclass(frozen=True)
class ShownAnswer:
    """One answer and one of its scores. Texts are None where they are withheld; ``reasoning`` is its length alone.

    ``measurement`` is empty where the run measured the task once.
    """

    measurement: str
    task: str
    sample: str
    repeat: int
    reading: str
    score: float | None
    scorer: str
    why: str
    question: str | None
    expected: str | None
    answer: str | None
    reasoning: int
    images: tuple[PageImage, ...] = ()


@dataclass(frozen=True)
class About:
    """What the page says of its run: ``run`` is the path that its commands name, ``digest`` that of the sealed plan.

    ``selection`` are the options that chose these answers, of ``of`` in all.
    """

    model: str
    served: str
    run: Path
    digest: str
    is_sealed: bool
    selection: str
    of: int


def write_page(path: Path, answers: Iterable[ShownAnswer], about: About) -> int:
    """Write the page atomically and give the number of its answers; they are not held in memory.

    Until the page's head is known, its chunks wait in a file without a name, beside ``path``. Raises OSError.
    """
    with TemporaryFile(dir=path.parent) as spool:
        found = _Collected(spool)
        for answer in answers:
            found.add(answer)
        found.close_chunk()
        with whole_file(path) as file:
            for part in template("answers.html.j2").generate(_context(found, about)):
                file.write(part.encode())
    return len(found.readings)


# ── one answer ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Text:
    """A text as the page has it: whole, or its head and its tail with the number of characters between them."""

    head: str
    cut: int = 0
    tail: str = ""


@dataclass(frozen=True)
class _Row:
    """An answer as the page shows it. ``quoted`` is the sample's id as a shell takes it."""

    reading: str
    score: str
    task: str
    measurement: str
    sample: str
    quoted: str
    repeat: int
    scorer: str
    why: str
    question: _Text | None
    expected: _Text | None
    answer: _Text | None
    reasoning: int
    images: tuple[Shown, ...] = ()

    @property
    def css(self) -> str:
        return _css(self.reading)

    @property
    def sign(self) -> str:
        return SIGNS[self.reading]


_BLANK: Final = _Row("missing", "", "", "", "", "", 0, "", "", _Text(""), _Text(""), _Text(""), 0, (Shown(""),))


def _row(answer: ShownAnswer, images: tuple[Shown, ...]) -> _Row:
    return _Row(
        reading=answer.reading,
        score="no score" if answer.score is None else f"score {answer.score:.3g}",
        task=one_line(answer.task, 80),
        measurement=one_line(answer.measurement, 80),
        sample=one_line(answer.sample, 200),
        quoted=_quoted(answer.sample),
        repeat=answer.repeat,
        scorer=one_line(answer.scorer, 80),
        why=one_line(answer.why, 400),
        question=_text(answer.question),
        expected=_text(answer.expected),
        answer=_text(answer.answer),
        reasoning=answer.reasoning,
        images=images,
    )


def _text(text: str | None) -> _Text | None:
    """The start and the end of a text: a prompt's question and an output's answer are at its end."""
    if text is None:
        return None
    text = text.strip("\n")
    if len(text) <= LONGEST:
        return _Text(printable(text, LONGEST))
    half = LONGEST // 2
    return _Text(printable(text[:half], half), len(text) - LONGEST, printable(text[-half:], half))


def _quoted(argument: str) -> str:
    """An argument as a shell takes it; never cut, since half a quotation would go on in the reader's terminal."""
    return one_line(shlex.quote(argument), 8 * len(argument) + 8)


def _css(reading: str) -> str:
    return reading.replace(" ", "-")


# ── all answers ─────────────────────────────────────────────────────────────────────────────────────────────────────


class _Collected:
    """What the page is made of: its first rows, what its filters need of every answer, and the chunks in a file."""

    def __init__(self, spool: IO[bytes]) -> None:
        self.first: list[_Row] = []
        self.readings = bytearray()  # of each answer, by their places in _WORDS
        self.tasks: dict[str, int] = {}
        self.task_of = array("L")
        self.withheld = 0
        self.pictures = Pictures()
        self._spool = spool
        self._texts: dict[str, int] = {}
        self._rows: list[list[object]] = []

    def add(self, answer: ShownAnswer) -> None:
        """Take the next answer."""
        row = _row(answer, self.pictures.shown(answer.images))
        if len(self.first) < FIRST:
            self.first.append(row)
        self.readings.append(_WORDS.index(row.reading))
        self.task_of.append(self.tasks.setdefault(row.task, len(self.tasks)))
        self.withheld += None in (row.question, row.expected, row.answer)
        self._rows.append(_encoded(row, self._place))
        if len(self._rows) == CHUNK:
            self.close_chunk()

    def _place(self, text: str) -> int:
        """The place of a text among those of this chunk: what comes again is written once."""
        return self._texts.setdefault(text, len(self._texts))

    def close_chunk(self) -> None:
        """Write the answers that wait as a line: JSON, compressed, in base64. The same answers give the same line."""
        if self._rows:
            self._spool.write(packed({"texts": list(self._texts), "rows": self._rows}) + b"\n")
            self._rows, self._texts = [], {}

    def chunks(self) -> Iterator[Any]:
        """The chunks, ready for the template."""
        self._spool.seek(0)
        for line in self._spool:
            yield markup(line.decode().rstrip("\n"))

    def numbers_by_task(self) -> list[tuple[str, int]]:
        """Each task with the number of its answers."""
        return [(name, self.task_of.count(place)) for name, place in self.tasks.items()]


def _encoded(row: _Row, place: Callable[[str], int]) -> list[object]:
    """A row in the order in which answers.js reads it."""
    words = (row.score, row.task, row.measurement, row.sample, row.quoted)
    texts = (row.question, row.expected, row.answer)
    return [
        _WORDS.index(row.reading),
        *map(place, words),
        row.repeat,
        place(row.scorer),
        place(row.why),
        *(_encoded_text(text, place) for text in texts),
        row.reasoning,
        [[place(image.words), place(image.uri)] for image in row.images],
    ]


def _encoded_text(text: _Text | None, place: Callable[[str], int]) -> object:
    if text is None:
        return None
    return [place(text.head), text.cut, place(text.tail)] if text.cut else place(text.head)


# ── the page ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _context(found: _Collected, about: About) -> dict[str, Any]:
    style, script = template("report.css").render() + source("answers.css"), source("answers.js")
    command = f"steelyard show {_quoted(str(about.run))}"
    index = {
        "command": command,
        "chunk": CHUNK,
        "page": FIRST,
        "longest": LONGEST,
        "signs": SIGNS,
        "withheld": WITHHELD,
        "readings": "".join(map(str, found.readings)),
        "tasks": list(found.tasks),
        "task": found.task_of.tolist(),
    }
    return {
        "about": about,
        "name": about.run.resolve().name,
        "command": command,
        "verify": f"steelyard verify {_quoted(str(about.run))}",
        "rows": found.first,
        "total": len(found.readings),
        "tally": [
            (word, _css(word), sign, found.readings.count(place)) for place, (word, sign) in enumerate(SIGNS.items())
        ],
        "tasks": found.numbers_by_task(),
        "withheld": found.withheld,
        "pictures": found.pictures.inside,
        "withheld_words": WITHHELD,
        "longest": LONGEST,
        "blank": _BLANK,
        "style": markup(style),
        "style_hash": policy_hash(style),
        "script": markup(script),
        "script_hash": policy_hash(script),
        "chunks": found.chunks(),
        "index": markup(json_for_script(index)),
    }
