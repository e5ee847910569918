"""Where an attentive probe looks: its weights laid over the frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from steelyard_world.report.film_strip import FilmRow, FilmStrip, spread

__all__ = ["attention_strip", "overlaid", "token_weights"]

_HOT = np.array([255.0, 214.0, 60.0])
_DIMMED = 0.3


def overlaid(frames: NDArray[np.uint8], weights: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Lay weights (t, h, w) over frames (T, H, W, 3): unattended parts darken, the most attended glow.

    T, H and W are whole multiples of t, h and w: a weight covers its tubelet. Raises ValueError otherwise.
    """
    factors = [size // part for size, part in zip(frames.shape[:3], weights.shape, strict=True)]
    covered = tuple(part * factor for part, factor in zip(weights.shape, factors, strict=True))
    if covered != frames.shape[:3]:
        raise ValueError(f"attention of shape {weights.shape} does not divide frames of shape {frames.shape}")
    whole = np.kron(weights, np.ones(factors, np.float32))[..., None]
    whole = whole / max(float(whole.max()), 1e-12)
    grey = frames.astype(np.float32) * (_DIMMED + (1 - _DIMMED) * whole)
    lit: NDArray[np.uint8] = (grey + 0.35 * whole * (_HOT - grey)).clip(0, 255).astype(np.uint8)
    return lit


def token_weights(attention: NDArray[np.float32], grid: tuple[int, int, int]) -> NDArray[np.float32]:
    """A probe's attention to tokens (heads, N) → weights (t, h, w), the mean over heads; N is t · h · w."""
    mean: NDArray[np.float32] = attention.mean(axis=0, dtype=np.float32).reshape(grid)
    return mean


def attention_strip(title: str, frames: NDArray[np.uint8], weights: NDArray[np.float32]) -> FilmStrip:
    """The clip and, below it, where the probe looked: weights (t, h, w) of frames (T, H, W, 3)."""
    seen = overlaid(frames, weights)
    chosen = spread(len(frames), 8)
    rows = (
        FilmRow("clip", [frames[frame] for frame in chosen]),
        FilmRow("attention of the probe", [seen[frame] for frame in chosen]),
    )
    return FilmStrip(title, "Dark: not looked at. Yellow: looked at most.", tuple(str(frame) for frame in chosen), rows)
