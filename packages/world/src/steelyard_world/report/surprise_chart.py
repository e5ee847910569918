"""Surprise over time: under a possible clip and its impossible twin, which are the same up to a cut."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from steelyard.reports.vega import INK, field, layer, svg
from steelyard.util.text import one_line
from steelyard_world.report.film_strip import FilmRow, FilmStrip, spread

__all__ = ["SurprisePair", "frames_below", "surprise_chart"]

_WAYS = (("possible", "var(--consistent)", [1, 0]), ("impossible", "var(--inconsistent)", [5, 3]))


class SurprisePair(NamedTuple):
    """A matched pair as a model saw it.

    ``possible`` and ``impossible``: surprise at frames 1 … T − 1, (T − 1,). ``cut``: the first frame that differs.
    Clips: uint8 (T, H, W, 3).
    """

    title: str
    possible: NDArray[np.float32]
    impossible: NDArray[np.float32]
    cut: int
    possible_clip: NDArray[np.uint8]
    impossible_clip: NDArray[np.uint8]


def surprise_chart(pair: SurprisePair, *, name: str, narrow: bool = False) -> str:
    """Draw both lines over the frames; a dotted rule marks the cut."""
    rows = [
        {"frame": frame + 1, "surprise": float(value), "way": way}
        for way, values in (("possible", pair.possible), ("impossible", pair.impossible))
        for frame, value in enumerate(values)
        if np.isfinite(value)
    ]
    last = len(pair.possible)
    x = field(
        "frame",
        title=None,
        scale={"domain": [1, max(last, 2)], "nice": False},
        axis={"tickCount": 5 if narrow else 8, "format": "d", "grid": False, "tickMinStep": 1},
    )
    up = {"tickCount": 4, "format": "~g"}
    line = {"x": x, "y": field("surprise", title=None, scale={"zero": True, "nice": True}, axis=up)}
    look: dict[str, Any] = {"strokeWidth": 2, "interpolate": "linear"}
    lines = [
        layer("line", line, values=[row for row in rows if row["way"] == way], stroke=colour, strokeDash=dash, **look)
        for way, colour, dash in _WAYS
    ]
    cut = layer("rule", {"x": field("frame")}, values=[{"frame": pair.cut}], stroke=INK, strokeDash=[2, 3])
    drawing = {"layer": [*lines, cut], "width": 310 if narrow else 560, "height": 150}
    return svg(drawing, name, f"Surprise over time: {one_line(pair.title, 120)}", _described(pair))


def frames_below(pair: SurprisePair) -> FilmStrip:
    """The frames to show under the chart: with those on both sides of the cut."""
    count = len(pair.possible_clip)
    chosen = sorted({*spread(count, 6), max(0, pair.cut - 1), min(pair.cut, count - 1)})
    rows = (
        FilmRow("possible", [pair.possible_clip[frame] for frame in chosen]),
        FilmRow("impossible", [pair.impossible_clip[frame] for frame in chosen]),
    )
    heads = tuple(f"{frame} ▾" if frame == pair.cut else str(frame) for frame in chosen)
    return FilmStrip(pair.title, "", heads, rows)


def _described(pair: SurprisePair) -> str:
    def most(values: NDArray[Any]) -> str:
        return f"{float(np.max(values)):.3g} at frame {int(np.argmax(values)) + 1}"

    return (
        f"The clips differ from frame {pair.cut} on. Highest surprise: possible {most(pair.possible)}, "
        f"impossible {most(pair.impossible)}"
    )
