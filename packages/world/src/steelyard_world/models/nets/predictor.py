"""Predictors of the next latent: from the last latent and action alone, or from all earlier ones.

Both have the same three methods. The memory of the first has the size 0.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["Predictor", "RecurrentPredictor", "ResidualPredictor"]

_ACTION_WIDTH = 64


class Predictor(nn.Module):
    """The methods of both kinds of predictor. Actions are (B, T, A) in unit scale, or None for plain video."""

    memory_size = 0

    def watch(self, latents: Tensor, actions: Tensor | None) -> Tensor:
        """What is remembered after each latent (B, T, D) and the actions (B, T − 1, A) between: (B, T, memory_size)."""
        raise NotImplementedError

    def ahead(self, latents: Tensor, memories: Tensor, actions: Tensor | None) -> Tensor:
        """The latents that follow (…, D), their memories (…, memory_size) and the actions (…, A)."""
        raise NotImplementedError

    def remember(self, memories: Tensor, latents: Tensor, actions: Tensor | None) -> Tensor:
        """The memories (B, memory_size) once the actions (B, A) led to the latents (B, D)."""
        raise NotImplementedError


class ResidualPredictor(Predictor):
    """The change of the latent by one action: for worlds that a single frame shows whole."""

    def __init__(self, size: int, action_size: int, hidden: int) -> None:
        super().__init__()
        self.action = nn.Linear(action_size, _ACTION_WIDTH)
        self.change = nn.Sequential(
            nn.Linear(size + _ACTION_WIDTH, hidden),
            nn.LayerNorm(hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, size),
        )

    def watch(self, latents: Tensor, actions: Tensor | None) -> Tensor:
        """Nothing is remembered: (B, T, 0)."""
        return latents.new_zeros(*latents.shape[:-1], 0)

    def ahead(self, latents: Tensor, memories: Tensor, actions: Tensor | None) -> Tensor:
        """The latent plus its change."""
        change: Tensor = self.change(torch.cat([latents, self.action(actions)], -1))
        return latents + change

    def remember(self, memories: Tensor, latents: Tensor, actions: Tensor | None) -> Tensor:
        """Nothing is remembered."""
        return memories


class RecurrentPredictor(Predictor):
    """A GRU over the latents and the actions that led to them: for worlds in which something is out of sight."""

    def __init__(self, size: int, action_size: int, hidden: int) -> None:
        super().__init__()
        self.memory_size = hidden
        self.action_size = action_size
        self.memory = nn.GRU(size + action_size, hidden, batch_first=True)
        self.next = nn.Sequential(nn.Linear(hidden + action_size, 2 * hidden), nn.SiLU(), nn.Linear(2 * hidden, size))

    def watch(self, latents: Tensor, actions: Tensor | None) -> Tensor:
        """Run the GRU; before the first latent the action is 0."""
        if self.action_size:
            led = latents.new_zeros(*latents.shape[:-1], self.action_size)
            if actions is not None:
                led[:, 1:] = actions
            latents = torch.cat([latents, led], -1)
        memories: Tensor = self.memory(latents)[0]
        return memories

    def ahead(self, latents: Tensor, memories: Tensor, actions: Tensor | None) -> Tensor:
        """Read the next latent off the memory, which has seen the last one."""
        known = memories if not self.action_size or actions is None else torch.cat([memories, actions], -1)
        following: Tensor = self.next(known)
        return following

    def remember(self, memories: Tensor, latents: Tensor, actions: Tensor | None) -> Tensor:
        """One step of the GRU."""
        seen = latents if not self.action_size or actions is None else torch.cat([latents, actions], -1)
        after: Tensor = self.memory(seen[:, None], memories[None].contiguous())[1]
        return after[0]
