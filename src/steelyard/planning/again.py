"""What is asked again while a run goes on: some of the samples of another measurement, chosen by the journal alone."""

from __future__ import annotations

import msgspec

from steelyard.plugins import MeasurementRequest
from steelyard.records import SECOND_PASS, GenerateRequest, Measurement, RepeatCheck, Request

__all__ = ["asked_again", "request_again"]

_LEAST_TOKENS = 16  # below it, one more token is allowed, not one fewer


def asked_again(of: Measurement, request: MeasurementRequest, scorer: str) -> Measurement:
    """The measurement that asks samples of another one again: so many without an answer, and as many with one.

    In the arm ``SECOND_PASS`` it may ask each trial of that one.

    At the request's temperature, where the first answers were greedy and it gives one.
    """
    if request.temperature and of.kind == "generate" and of.decoding == "greedy":
        of = msgspec.structs.replace(of, decoding="sampled", temperature=request.temperature)
    is_pass = request.arm == SECOND_PASS
    return msgspec.structs.replace(
        of,
        id="",
        scorers=(scorer,),
        order_seed="",
        question="",
        share=1.0,
        repeats=of.repeats if is_pass else request.repeats or 1,
        repeat_check=RepeatCheck(),
        limit=of.limit if is_pass else min(2 * request.again, of.population),
        arm=request.arm,
        beside=of.id,
        again=request.again,
    )


def request_again(request: Request, repeat: int, temperature: float = 0.0) -> Request:
    """What is sent when a sample is asked again: the same question, under a limit of tokens that no call had before.

    A cache before the endpoint holds what was answered, and by the same request would answer it again, whatever the
    endpoint does by then; what had failed would fail again. With another limit it knows neither. A cache that knows
    greedy questions by their words alone would: so ``temperature``, if not 0, takes the place of the request's own.
    """
    if not isinstance(request, GenerateRequest):
        return request
    further = 1 + repeat
    tokens = request.max_tokens - further if request.max_tokens >= _LEAST_TOKENS else request.max_tokens + further
    return msgspec.structs.replace(request, max_tokens=tokens, temperature=temperature or request.temperature)
