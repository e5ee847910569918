"""A head that reads the agent's position off a rival's states; the rival plans by it.

It is learned from actions alone, and its gradients reach the states, as those of a JEPA's inverse dynamics and
positions do, so that all kinds learn equally much from actions.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["PositionHead"]

_HIDDEN = 64
_DOUBT = 2.0  # the longest action: larger errors pull less and less


class PositionHead(nn.Module):
    """Maps states to positions, in units of actions: a coordinate found by path integration.

    States that were learned by drawing encode where the agent is, but their own distances do not reflect how far away
    it is. No true position is used: positions need only move as the actions do, where nothing is in the way.
    """

    def __init__(self, size: int, action_size: int) -> None:
        super().__init__()
        self.read = nn.Sequential(nn.Linear(size, _HIDDEN), nn.SiLU(), nn.Linear(_HIDDEN, action_size))

    def forward(self, states: Tensor) -> Tensor:
        """States (…, D) → positions (…, action size)."""
        places: Tensor = self.read(states)
        return places

    def miss(self, states: Tensor, actions: Tensor, times: Tensor | None = None) -> Tensor:
        """Cauchy's loss of how states (B, S, D) move under the actions (B, T − 1, A) of a clip.

        Both the move from each state to the next and the move from the first state count. ``times`` (S,): the frames of
        the states, if not all. An agent that a wall stops moves otherwise, and Cauchy's loss limits what that weighs.
        """
        away = nn.functional.pad(actions.cumsum(1), (0, 0, 1, 0))
        away = away if times is None else away[:, times]
        missed = self.read(states) - away
        each, whole = missed.diff(dim=1), (missed[:, 1:] - missed[:, :1]) / 2
        doubted: Tensor = torch.log1p((torch.stack([each, whole]) / _DOUBT).square()).mean()
        return doubted

    def apart(self, states: Tensor, goals: Tensor) -> Tensor:
        """Euclidean distances of positions: states (B, N, K, D), goals' states (B, D) → (B, N, K)."""
        gaps: Tensor = (self.read(states) - self.read(goals)[:, None, None]).norm(dim=-1)
        return gaps
