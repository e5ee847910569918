"""The files that a model is held against: sealed by their digests, and named in words."""

from __future__ import annotations

from msgspec.structs import replace

from packages.forensics.tests.identity.test_detector import OTHER_WEIGHTS, planned
from steelyard_forensics.references import files_in_words, sealed_files


def test_one_file_is_sealed_alone_and_several_in_order() -> None:
    one, two = planned(), planned(further={"reference-2": OTHER_WEIGHTS})
    assert sealed_files(one) == {"reference": "a" * 64}
    assert sealed_files(two) == {"reference": "a" * 64, "or": ["b" * 64]}
    assert sealed_files(replace(one, models={"subject": one.subject})) == {"reference": ""}


def test_files_are_named_by_the_beginning_of_their_digests() -> None:
    assert files_in_words({"reference": "a" * 64}) == f"the reference's weights (SHA-256 {'a' * 16}…)"
    said = files_in_words({"reference": "a" * 64, "or": ["b" * 64]})
    assert said == f"the weights of any of the 2 files (SHA-256 {'a' * 16}…, {'b' * 16}…)"
