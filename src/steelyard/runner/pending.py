"""A call that is not finished: its sample, what it asks, its attempts so far, and their records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from steelyard.evidence.canonical import canonical, canonical_with, sha256_hex
from steelyard.records import Attempt, GenerateRequest, ModelOutput, Request, Sample
from steelyard.runner.schedule import Call
from steelyard.storage.journal.attempts import attempt_of
from steelyard.storage.journal.texts import Texts
from steelyard.storage.journal.writer import Journal

__all__ = ["Pending", "begun", "question_of", "record_attempt", "without_bytes"]


@dataclass(slots=True)
class Pending:
    """An unfinished call: its attempts so far, and how many of them count towards the maximum."""

    call: Call
    sample: Sample
    item: str
    request: str
    attempts: int = 0
    failures: int = 0


def begun(
    call: Call, sample: Sample, request: Request, texts: Texts, check_item: Callable[[Call, str], None]
) -> Pending:
    """A call about a sample that is asked by a request; ``check_item`` gets the sample's digest before it is asked."""
    encoded = canonical(sample.request)
    item = texts.add(canonical_with(sample, request=encoded).decode())
    check_item(call, item)
    if (question := question_of(request)) is not sample.request:
        encoded = canonical(question)
    if request is not sample.request:
        sample = msgspec.structs.replace(sample, request=request)
    return Pending(call, sample, item, sha256_hex(encoded))


def record_attempt(
    journal: Journal,
    texts: Texts,
    pending: Pending,
    output: ModelOutput,
    *,
    final: bool,
    started_us: int,
    elapsed_us: int,
    batch: int = 0,
) -> Attempt:
    """Write the record of an attempt at a call, which has counted it; raises OSError where the disk takes no more."""
    call = pending.call
    attempt = attempt_of(
        output,
        texts,
        measurement=call.measurement,
        position=call.position,
        sample=pending.sample.id,
        item=pending.item,
        repeat=call.repeat,
        number=pending.attempts,
        request=pending.request,
        final=final,
        started_us=started_us,
        elapsed_us=elapsed_us,
        batch=batch,
    )
    return journal.append(attempt, output.worker)


def question_of(request: Request) -> Request:
    """A request without who is to answer it, which the plan says: so a recording finds its answer under any order."""
    if not isinstance(request, GenerateRequest) or not request.checkpoints:
        return request
    question: Request = msgspec.structs.replace(request, checkpoints=())
    return question


def without_bytes(sample: Sample) -> Sample | None:
    """The sample without the bytes of its images, for a call that waits; None where it shows none."""
    request = sample.request
    if not isinstance(request, GenerateRequest) or not request.images:
        return None
    images = tuple(msgspec.structs.replace(image, data=b"") for image in request.images)
    named: Sample = msgspec.structs.replace(sample, request=msgspec.structs.replace(request, images=images))
    return named
