"""Each answer of a run with what was asked, what was expected, how it was read and its score; a pure function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from string import ascii_uppercase
from typing import Literal

import msgspec

from steelyard.auditing.finalize import results_of
from steelyard.auditing.scoring import executes, output_of, read_score, sample_of, scorers_of
from steelyard.auditing.stated import Stated, stated_of
from steelyard.evidence.media import images_in
from steelyard.judging.items import about_key, key_in
from steelyard.planning.drawn import PROMPTS
from steelyard.planning.file_order import ORDER
from steelyard.plugins import Scorer
from steelyard.records import Attempt, GenerateRequest, Measurement, RecordedScore, Sample, SampleScore
from steelyard.records.images import MediaType
from steelyard.scorers.open_causes import open_cause
from steelyard.storage.journal.media import size_at
from steelyard.storage.journal.reader import read_lines
from steelyard.storage.journal.texts import open_index
from steelyard.storage.run_folder import RunFolder
from steelyard.util.reasoning import split_reasoning

__all__ = ["Answer", "Reading", "ShownImage", "answers_of", "expected_of", "question_of", "reading_of"]

Reading = Literal["right", "wrong", "partly right", "open", "missing"]


@dataclass(frozen=True)
class ShownImage:
    """An image that a question shows: its digest, its type, and its size in bytes (None: withheld)."""

    sha256: str
    media_type: MediaType
    bytes: int | None


@dataclass(frozen=True)
class Answer:
    """One answer and one of its scores. ``question``, ``expected`` and ``answer`` are None where texts are withheld.

    ``reading`` is the score in a word, and ``why`` what the scorer or the endpoint says of it. ``position`` is the
    place in the committed order; −1 is an extra answer of the repeat check. ``answer`` holds no reasoning. ``images``
    are in the order in which the question shows them: where ``[image 1]`` stands, and so on.
    """

    measurement: str
    task: str
    sample: str
    position: int
    repeat: int
    reading: Reading
    score: float | None
    scorer: str
    why: str
    question: str | None
    expected: str | None
    answer: str | None
    reasoning: str
    images: tuple[ShownImage, ...] = ()


def reading_of(score: SampleScore) -> Reading:
    """A score in a word."""
    if score.value is None:
        return "open" if score.status == "open" else "missing"
    return "right" if score.value == 1 else "partly right" if score.value > 0 else "wrong"


def answers_of(run: RunFolder, wanted: Callable[[SampleScore], bool] = lambda _: True) -> Iterator[Answer]:
    """The answers whose scores are wanted, in the order of the journal; a run that has not ended may be read, too.

    Texts that were drawn to be held against a reference, and ranks of orders, are none: nothing in them is right or
    wrong.
    Raises VerificationError for a journal that does not fit its plan.
    """
    found: dict[tuple[str, int, str, int], list[SampleScore]] = {}

    drawn = {each.id for each in run.plan.measurements if each.drawn in (PROMPTS, ORDER)}

    def collect(score: SampleScore) -> None:
        if score.measurement not in drawn and wanted(score):
            found.setdefault(_call_of(score), []).append(score)

    plan = results_of(run, collect).plan
    measurements, texts, stated = plan.by_id, open_index(run.path), stated_of(plan)
    scorers = {(name, each.identifier): each for name, by in scorers_of(plan).items() for each in by}
    notes = {
        (record.measurement, record.sample, record.repeat, record.scorer): record.note
        for record, _ in read_lines(run.path)
        if isinstance(record, RecordedScore) and record.note
    }
    for record, _ in read_lines(run.path):
        if not isinstance(record, Attempt) or not record.final:
            continue
        for score in found.get(_call_of(record), ()):
            note = notes.get((score.measurement, score.sample, score.repeat, score.scorer), "")
            scorer = scorers[score.measurement, score.scorer]
            answer = _answer(
                measurements[score.measurement], record, score, scorer, texts, note, stated[score.measurement]
            )
            yield replace(answer, images=tuple(_images_at(run.path, record, texts)))


def _call_of(of: SampleScore | Attempt) -> tuple[str, int, str, int]:
    """The call that a score and the attempt that ended it are about: numbers of records begin anew in each segment."""
    return of.measurement, of.position, of.sample, of.repeat


def _images_at(run: Path, attempt: Attempt, texts: Mapping[str, str]) -> Iterator[ShownImage]:
    """What the sample of an attempt shows; nothing where it is withheld."""
    text = texts.get(attempt.item)
    if text is None or next(images_in(text), None) is None:
        return
    request = msgspec.json.decode(text, type=Sample).request
    for image in request.images if isinstance(request, GenerateRequest) else ():
        yield ShownImage(image.sha256, image.media_type, size_at(run, image.sha256))


def _answer(
    measurement: Measurement,
    attempt: Attempt,
    score: SampleScore,
    scorer: Scorer,
    texts: Mapping[str, str],
    note: str,
    stated: Stated,
) -> Answer:
    sample, output = sample_of(attempt, texts, again=bool(measurement.again)), output_of(attempt, texts)
    answer, reasoning, _ = split_reasoning(output.text) if output else (None, "", True)
    if sample and output and attempt.outcome.answered and not executes(scorer):
        with suppress(Exception):  # such a score is missing
            found = read_score(scorer, sample, output, stated)
            note = found.note
            if found.value is None and not (note or _ended(attempt)):
                note = open_cause(sample, msgspec.structs.replace(output, text=answer or "")).one
    if answer == "" and output is not None and output.logprobs:
        answer = ", ".join(f"{value:.2f}" for value in output.logprobs)
    return Answer(
        measurement=measurement.id,
        task=measurement.task,
        sample=attempt.sample,
        position=attempt.position,
        repeat=attempt.repeat,
        reading=reading_of(score),
        score=score.value,
        scorer=score.scorer,
        why="; ".join(filter(None, (_ended(attempt), note))),
        question=None if sample is None else question_of(sample),
        expected=None if sample is None else expected_of(sample),
        answer=answer,
        reasoning=texts.get(attempt.reasoning, "") if attempt.reasoning else reasoning,
    )


def _ended(attempt: Attempt) -> str:
    """How the endpoint ended this answer, where it is not the model's own end."""
    if not attempt.outcome.answered:
        return ": ".join(filter(None, (attempt.outcome.value.replace("_", " "), attempt.detail)))
    return {"length": "cut off", "content_filter": "stopped by a content filter"}.get(attempt.finish_reason, "")


