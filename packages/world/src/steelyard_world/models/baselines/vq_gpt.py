"""The token rival: frames as a few tokens of a small vocabulary, and a causal transformer that predicts the next ones.

The tokeniser is FSQ (Mentzer et al. 2023, "VQ-VAE made simple"): three numbers a token, each rounded to five levels, so
125 codes, none of which can die. Tokens are of the whole frame, not of patches. The transformer has *one position a
frame*: all tokens of a frame are predicted at once from all earlier frames and actions. With one position a token, a
plan of 32 steps would take ten times as long as a JEPA's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor, nn

from steelyard_world.data.batch import Batch
from steelyard_world.models.baselines.position_head import PositionHead
from steelyard_world.models.baselines.reconstruction import (
    Decoder,
    NarrowEncoder,
    brought_in,
    chosen_steps,
    foreground_weights,
    in_patches,
    weighted_miss,
)
from steelyard_world.models.baselines.rival import Rival, RivalConfig

__all__ = ["CODES", "VqGpt", "VqGptConfig"]

LEVELS, NUMBERS = 5, 3
CODES = LEVELS**NUMBERS


class VqGptConfig(RivalConfig, frozen=True, forbid_unknown_fields=True):
    """The settings of the network. ``head`` is solved so that its trained parameters are as many as the JEPA's."""

    VIDEO: ClassVar[Mapping[str, Any]] = {"tokens": 16, "hidden": 128, "window": 32, "head": 269, "drawn_steps": 6}
    tokens: int = 8
    width: int = 16
    hidden: int = 96
    heads: int = 4
    layers: int = 2
    window: int = 8
    """How many frames, the last included, the transformer sees."""
    head: int = 214
    drawn_steps: int = 3
    """How many frames of a clip are drawn at each training step."""


class VqGpt(Rival):
    """A state is the vectors of all tokens of a frame, each number in [−1, 1]: (…, 3 · config.tokens).

    Imagination is greedy: the likeliest code of each token is fed back; the state that is given to a distance is the
    expectation over the codes, which changes smoothly. Surprise is −log p of a frame's tokens, in nats.
    """

    kind: ClassVar[str] = "vq-gpt"
    Config: ClassVar[type[VqGptConfig]] = VqGptConfig
    vectors: Tensor

    def __init__(self, config: VqGptConfig) -> None:
        super().__init__()
        self.config = config
        size = NUMBERS * config.tokens
        self.encoder = NarrowEncoder(size, config.width, config.head)
        self.decoder = Decoder(size, config.width, config.head)
        self.enter = nn.Linear(size + config.action_size, config.hidden)
        self.blocks = nn.ModuleList(_Block(config.hidden, config.heads, config.window) for _ in range(config.layers))
        self.leave = nn.Sequential(nn.LayerNorm(config.hidden), nn.Linear(config.hidden, config.tokens * CODES))
        self.places = PositionHead(size, config.action_size) if config.action_size else None
        places = torch.arange(CODES)[:, None] // LEVELS ** torch.arange(NUMBERS) % LEVELS
        self.register_buffer("vectors", places * (2 / (LEVELS - 1)) - 1, persistent=False)

    def forward(self, batch: Batch, step: int, generator: Generator) -> dict[str, Tensor]:
        """Give ``total``, ``same_frame``, ``next_tokens`` (nats a token) and, with actions, ``places``.

        Tokens learn from drawing and from positions. Rounding of what is drawn is phased in.
        """
        pictures = in_patches(batch.frames)
        usual = pictures.mean(1, keepdim=True)
        self.encoder.observe(usual, pictures)
        bounded = self._bounded(self.encoder(pictures))
        known = self._rounded(bounded)
        states = bounded + brought_in(step) * (known - bounded).detach()
        drawn = chosen_steps(pictures.shape[1], self.config.drawn_steps, generator)
        weights = foreground_weights(pictures[:, drawn], usual)
        same_frame = weighted_miss(self.encoder.usual + self.decoder(states[:, drawn]), pictures[:, drawn], weights)
        next_tokens = self._miss(known, batch.actions).mean() / self.config.tokens
        losses = {"same_frame": same_frame, "next_tokens": next_tokens}
        if self.places is not None and batch.actions is not None:
            losses["places"] = self.places.miss(states, batch.actions)
        return {"total": torch.stack(list(losses.values())).sum(), **losses}

    def encode(self, frames: Tensor) -> Tensor:
        """Frames (B, T, H, W, 3) → vectors of their tokens (B, T, 3 · tokens)."""
        return self._rounded(self._bounded(self.encoder(in_patches(frames))))

    def tokens(self, states: Tensor) -> Tensor:
        """Vectors (…, 3 · tokens) → codes 0 … 124 (…, tokens)."""
        numbers = states.reshape(*states.shape[:-1], self.config.tokens, NUMBERS)
        levels = ((numbers + 1) * ((LEVELS - 1) / 2)).round().long()
        codes: Tensor = (levels * LEVELS ** torch.arange(NUMBERS, device=states.device)).sum(-1)
        return codes

    def imagine(self, frames: Tensor, actions: Tensor) -> Tensor:
        """From the last of the past frames under actions (B, N, K, A): expected vectors (B, N, K, 3 · tokens).

        Earlier frames are not used, since the actions between them are unknown.
        """
        self._expect_actions()
        rows, plans, steps, _ = actions.shape
        state = self.encode(frames[:, -1:])[:, 0].repeat_interleave(plans, 0)
        acts, imagined = actions.flatten(0, 1), []
        caches: list[tuple[Tensor, Tensor] | None] = [None] * len(self.blocks)
        for step in range(steps):
            hidden = self.enter(torch.cat([state, acts[:, step]], -1))
            for place, block in enumerate(self.blocks):
                hidden, caches[place] = block.one(hidden, caches[place])  # type: ignore[operator]
            logits = self.leave(hidden).unflatten(-1, (self.config.tokens, CODES))
            state = self.vectors[logits.argmax(-1)].flatten(-2)
            imagined.append((logits.softmax(-1) @ self.vectors).flatten(-2))
        return torch.stack(imagined, 1).reshape(rows, plans, steps, -1)

    def surprise(self, frames: Tensor, actions: Tensor | None = None) -> Tensor:
        """Nats of each frame's tokens: (B, T − 1). Unknown actions are taken as 0."""
        return self._miss(self.encode(frames), actions)

    def features(self, frames: Tensor, actions: Tensor | None = None) -> Tensor:
        """Vectors, and the transformer's hidden state after each frame (the last with an action of 0): (B, T, F)."""
        states = self.encode(frames)
        actions = self._one_more(actions)
        return torch.cat([states, self._hidden(states, actions)], -1)

    def _bounded(self, latents: Tensor) -> Tensor:
        return latents.tanh()

    @torch.no_grad()
    def _rounded(self, bounded: Tensor) -> Tensor:
        """The nearest of five levels in [−1, 1], of what is bounded to that."""
        half = (LEVELS - 1) / 2
        return (bounded * half).round() / half

    def _hidden(self, states: Tensor, actions: Tensor | None) -> Tensor:
        hidden: Tensor = self.enter(self._with_actions(states, actions))
        for block in self.blocks:
            hidden = block(hidden)
        return hidden

    def _miss(self, states: Tensor, actions: Tensor | None) -> Tensor:
        """−log p of the tokens of each frame but the first, summed over tokens: (B, T − 1)."""
        logits = self.leave(self._hidden(states[:, :-1], actions)).unflatten(-1, (self.config.tokens, CODES))
        wanted = self.tokens(states[:, 1:])
        return nn.functional.cross_entropy(logits.movedim(-1, 1), wanted, reduction="none").sum(-1)


