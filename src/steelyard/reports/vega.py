"""From Vega-Lite to SVG that is embedded in a page and follows its colours.

Colours are CSS variables (``var(--consistent)``), so one drawing serves light, dark and paper; text inherits the page's
font. Data enters as inline values only: nothing is fetched, and no text from others becomes a field or an expression.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import Any

__all__ = ["BAND", "GRID", "INK", "MUTED", "PAPER", "as_it_is", "field", "layer", "room_beside", "svg"]

INK, MUTED, GRID, BAND, PAPER = "var(--ink)", "var(--muted)", "var(--grid)", "var(--band)", "var(--paper)"
# A reader's font may be wider than the one that Vega measured.
_PADDING = {"left": 4, "top": 4, "right": 22, "bottom": 4}


def layer(
    mark: str, encoding: Mapping[str, Any], *, values: Sequence[Mapping[str, Any]] | None = None, **style: Any
) -> dict[str, Any]:
    """One layer of a drawing. ``encoding`` names a field or gives a channel by :func:`field`; ``values`` are its rows.

    Without ``values`` it draws the rows of the whole drawing.
    """
    channels = {name: {"field": channel} if isinstance(channel, str) else channel for name, channel in encoding.items()}
    data = {} if values is None else {"data": {"values": list(values)}}
    return {"mark": {"type": mark, **style}, "encoding": channels, **data}


def field(name: str, kind: str = "quantitative", **more: Any) -> dict[str, Any]:
    """A channel that draws a field: quantitative, nominal or ordinal; ``more`` are its title, axis and scale."""
    return {"field": name, "type": kind, **more}


def as_it_is(name: str) -> dict[str, Any]:
    """A channel whose field holds the colour or the shape itself."""
    return field(name, "nominal", scale=None, legend=None)


def room_beside(labels: Iterable[str]) -> int:
    """The space to leave left of labels that end at the plot, where a reader's font is a quarter wider than Vega's.

    On a screen they may stand over the edge of the chart; a printer cuts them there.
    """
    return min(48, _PADDING["left"] + 2 * max(map(len, labels), default=0))


def svg(drawing: Mapping[str, Any], name: str, title: str, description: str, *, left: int = _PADDING["left"]) -> str:
    """Render layers to SVG without the network, with the page's own title and description in place of Vega's roles.

    ``drawing`` is a Vega-Lite specification: layer, width, height and, where layers share their rows, data.
    """
    axis = {
        "labelColor": MUTED,
        "labelFontSize": 11,
        "gridColor": GRID,
        "domain": False,
        "ticks": False,
        "labelFlush": False,
        "labelPadding": 6,
    }
    look = {
        "background": "transparent",
        "aria": False,
        "font": "sans-serif",
        "padding": {**_PADDING, "left": left},
        "view": {"stroke": None},
        "axis": axis,
    }
    drawn = _drawn(json.dumps({**drawing, "config": look}))
    opened = re.match(r'<svg[^>]*? width="([\d.]+)" height="([\d.]+)" viewBox="([-\d. ]+)">', drawn)
    assert opened is not None, "vl-convert writes its root element in this form"
    width, _height, box = opened.groups()
    body = re.sub(r' font-family="[^"]*"| aria-[a-z]+="[^"]*"| role="[^"]*"', "", drawn[opened.end() :])
    return (
        f'<svg class="chart" role="img" aria-labelledby="{name}-title {name}-text" viewBox="{box}" '
        f'style="max-width:{float(width) * 1.3:.0f}px"><title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-text">{escape(description)}</desc>{body}'
    )


@lru_cache(maxsize=64)  # who audits and verifies in one process draws each chart twice
def _drawn(specification: str) -> str:
    import vl_convert

    return vl_convert.vegalite_to_svg(specification, allowed_base_urls=[])
