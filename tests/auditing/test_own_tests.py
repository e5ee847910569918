"""A data set's own tests are given back to a sample from those that were prepared, or the answer is not scored."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import msgspec
import pytest

from steelyard.auditing.own_tests import OwnTests, without_tests
from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical
from steelyard.planning.samples import Prepared, digests_of
from steelyard.records import Attempt, GenerateRequest, Measurement, Outcome, Sample

MEASUREMENT = Measurement(
    id="00", task="t", prompt="p", kind="generate", scorers=(), population=2, samples_root="", order_seed=""
)


def sample_of(number: int, tests: bytes) -> Sample:
    return Sample(
        id=f"t/{number}",
        request=GenerateRequest(prompt="?"),
        target="",
        tests_sha256=sha256(tests).hexdigest() if tests else "",
        tests=tests,
    )


SAMPLES = [sample_of(0, b"one"), sample_of(1, b"two")]


def prepared(samples: Sequence[Sample] = SAMPLES, sealed: Sequence[Sample] = SAMPLES) -> dict[str, Prepared]:
    return {"00": Prepared(MEASUREMENT, samples, digests_of(sealed)[0])}


def attempt_on(sample: Sample) -> Attempt:
    return Attempt(
        measurement="00",
        position=0,
        sample=sample.id,
        item=sha256(canonical(sample)).hexdigest(),
        repeat=0,
        attempt=0,
        request="",
        outcome=Outcome.OK,
        final=True,
        started_us=0,
        elapsed_us=0,
    )


def read_back(sample: Sample) -> Sample:
    return msgspec.json.decode(canonical(sample), type=Sample)


def test_a_sample_that_was_read_back_gets_its_tests() -> None:
    for sample in SAMPLES:
        light = read_back(sample)
        assert light.tests == b""
        assert light == without_tests(sample)
        assert canonical(light) == canonical(sample)
        assert OwnTests(prepared()).given(attempt_on(sample), light) == sample


def test_a_sample_without_tests_is_left_as_it_is() -> None:
    plain = sample_of(2, b"")
    assert without_tests(plain) is plain
    assert OwnTests({}).given(attempt_on(plain), plain) is plain
    assert OwnTests({}).given(attempt_on(SAMPLES[0]), SAMPLES[0]) is SAMPLES[0]


def test_other_tests_are_refused() -> None:
    changed = [sample_of(0, b"another"), SAMPLES[1]]
    with pytest.raises(InputError, match="t/0: its tests are not those that the plan sealed"):
        OwnTests(prepared(changed)).given(attempt_on(SAMPLES[0]), read_back(SAMPLES[0]))
    other = sample_of(2, b"three")
    with pytest.raises(InputError, match="t/2: its tests are not those"):
        OwnTests(prepared()).given(attempt_on(other), read_back(other))
