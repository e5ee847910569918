"""A data set's own tests, which are megabytes a sample: there while an answer is scored, and neither before nor after.

They are in no sealed form, so a sample that was read back from a run's texts has none. Whoever scores an answer, at
once or after a kill, has the sample rendered again.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from steelyard.errors import InputError
from steelyard.planning.samples import Prepared
from steelyard.records import Attempt, Sample

__all__ = ["OwnTests", "without_tests"]


def without_tests(sample: Sample) -> Sample:
    """The sample as it is while its answer is awaited: hundreds may be."""
    return msgspec.structs.replace(sample, tests=b"") if sample.tests else sample


class OwnTests:
    """Gives samples their tests back, from those that a plan prepared. Safe from several threads."""

    def __init__(self, prepared: Mapping[str, Prepared]) -> None:
        self._prepared = prepared
        self._places: dict[str, dict[str, int]] = {}

    def given(self, attempt: Attempt, sample: Sample) -> Sample:
        """The sample that an attempt asked, with its tests.

        Raises InputError where they are no longer those that were sealed.
        """
        if not sample.tests_sha256 or sample.tests:
            return sample
        of = self._prepared[attempt.measurement]
        places = self._places.get(attempt.measurement)
        if places is None:
            places = {digest: place for place, digest in enumerate(of.digests)}
            self._places[attempt.measurement] = places
        place = places.get(attempt.item)
        rendered = None if place is None else of.samples[place]
        if rendered is None or rendered.tests_sha256 != sample.tests_sha256:
            raise InputError(f"{sample.id}: its tests are not those that the plan sealed: give the same data again")
        return msgspec.structs.replace(sample, tests=rendered.tests)
