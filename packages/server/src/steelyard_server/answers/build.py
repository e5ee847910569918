"""Making the index of a run's answers from its sealed folder: in the process that verified it, or in one like it.

The folder was verified, so its scores are those that follow from the journal, and in its order. They are read as they
were sealed, and nothing is scored again but what is open: to say why. What is kept of texts is where they stand.
"""

from __future__ import annotations

import hashlib
import math
from array import array
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from steelyard.auditing.answers import reading_of
from steelyard.auditing.finalize import read_scores
from steelyard.auditing.open_answers import cause_of
from steelyard.auditing.scoring import executes, output_of, scorers_of
from steelyard.errors import InputError, VerificationError
from steelyard.planning.drawn import PROMPTS
from steelyard.planning.file_order import ORDER
from steelyard.plugins import Scorer
from steelyard.records import Attempt, Measurement, Plan, RecordedScore, Sample, SampleScore
from steelyard.scorers.open_causes import OpenCause
from steelyard.storage.journal.lines import decode, segment_of
from steelyard.storage.journal.reader import read_segment, segment_names
from steelyard.storage.journal.texts import TextIndex, open_index
from steelyard.storage.run_folder import RunFolder
from steelyard.util.line_file import LineFile
from steelyard.util.text import one_line
from steelyard_server.answers.form import (
    DIGEST_BYTES,
    FORMAT,
    HEAD,
    LISTED,
    MAGIC,
    MAX_HEADER,
    MAX_MEASUREMENTS,
    OUTCOMES,
    PIECE,
    RECORD,
    SAMPLE,
    UNPARSED,
    Asked,
    Entry,
    Header,
    Span,
    list_number,
    sample_digest,
    span_of,
)

__all__ = ["write_index"]

_CAUSES: Final = {cause: number for number, cause in enumerate(OpenCause, 1)}
_MOST: Final = 1 << 16  # scorers, segments: records name them in two bytes
_PIECES_AT_ONCE: Final = 1_000


def write_index(folder: Path, seal: str, out: BinaryIO) -> None:
    """Write the index of the run in ``folder``, whose seal has this SHA-256, without the server's mark.

    Raises VerificationError where journal and scores do not belong together, InputError where there are too many
    measurements, OSError where it cannot be written.
    """
    run = RunFolder.open(folder)
    segments = segment_names(folder)
    if len(run.plan.measurements) > MAX_MEASUREMENTS:
        raise InputError(f"its answers are not listed: it has more than {MAX_MEASUREMENTS:,} measurements")
    if len(segments) >= _MOST:
        raise InputError(f"its answers are not listed: its journal has more than {_MOST:,} segments")
    found = _Found(run.plan)
    if run.plan.origin.kind != "gateway":  # a recording has no scores
        found.read(run, _Finals(folder, segments))
    header = Header(
        format=FORMAT,
        seal=seal,
        answers=len(found.samples),
        measurements=tuple(_asked(each, run.plan) for each in run.plan.measurements),
        scorers=tuple(one_line(name, 120) for name in found.scorers),
        segments=tuple(map(segment_of, segments)),
        lists=tuple(map(len, found.lists)),
    )
    _write(out, header, found)


def _asked(measurement: Measurement, plan: Plan) -> Asked:
    identity = plan.models[measurement.role].identity
    model = one_line(identity.name or identity.uri, 80) if len(plan.models) > 1 else ""
    return Asked(id=measurement.id, task=one_line(measurement.task, 80), model=model)


