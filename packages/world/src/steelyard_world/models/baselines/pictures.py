"""Small pictures as their principal parts, and windows of the last frames: what the simplest rivals look at."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from steelyard_world.data.batch import to_unit

__all__ = ["NUMBERS", "kept", "principal_parts", "restored", "small", "windows"]

_BLOCK = 4  # pixels: 64 × 64 becomes 16 × 16
NUMBERS = 768
"""Numbers in a small picture: 3 × 16 × 16."""

_AT_ONCE = 4096  # pictures


def small(frames: Tensor) -> Tensor:
    """Frames (B, T, H, W, 3) → pictures averaged over 4 × 4 pixels, in [−1, 1]: (B, T, 768)."""
    pictures = nn.functional.avg_pool2d(to_unit(frames).flatten(0, 1), _BLOCK)
    return pictures.flatten(1).reshape(*frames.shape[:2], -1)


def kept(pictures: Tensor) -> Tensor:
    """Small pictures as bytes, so that 100,000 of them take 77 MB: an error of at most half a level of 255."""
    return ((pictures + 1) * 127.5).round().to(torch.uint8)


def restored(pictures: Tensor) -> Tensor:
    """Bytes of :func:`kept` → numbers in [−1, 1]."""
    return pictures.float() / 127.5 - 1


def principal_parts(pictures: Sequence[Tensor], count: int) -> tuple[Tensor, Tensor]:
    """Fit the directions in which pictures (uint8, …, 768) vary most: their mean, (768,), and (768, count)."""
    flat = torch.cat([each.reshape(-1, NUMBERS) for each in pictures])
    mean = torch.stack([restored(part).double().sum(0) for part in torch.split(flat, _AT_ONCE)]).sum(0) / len(flat)
    scatter = torch.zeros(NUMBERS, NUMBERS, dtype=torch.float64)
    for part in torch.split(flat, _AT_ONCE):
        apart = restored(part) - mean.float()
        scatter += (apart.T @ apart).double()
    directions = torch.linalg.eigh(scatter).eigenvectors.flip(1)[:, :count]
    # An eigenvector's sign is arbitrary: its largest number is made positive, so that machines agree.
    signs = directions.gather(0, directions.abs().argmax(0, keepdim=True)).sign()
    return mean.float(), (directions * signs).float()


def windows(parts: Tensor, frames: int) -> Tensor:
    """The last ``frames`` frames at each time, newest first; before a clip its first frame stands.

    (B, T, D) → (B, T, frames × D).
    """
    before = parts[:, :1].expand(-1, frames - 1, -1)
    padded = torch.cat([before, parts], 1).unfold(1, frames, 1)  # (B, T, D, frames)
    return padded.flip(-1).transpose(2, 3).flatten(2)
