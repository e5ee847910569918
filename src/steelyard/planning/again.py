"""What is asked again while a run goes on: some of the samples of another measurement, chosen by the journal alone."""

from __future__ import annotations

import msgspec

from steelyard.plugins import MeasurementRequest
from steelyard.records import Measurement, RepeatCheck

__all__ = ["asked_again"]


def asked_again(of: Measurement, request: MeasurementRequest, scorer: str) -> Measurement:
    """The measurement that asks samples of another one again: so many without an answer, and as many with one."""
    return msgspec.structs.replace(
        of,
        id="",
        scorers=(scorer,),
        order_seed="",
        question="",
        share=1.0,
        repeats=request.repeats or 1,
        repeat_check=RepeatCheck(),
        limit=min(2 * request.again, of.population),
        arm=request.arm,
        beside=of.id,
        again=request.again,
    )