def _write(out: BinaryIO, header: Header, found: _Found) -> None:
    encoded = msgspec.json.encode(header)
    if len(encoded) > MAX_HEADER:
        raise InputError("its answers are not listed: the names of its measurements are too long")
    pieces = -(-header.body_bytes // PIECE)
    out.write(HEAD.pack(MAGIC, len(encoded), pieces * DIGEST_BYTES, b""))
    out.write(encoded)
    table_at = out.tell()
    out.write(bytes(pieces * DIGEST_BYTES))
    table, waiting = bytearray(), bytearray()
    for part in found.body():
        waiting += part
        whole = len(waiting) // PIECE * PIECE
        _append(out, table, waiting[:whole])
        del waiting[:whole]
    _append(out, table, waiting)
    out.seek(table_at)
    out.write(table)
    out.flush()


def _append(out: BinaryIO, table: bytearray, data: bytearray) -> None:
    out.write(data)
    for begin in range(0, len(data), PIECE):
        table += _digest(data[begin : begin + PIECE])


def _digest(data: bytes | bytearray) -> bytes:
    return hashlib.sha256(data).digest()[:DIGEST_BYTES]


class _Finals:
    """The attempts that ended the calls, in the order of the journal: where each stands, and where its texts do."""

    def __init__(self, folder: Path, segments: list[str]) -> None:
        self.segment, self.line, self.digests = array("H"), array("Q"), bytearray()
        self.item, self.answer, self.reasoning = array("Q"), array("Q"), array("Q")
        self.is_answered, self.is_withheld = bytearray(), bytearray()
        self.notes: dict[tuple[str, str, int, str], tuple[int, int, bytes]] = {}
        self.texts = open_index(folder)
        self._places: dict[str, dict[int, int]] = {}
        self._repeats: dict[tuple[str, str, int], int] = {}
        self._files = [LineFile(folder / segment_of(worker)) for worker in segments]
        for number, worker in enumerate(segments):
            place = 0
            for record, line in read_segment(folder, worker):
                span = Span(place, len(line)).packed()
                if isinstance(record, Attempt) and record.final:
                    self._add(record, line, number, span)
                elif isinstance(record, RecordedScore) and record.note:
                    self.notes[record.measurement, record.sample, record.repeat, record.scorer] = (
                        number,
                        span,
                        _digest(line),
                    )
                place += len(line) + 1

    def _add(self, attempt: Attempt, line: bytes, segment: int, span: int) -> None:
        number = len(self.segment)
        if attempt.position < 0:
            self._repeats[attempt.measurement, attempt.sample, attempt.repeat] = number
        else:
            self._places.setdefault(attempt.measurement, {})[attempt.position] = number
        item, answer, reasoning = map(self._span, (attempt.item, attempt.answer, attempt.reasoning))
        self.segment.append(segment)
        self.line.append(span)
        self.digests += _digest(line)
        self.item.append(item)
        self.answer.append(answer)
        self.reasoning.append(reasoning)
        self.is_answered.append(attempt.outcome.answered)
        lacks = bool(attempt.answer and not answer) or (
            bool(attempt.reasoning and not reasoning) and not self.texts.get(attempt.answer, "").strip()
        )
        self.is_withheld.append(lacks or not item)

    def _span(self, digest: str) -> int:
        """The line of a text, packed; 0 where it is not here."""
        found = self.texts.place_of(digest) if digest and isinstance(self.texts, TextIndex) else None
        return 0 if found is None else Span(found[0], found[1]).packed()

    def of(self, score: SampleScore) -> int:
        """The attempt that a score is about."""
        by = self._places.get(score.measurement, {})
        repeat = (score.measurement, score.sample, score.repeat)
        number = self._repeats.get(repeat) if score.position < 0 else by.get(score.position)
        if number is None:
            raise VerificationError(f"the score of {score.sample} at {score.position} has no answer")
        return number

    def attempt(self, number: int) -> Attempt:
        """The record itself."""
        span = span_of(self.line[number])
        record = decode(self._files[self.segment[number]].between(span.place, span.place + span.length))
        assert isinstance(record, Attempt)
        return record


class _Found:
    """The parts of an index while they are collected: one entry for each score, in the order of the sealed scores."""

    def __init__(self, plan: Plan) -> None:
        self.records = bytearray()
        self.samples = array("Q")
        self.scorers: dict[str, int] = {}
        self.lists = [array("I") for _ in range((len(plan.measurements) + 1) * len(OUTCOMES) * 2)]
        self._measurements = {each.id: number for number, each in enumerate(plan.measurements)}
        self._drawn = {each.id for each in plan.measurements if each.drawn in (PROMPTS, ORDER)}
        self._opened = {(name, each.identifier): each for name, by in scorers_of(plan).items() for each in by}

    def read(self, run: RunFolder, finals: _Finals) -> None:
        """Take every score; texts that were drawn to be held against a reference, and ranks, are not right or wrong."""
        for score in read_scores(run):
            if score.measurement not in self._drawn:
                self._add(score, self._entry(score, finals))

    def _entry(self, score: SampleScore, finals: _Finals) -> Entry:
        scorer = self._opened.get((score.measurement, score.scorer))
        if scorer is None or score.measurement not in self._measurements:
            raise VerificationError(f"the plan has no measurement {score.measurement[:80]} with {score.scorer[:80]}")
        number = finals.of(score)
        is_executed = executes(scorer) and bool(finals.is_answered[number])
        taken = 2 if is_executed else int(finals.is_withheld[number])
        about = (score.measurement, score.sample, score.repeat, score.scorer)
        is_read = score.status == "open" and not taken
        note_segment, note, note_digest = finals.notes.get(about, (0, 0, b""))
        return Entry(
            outcome=OUTCOMES.index(reading_of(score)),
            taken=taken,
            measurement=self._measurements[score.measurement],
            scorer=self.scorers.setdefault(score.scorer, len(self.scorers)),
            segment=finals.segment[number],
            value=math.nan if score.value is None else score.value,
            line=finals.line[number],
            digest=bytes(finals.digests[number * DIGEST_BYTES : (number + 1) * DIGEST_BYTES]),
            item=finals.item[number],
            answer=finals.answer[number],
            reasoning=finals.reasoning[number],
            note=note,
            note_digest=note_digest,
            note_segment=note_segment,
            cause=UNPARSED if score.status == "unparsed" else _cause(scorer, finals, number) if is_read else 0,
        )

    def _add(self, score: SampleScore, entry: Entry) -> None:
        if len(self.scorers) >= _MOST:
            raise InputError(f"its answers are not listed: it has more than {_MOST:,} scorers")
        place = len(self.samples)
        self.records += RECORD.pack(*entry)
        self.samples.append(sample_digest(score.sample))
        for measurement in (None, entry.measurement):
            self.lists[list_number(measurement, entry.outcome, entry.taken > 0)].append(place)

    def body(self) -> Iterator[bytes]:
        """The body of the index, in parts."""
        yield bytes(self.records)
        for numbers in self.lists:
            yield b"".join(map(LISTED.pack, numbers))
        order = sorted(range(len(self.samples)), key=self.samples.__getitem__)  # stable: then by number
        for begin in range(0, len(order), _PIECES_AT_ONCE):
            part = order[begin : begin + _PIECES_AT_ONCE]
            yield b"".join(SAMPLE.pack(self.samples[place], place) for place in part)


def _cause(scorer: Scorer, finals: _Finals, number: int) -> int:
    """Why an answer is open; 0 where that cannot be told."""
    with suppress(Exception):  # a text of somebody's, read by rules: whatever they stumble over, the score stands
        attempt = finals.attempt(number)
        sample = msgspec.json.decode(finals.texts[attempt.item], type=Sample)
        output = output_of(attempt, finals.texts)
        if output is not None:
            return _CAUSES[cause_of(scorer, sample, output)]
    return 0
