"""A film strip: rows of frames over the same steps, for a page and as a picture of its own."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steelyard.util.text import one_line
from steelyard_world.report.png import data_uri

__all__ = ["FilmRow", "FilmStrip", "picture", "spread", "strip"]

COLUMNS = 9  # more would be too small on a phone
_CELL, _GAP, _TOP, _LABEL = 96, 6, 34, 20  # pixels of the picture


class FilmRow(NamedTuple):
    """One row: ``frames`` uint8 (T, H, W, 3), or None where a step has nothing to show."""

    label: str
    frames: Sequence[NDArray[np.uint8] | None]


class FilmStrip(NamedTuple):
    """Rows of equally many frames, the headings of the columns, and a caption."""

    title: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[FilmRow, ...]


def spread(count: int, most: int = COLUMNS) -> list[int]:
    """Choose at most ``most`` of ``count`` steps, evenly spaced, the first and the last among them."""
    return sorted({round(step) for step in np.linspace(0, count - 1, min(count, most))})


def strip(film: FilmStrip) -> str:
    """Draw for a page: each row a picture with its words, no wider than the page."""
    width = len(film.columns)
    heads = "".join(f"<span>{escape(one_line(head, 40))}</span>" for head in film.columns)
    rows = "".join(_row(row) for row in film.rows)
    head = f'<div class="film-head" aria-hidden="true">{heads}</div>'
    return f'<div class="film" style="--columns:{width}">{head}{rows}</div>'


def _row(row: FilmRow) -> str:
    label = escape(one_line(row.label, 120))
    cells = "".join(
        "<span></span>" if frame is None else f'<img src="{data_uri(frame)}" alt="" width="64" height="64">'
        for frame in row.frames
    )
    return (
        f'<div class="film-label" aria-hidden="true">{label}</div>'
        f'<div class="film-row" role="img" aria-label="{label}: {len(row.frames)} frames">{cells}</div>'
    )


def picture(film: FilmStrip) -> bytes:
    """Draw as one PNG on white, words included, for where there is no page."""
    import vl_convert

    width = len(film.columns) * (_CELL + _GAP) + _GAP
    parts = [_text(_GAP, 20, film.title, 15, "#1d1c1a", "600")]
    y = _TOP
    parts += [
        _text(_GAP + column * (_CELL + _GAP), y + 12, head, 11, "#625f58") for column, head in enumerate(film.columns)
    ]
    for row in film.rows:
        y += _LABEL
        parts.append(_text(_GAP, y + 13, row.label, 12, "#1d1c1a"))
        y += _LABEL
        for column, frame in enumerate(row.frames):
            if frame is not None:
                x = _GAP + column * (_CELL + _GAP)
                parts.append(
                    f'<image x="{x}" y="{y}" width="{_CELL}" height="{_CELL}" style="image-rendering:optimizeSpeed" '
                    f'href="{data_uri(np.repeat(np.repeat(frame, 3, axis=0), 3, axis=1))}"/>'
                )
        y += _CELL
    height = y + _GAP
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>'
    )
    drawn: bytes = vl_convert.svg_to_png(drawing, scale=2)
    return drawn


def _text(x: float, y: float, words: str, size: int, colour: str, weight: str = "400") -> str:
    shown = escape(one_line(words, 160))
    return (
        f'<text x="{x}" y="{y}" font-family="sans-serif" font-size="{size}" font-weight="{weight}" '
        f'fill="{colour}">{shown}</text>'
    )