class _Block(nn.Module):
    """One layer of a causal transformer over a sliding window; nearness as in ALiBi (Press et al. 2022)."""

    slopes: Tensor

    def __init__(self, size: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads, self.window = heads, window
        self.before = nn.LayerNorm(size)
        self.three = nn.Linear(size, 3 * size)
        self.mixed = nn.Linear(size, size)
        self.after = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, 4 * size), nn.GELU(), nn.Linear(4 * size, size))
        self.register_buffer("slopes", 2.0 ** -torch.arange(heads).float(), persistent=False)

    def forward(self, hidden: Tensor) -> Tensor:
        """All positions (B, T, size) at once."""
        length = hidden.shape[1]
        query, key, value = self._three(hidden)
        place = torch.arange(length, device=hidden.device)
        back = place[:, None] - place
        nearness = -self.slopes[:, None, None] * back
        nearness = nearness.masked_fill((back < 0) | (back >= self.window), -math.inf)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=nearness)
        return self._rest(hidden, mixed.transpose(1, 2).flatten(2))

    def one(self, hidden: Tensor, cache: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The next position (B, size) alone, after the keys and values of those before it."""
        query, key, value = self._three(hidden[:, None])
        if cache is not None:
            key = torch.cat([cache[0], key], 2)[:, :, -self.window :]
            value = torch.cat([cache[1], value], 2)[:, :, -self.window :]
        back = torch.arange(key.shape[2] - 1, -1, -1, device=hidden.device)
        scores = (query @ key.transpose(-1, -2)) / math.sqrt(key.shape[-1]) - self.slopes[:, None, None] * back
        mixed = (scores.softmax(-1) @ value)[:, :, 0].flatten(1)
        return self._rest(hidden, mixed), (key, value)

    def _three(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, (B, heads, T, size / heads) each."""
        three = self.three(self.before(hidden)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return three[0], three[1], three[2]

    def _rest(self, hidden: Tensor, mixed: Tensor) -> Tensor:
        hidden = hidden + self.mixed(mixed)
        result: Tensor = hidden + self.after(hidden)
        return result
