"""What a page shows of an answer: bounded, made printable, and in words where a text is not here.

No scorer runs here: a score is what the verification computed, or what was sealed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import msgspec

from steelyard.auditing.answers import expected_of, question_of
from steelyard.errors import VerificationError
from steelyard.records import Attempt, GenerateRequest, Sample
from steelyard.reports.page_images import PageImage, Pictures, Shown
from steelyard.scorers.open_causes import OpenCause
from steelyard.util.reasoning import split_reasoning
from steelyard.util.text import one_line, printable
from steelyard_server.answers.form import OUTCOMES, UNPARSED, Entry, Header
from steelyard_server.answers.reading import ChangedError, RunReader, Text

__all__ = ["ListedAnswer", "Passage", "ShownAnswer", "TextWords", "listed", "shown"]

LISTED_CHARACTERS: Final = 160  # of a question or an answer, in a list
LISTED_BYTES: Final = 32_000  # of a text's line that a list reads
SHOWN_CHARACTERS: Final = 20_000  # of a text on its own page: its first half, and its last
MAX_IMAGES: Final = 12
IMAGES_BYTES: Final = 4_000_000  # of all images of a page
_CAUSES: Final = tuple(OpenCause)
_ENDED: Final = {"length": "cut off", "content_filter": "stopped by a content filter"}
_TAKEN: Final = (
    "",
    "as it was sealed: a text that it follows from was not here when the index was made",
    "as it was sealed: code, weights or another harness made it",
)


@dataclass(frozen=True)
class TextWords:
    """What stands in the place of a text that is not here: where it never came, and where its file is gone."""

    withheld: str
    gone: str

    def of(self, text: Text) -> str:
        """The words for one."""
        if text.why == "long":
            return f"{text.length:,} bytes: too long to be shown here, it is in the run's folder"
        return {"withheld": self.withheld, "gone": self.gone}.get(text.why, "")


@dataclass(frozen=True)
class Passage:
    """A text as a page has it: its ``head``, and a ``tail`` after ``cut`` characters; or ``words`` in its place."""

    head: str = ""
    cut: int = 0
    tail: str = ""
    words: str = ""


@dataclass(frozen=True)
class ListedAnswer:
    """A row of the list."""

    number: int
    outcome: str
    score: str
    task: str
    measurement: str
    sample: str
    repeat: int
    scorer: str
    question: Passage
    answer: Passage
    is_taken: bool


@dataclass(frozen=True)
class ShownAnswer:
    """An answer by itself; ``why`` are sentences on how it was read, ``facts`` are of the call, by name."""

    row: ListedAnswer
    model: str
    question: Passage
    expected: Passage
    answer: Passage
    reasoning: int
    images: tuple[Shown, ...]
    images_left: int
    why: tuple[str, ...]
    taken: str
    attempt: Attempt


def listed(header: Header, reader: RunReader, entry: Entry, number: int, words: TextWords) -> ListedAnswer:
    """The row of an answer; raises as :class:`RunReader`."""
    attempt = reader.attempt(header, entry)
    item = reader.text(entry.item, attempt.item, LISTED_BYTES)
    output = reader.text(entry.answer, attempt.answer, LISTED_BYTES)
    sample = _sample(item, attempt)
    question = _of_sample(question_of, sample, _line) if sample else Passage(words=words.of(item))
    return _row(header, entry, number, attempt, question, _short_answer(output, attempt, words))


def shown(header: Header, reader: RunReader, entry: Entry, number: int, words: TextWords) -> ShownAnswer:
    """An answer by itself; raises as :class:`RunReader`."""
    attempt = reader.attempt(header, entry)
    item, output = reader.text(entry.item, attempt.item), reader.text(entry.answer, attempt.answer)
    apart = reader.text(entry.reasoning, attempt.reasoning)
    sample, absent = _sample(item, attempt), Passage(words=words.of(item))
    answer, reasoning = _answer(output, attempt)
    images = _images(sample, reader)
    return ShownAnswer(
        row=_row(header, entry, number, attempt, Passage(), Passage()),
        model=header.measurements[entry.measurement].model,
        question=_of_sample(question_of, sample, _passage) if sample else absent,
        expected=_of_sample(expected_of, sample, _passage) if sample else absent,
        answer=Passage(words=words.of(output)) if answer is None else _passage(answer, _nothing(attempt)),
        reasoning=len(apart.value or "") or reasoning,
        images=_pictures(images[:MAX_IMAGES]),
        images_left=max(0, len(images) - MAX_IMAGES),
        why=tuple(_why(entry, attempt, reader.note(header, entry))),
        taken=_TAKEN[entry.taken],
        attempt=attempt,
    )


def _row(
    header: Header, entry: Entry, number: int, attempt: Attempt, question: Passage, answer: Passage
) -> ListedAnswer:
    asked = header.measurements[entry.measurement]
    return ListedAnswer(
        number=number,
        outcome=OUTCOMES[entry.outcome],
        score="" if math.isnan(entry.value) else f"{entry.value:.3g}",
        task=asked.task,
        measurement=asked.id,
        sample=attempt.sample,
        repeat=attempt.repeat,
        scorer=header.scorers[entry.scorer],
        question=question,
        answer=answer,
        is_taken=entry.taken > 0,
    )


def _sample(item: Text, attempt: Attempt) -> Sample | None:
    if item.value is None:
        return None
    try:
        sample = msgspec.json.decode(item.value, type=Sample)
    except msgspec.DecodeError:
        raise ChangedError("a sample") from None
    if sample.id != attempt.sample:
        raise ChangedError("a sample")
    return sample


def _of_sample(of: Callable[[Sample], str], sample: Sample, shaped: Callable[[str], Passage]) -> Passage:
    """What a sample asks or expects; a stranger made it, and it need not be as ours are."""
    try:
        return shaped(of(sample))
    except (ValueError, LookupError, TypeError, RecursionError):
        return Passage(words="(cannot be shown)")


def _answer(output: Text, attempt: Attempt) -> tuple[str | None, int]:
    """An answer without its reasoning, and how long that is."""
    if output.value is None:
        return None, 0
    answer, reasoning, _ = split_reasoning(output.value)
    if not answer and attempt.logprobs:
        answer = ", ".join(f"{value:.2f}" for value in attempt.logprobs[:100])
    return answer, len(reasoning)


def _short_answer(output: Text, attempt: Attempt, words: TextWords) -> Passage:
    """The end of an answer, where its last word is."""
    answer, _ = _answer(output, attempt)
    if answer is None:
        return Passage(words=words.of(output))
    end = answer.strip()[-LISTED_CHARACTERS:]
    if not end:
        return Passage(words=_nothing(attempt))
    return Passage(("… " if len(end) < len(answer.strip()) else "") + one_line(end, LISTED_CHARACTERS))


def _nothing(attempt: Attempt) -> str:
    return "(empty)" if attempt.outcome.answered else "(no answer)"


def _line(text: str) -> Passage:
    found = one_line(text[: 8 * LISTED_CHARACTERS], LISTED_CHARACTERS)
    return Passage(found) if found else Passage(words="(empty)")


def _passage(text: str, nothing: str = "(empty)") -> Passage:
    text = text.strip("\n")
    if not text.strip():
        return Passage(words=nothing)
    if len(text) <= SHOWN_CHARACTERS:
        return Passage(printable(text, SHOWN_CHARACTERS))
    half = SHOWN_CHARACTERS // 2
    return Passage(printable(text[:half], half), len(text) - SHOWN_CHARACTERS, printable(text[-half:], half))


def _images(sample: Sample | None, reader: RunReader) -> list[PageImage]:
    request = None if sample is None else sample.request
    if not isinstance(request, GenerateRequest):
        return []
    # Of those beyond the bound not even the size is looked for.
    return [
        PageImage(
            each.media_type,
            each.sha256,
            reader.image_size(each.sha256) if number < MAX_IMAGES else None,
            partial(_image, reader, each.sha256),
        )
        for number, each in enumerate(request.images)
    ]


def _image(reader: RunReader, sha256: str) -> bytes | None:
    try:
        return reader.image(sha256)
    except ChangedError:
        raise VerificationError("was changed") from None


def _pictures(images: list[PageImage]) -> tuple[Shown, ...]:
    return Pictures(IMAGES_BYTES).shown(tuple(images))


def _why(entry: Entry, attempt: Attempt, note: str) -> list[str]:
    """How an answer was read, or why there is none to read."""
    found = []
    if not attempt.outcome.answered:
        found.append(": ".join(filter(None, (attempt.outcome.value.replace("_", " "), one_line(attempt.detail, 400)))))
    elif attempt.finish_reason in _ENDED:
        found.append(_ENDED[attempt.finish_reason])
    if note:
        found.append(one_line(note, 400))
    elif entry.cause == UNPARSED:
        found.append("the scorer found nothing in it that it reads as an answer")
    elif entry.cause:
        found.append(f"the answer {_CAUSES[entry.cause - 1].one}")
    return found
