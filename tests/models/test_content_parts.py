"""Texts and images of a message: joined they are the whole prompt, in the order in which the model sees them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.models.content_parts import of_kind, parts_of
from steelyard.records import GenerateRequest, Image


def image(number: int, at: int) -> Image:
    return Image(sha256=f"{number:064x}", media_type="image/png", at=at)


@given(st.text(max_size=20), st.text(max_size=40), st.lists(st.integers(0, 40), max_size=6))
def test_split_and_joined(prefix: str, prompt: str, places: list[int]) -> None:
    shown = tuple(image(number, min(at, len(prompt))) for number, at in enumerate(sorted(places)))
    parts = parts_of(GenerateRequest(prefix=prefix, prompt=prompt, images=shown))
    assert "".join(part for part in parts if isinstance(part, str)) == prefix + prompt
    assert tuple(part for part in parts if isinstance(part, Image)) == shown
    assert "" not in parts
    length = 0
    for part in parts:
        if isinstance(part, Image):
            assert length == len(prefix) + part.at or (part.at == 0 and length in (0, len(prefix)))
        else:
            length += len(part)


@pytest.mark.parametrize("places", [(5,), (-1,), (2, 1)])
def test_an_image_outside_the_prompt_or_out_of_order(places: tuple[int, ...]) -> None:
    shown = tuple(image(number, at) for number, at in enumerate(places))
    with pytest.raises(ValueError, match="outside the prompt, or out of order"):
        parts_of(GenerateRequest(prompt="1234", images=shown))


def test_parts_of_a_kind_are_objects_that_say_so() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "other"}, "text", None, 3, {"text": "b"}, {"type": "text"}]
    assert of_kind(parts, "text") == [{"type": "text", "text": "a"}, {"type": "text"}]
