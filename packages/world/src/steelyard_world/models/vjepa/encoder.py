"""A vision transformer over tubelets, whole clips or the visible part of them. After ViT and V-JEPA (2404.08471)."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812  # as everybody calls it
from torch import Tensor, nn

from steelyard_world.data.batch import to_unit
from steelyard_world.models.vjepa.config import VJepaConfig

__all__ = ["Block", "Encoder", "gather", "initialise", "positions", "transformer"]


class Encoder(nn.Module):
    """Frames → one latent vector a tubelet."""

    places: Tensor

    def __init__(self, config: VJepaConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Linear(3 * config.tubelet * config.patch**2, config.width)
        self.blocks = transformer(config.width, config.depth, config.heads)
        self.norm = nn.LayerNorm(config.width)
        self.register_buffer("places", positions(config.grid, config.width), persistent=False)
        initialise(self)

    def forward(self, frames: Tensor, visible: Tensor | None = None) -> Tensor:
        """Frames from 0 to 255 (B, T, H, W, 3), T up to the configured number → (B, N, D), time first.

        With ``visible`` (B, V), numbers of tubelets, only those are seen at all: (B, V, D).
        """
        tokens = self.embed(self.cut(frames))
        tokens = tokens + self.places[: tokens.shape[1]]
        if visible is not None:
            tokens = gather(tokens, visible)
        for block in self.blocks:
            tokens = block(tokens)
        normed: Tensor = self.norm(tokens)
        return normed

    def cut(self, frames: Tensor) -> Tensor:
        """Cut frames (B, T, H, W, 3) into flat tubelets (B, N, 3 · tubelet · patch²) in [−2, 2].

        So scaled, natural pictures have a deviation of about 1, as the positions that are added have.
        """
        config = self.config
        batch, length = frames.shape[:2]
        down, across = config.grid[1:]
        pixels = (2 * to_unit(frames)).reshape(
            batch, length // config.tubelet, config.tubelet, 3, down, config.patch, across, config.patch
        )
        return pixels.permute(0, 1, 4, 6, 2, 3, 5, 7).flatten(4).flatten(1, 3)


class Block(nn.Module):
    """Self-attention and a two-layer perceptron, each after a LayerNorm, each added to what came in."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention = nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.before_mlp = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, N, D) → (B, N, D)."""
        batch, count, width = tokens.shape
        mixed = self.queries_keys_values(self.before_attention(tokens))
        queries, keys, values = mixed.view(batch, count, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(queries, keys, values).transpose(1, 2)
        tokens = tokens + self.out(attended.reshape(batch, count, width))
        summed: Tensor = tokens + self.mlp(self.before_mlp(tokens))
        return summed


def transformer(width: int, depth: int, heads: int) -> nn.ModuleList:
    """Give ``depth`` blocks."""
    return nn.ModuleList(Block(width, heads) for _ in range(depth))


def initialise(module: nn.Module) -> None:
    """Draw linear weights by Glorot's rule, whatever the width; what later blocks add is smaller by √(2 · number)."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.xavier_uniform_(part.weight)
            nn.init.zeros_(part.bias)
    for number, block in enumerate((part for part in module.modules() if isinstance(part, Block)), 1):
        with torch.no_grad():
            block.out.weight.div_((2 * number) ** 0.5)
            last = block.mlp[2]
            assert isinstance(last, nn.Linear)
            last.weight.div_((2 * number) ** 0.5)


def positions(grid: tuple[int, int, int], width: int) -> Tensor:
    """Fixed sine-cosine codes of (time, down, across), (N, width): a third of the width each, the rest zero.

    In each third, half are sines and half cosines of place · 10000^(−k / half).
    """
    half = width // 6
    rates = 10_000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
    places = torch.cartesian_prod(*(torch.arange(size, dtype=torch.float64) for size in grid))
    angles = places[:, :, None] * rates
    codes = torch.cat([angles.sin(), angles.cos()], dim=2).flatten(1)
    return F.pad(codes, (0, width - codes.shape[1])).float()


def gather(tokens: Tensor, numbers: Tensor) -> Tensor:
    """From (B, N, D) take the tokens (B, V) → (B, V, D)."""
    return tokens.gather(1, numbers[:, :, None].expand(-1, -1, tokens.shape[2]))
