"""Pictures of world-model tests: frames survive the PNG, words are those of the records, text is escaped."""

from __future__ import annotations

import base64
import re
import struct
import xml.etree.ElementTree as ElementTree
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packages.world.tests.report import world_fixtures as make
from steelyard_world.evaluation.efficiency import curve
from steelyard_world.report.attention import overlaid, token_weights
from steelyard_world.report.efficiency_chart import efficiency_chart, points_of
from steelyard_world.report.film_strip import picture, spread, strip
from steelyard_world.report.png import data_uri, png
from steelyard_world.report.scores_chart import by_measure, scores_chart
from steelyard_world.report.surprise_chart import frames_below, surprise_chart


def decoded(data: bytes) -> Any:
    """A small reader of the one kind of PNG that is written."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length]) == (zlib.crc32(kind + body),)
        chunks[kind], at = body, at + 12 + length
    width, height, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert rest == [8, 2, 0, 0, 0]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, 1 + 3 * width)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 3)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_a_png_holds_its_frame(height: int, width: int, seed: int) -> None:
    frame = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert np.array_equal(decoded(png(frame)), frame)
    assert np.array_equal(decoded(base64.b64decode(data_uri(frame).partition(",")[2])), frame)


@given(st.integers(1, 200))
def test_spread_keeps_both_ends(count: int) -> None:
    chosen = spread(count)
    assert chosen[0] == 0
    assert chosen[-1] == count - 1
    assert len(chosen) == min(count, 9)


def parsed(drawing: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawing.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def test_a_strip_has_accessible_labels_and_gaps_for_missing_frames() -> None:
    drawn = strip(make.film())
    assert re.findall(r'aria-label="([^"]*)"', drawn) == ["real: 9 frames", "imagined: 9 frames", "goal: 1 frames"]
    assert drawn.count("<img") == 9 + 8 + 1
    assert picture(make.film(make.HOSTILE)).startswith(b"\x89PNG")


def test_scores_share_an_axis_only_where_they_share_a_measure() -> None:
    groups = by_measure(make.summaries())
    assert [(measure, len(group)) for measure, group in groups] == [("", 5), ("error in pixels, less is better", 1)]
    root = parsed(scores_chart(groups[1][1], name="x"))
    described = "".join(root.itertext())
    assert "memory, hidden object in scenes: 1.20, interval 1.05–1.39, floor 2.32, ceiling –" in described


@pytest.mark.parametrize("narrow", [False, True])
def test_drawings_are_well_formed_whatever_the_names(narrow: bool) -> None:
    hostile = make.summary(test=make.HOSTILE, world=make.HOSTILE, condition=make.HOSTILE)
    for drawing in (
        scores_chart([hostile], name="a", narrow=narrow),
        surprise_chart(make.pair(make.HOSTILE), name="b", narrow=narrow),
        efficiency_chart(make.curves("frames", make.HOSTILE), ["jepa", "pixel"], name="c"),
    ):
        assert parsed(drawing).find(".//{http://www.w3.org/2000/svg}script") is None
        assert "#000" not in drawing


def test_the_frames_on_both_sides_of_the_cut_are_shown() -> None:
    film = frames_below(make.pair())
    assert "9" in film.columns
    assert "10 ▾" in film.columns
    assert "Highest surprise: possible 0.25 at frame 15, impossible 1.1 at frame 10" in surprise_chart(
        make.pair(), name="x"
    )


def test_attention_lights_what_was_looked_at() -> None:
    weights = np.zeros((8, 4, 4), np.float32)
    weights[2, 1, 3] = 0.5
    seen = overlaid(np.full((16, 64, 64, 3), 100, np.uint8), weights)
    lit = seen.sum(axis=-1) > 100 * 3 * 0.31
    assert lit[4:6, 16:32, 48:64].all()
    assert lit.sum() == 2 * 16 * 16
    tokens = np.stack([weights.reshape(-1), 3 * weights.reshape(-1)])
    assert np.array_equal(token_weights(tokens, (8, 4, 4)), 2 * weights)
    with pytest.raises(ValueError, match="does not divide"):
        overlaid(np.zeros((5, 64, 64, 3), np.uint8), weights)


def test_measured_curves_become_points() -> None:
    measured = curve("jepa", {4000.0: np.array([[0.0, 1.0]]), 16000.0: np.array([[1.0, 1.0]])})
    points = points_of([measured])
    assert [(point.method, point.amount, point.score) for point in points] == [
        ("jepa", 4000, 0.5),
        ("jepa", 16000, 1.0),
    ]
    assert points[0].low <= 0.5 <= points[0].high
