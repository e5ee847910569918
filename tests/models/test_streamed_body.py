"""A body with images: JSON with data URIs in it, of a length that is known; no image is held twice."""

from __future__ import annotations

import base64
import json
import tracemalloc
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.models.streamed_body import LEAST, MOST, Places, StreamedBody
from steelyard.records import Image


def image(data: bytes) -> Image:
    return Image(sha256=sha256(data).hexdigest(), media_type="image/webp", data=data)


@given(st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=4), st.text(), st.booleans())
def test_what_is_sent(files: list[bytes], text: str, data_uris: bool) -> None:
    places = Places(data_uris=data_uris)
    body = {"model": text, "parts": [{"url": places.put(image(data)), "text": text} for data in files]}
    streamed = StreamedBody.of(body, places)
    sent = b"".join(streamed.sent())
    assert len(sent) == streamed.size
    read = json.loads(sent)
    assert read["model"] == text
    for part, data in zip(read["parts"], files, strict=True):
        head, _, encoded = part["url"].rpartition(",")
        assert head == ("data:image/webp;base64" if data_uris else "")
        assert base64.b64decode(encoded, validate=True) == data


def test_an_image_is_encoded_a_piece_at_a_time() -> None:
    data = bytes(range(256)) * 40_000  # 10 MB
    places = Places()
    streamed = StreamedBody.of({"url": places.put(image(data))}, places)

    tracemalloc.start()
    try:
        assert sum(map(len, streamed.sent())) == streamed.size
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("sizes", [[50_000], [100] * 3_000, [100_000] * 9, [10, 3_000_000, 10], [50_000, 20] * 40])
def test_what_is_small_goes_with_what_stands_beside_it(sizes: list[int]) -> None:
    places = Places()
    files = [b"x" * size for size in sizes]
    streamed = StreamedBody.of({"urls": [places.put(image(data)) for data in files]}, places)
    pieces = list(streamed.sent())
    assert sum(map(len, pieces)) == streamed.size
    assert max(map(len, pieces)) <= MOST
    assert all(len(one) + len(next_one) > LEAST for one, next_one in pairwise(pieces))
    if streamed.size <= MOST:
        assert len(pieces) == 1


def test_an_image_without_bytes_or_place_is_refused() -> None:
    places = Places()
    body = {"url": places.put(image(b""))}
    with pytest.raises(ValueError, match="no bytes"):
        StreamedBody.of(body, places)
    with pytest.raises(ValueError, match="no place"):
        StreamedBody.of({"url": "elsewhere"}, places)
