"""A call that is not finished: its sample, what it asks, and its attempts so far."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from steelyard.records import GenerateRequest, Request, Sample
from steelyard.runner.schedule import Call

__all__ = ["Pending", "question_of", "without_bytes"]


@dataclass(slots=True)
class Pending:
    """An unfinished call: its attempts so far, and how many of them count towards the maximum."""

    call: Call
    sample: Sample
    item: str
    request: str
    attempts: int = 0
    failures: int = 0


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