def question_of(sample: Sample) -> str:
    """What a sample asks, without its worked examples."""
    """What a sample asks, without its worked examples."""
    request = sample.request
    if isinstance(request, GenerateRequest):
        history = [f"[{turn.role}]\n{turn.text}" for turn in request.history]
        prompt = _with_images(request)
        asked = f"[user]\n{prompt}" if history else prompt
        return "\n\n".join(filter(None, (request.system, *history, asked)))
    return request.context


def _with_images(request: GenerateRequest) -> str:
    """The prompt, with the number of each image where it stands."""
    parts, begun = [], 0
    for number, image in enumerate(request.images, 1):
        parts += [request.prompt[begun : image.at], f"[image {number}]"]
        begun = image.at
    return "".join([*parts, request.prompt[begun:]])


def expected_of(sample: Sample) -> str:
    """The right answer; the letter and the text of the choice where the target names one by its number.

    A question to a judge has none: what it is about stands there instead. Of a data set's own tests, which no run
    keeps, it is their digest.
    """
    target = sample.target
    if sample.tests_sha256:
        return f"the tests of the data set pass (SHA-256 {sample.tests_sha256})"
    if target.startswith("{") and (key := key_in(target)) is not None:
        return about_key(key)
    if target.isdecimal() and int(target) < min(len(sample.choices), len(ascii_uppercase)):
        return f"{ascii_uppercase[int(target)]}. {sample.choices[int(target)]}"
    return target
