"""What waits for a retry holds no image's bytes."""

from __future__ import annotations

from steelyard.evidence.canonical import canonical
from steelyard.records import GenerateRequest, Image, LoglikelihoodRequest, Sample
from steelyard.runner.pending import question_of, without_bytes


def test_a_sample_without_the_bytes_of_its_images_is_the_same_sample() -> None:
    shown = Image(sha256="ab" * 32, media_type="image/png", data=b"\x89PNG")
    sample = Sample(id="x", request=GenerateRequest(prompt="?", images=(shown, shown)), target="1")
    named = without_bytes(sample)
    assert named is not None
    assert isinstance(named.request, GenerateRequest)
    assert [image.data for image in named.request.images] == [b"", b""]
    assert canonical(named) == canonical(sample)


def test_a_sample_that_shows_none() -> None:
    assert without_bytes(Sample(id="x", request=GenerateRequest(prompt="?"), target="1")) is None
    asked = LoglikelihoodRequest(context="?", continuations=("a", "b"))
    assert without_bytes(Sample(id="x", request=asked, target="1")) is None
    assert question_of(asked) is asked


def test_who_is_to_answer_is_no_part_of_a_question() -> None:
    request = GenerateRequest(prompt="?", checkpoints=("ab",))
    assert question_of(request) == GenerateRequest(prompt="?")
