"""Where the agent is, read off a rival's states: what it plans by.

It is learned from actions alone and its gradients reach the states, as those of a
JEPA's inverse dynamics and places do: all kinds may get as much out of actions.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["Places"]

_HIDDEN = 64
_DOUBT = 2.0  # an action at its limit: what is missed by more pulls ever less


class Places(nn.Module):
    """States to places, in units of actions: a coordinate by path integration.

    States that were learned by drawing tell where the agent is, but their own distances say little of how far away it
    is. No position is ever told: places need only move as the actions say, where nothing is in the way.
    """

    def __init__(self, size: int, action_size: int) -> None:
        super().__init__()
        self.read = nn.Sequential(nn.Linear(size, _HIDDEN), nn.SiLU(), nn.Linear(_HIDDEN, action_size))

    def forward(self, states: Tensor) -> Tensor:
        """States (…, D) → places (…, action size)."""
        places: Tensor = self.read(states)
        return places

    def miss(self, states: Tensor, actions: Tensor, times: Tensor | None = None) -> Tensor:
        """Cauchy's loss of how states (B, S, D) of a clip move under its actions (B, T − 1, A).

        The states are those of some ``times`` (S,), or of all; from each to the next, and from the first on.
        Who is stopped by a wall moves otherwise: such steps must not pull as much as the others.
        """
        away = nn.functional.pad(actions.cumsum(1), (0, 0, 1, 0))
        away = away if times is None else away[:, times]
        missed = self.read(states) - away
        each, whole = missed.diff(dim=1), (missed[:, 1:] - missed[:, :1]) / 2
        doubted: Tensor = torch.log1p((torch.stack([each, whole]) / _DOUBT).square()).mean()
        return doubted

    def apart(self, states: Tensor, goals: Tensor) -> Tensor:
        """Euclidean distances of places: states (B, N, K, D), goals' states (B, D) → (B, N, K)."""
        gaps: Tensor = (self.read(states) - self.read(goals)[:, None, None]).norm(dim=-1)
        return gaps
