"""What the generative rivals share: plans by positions that are read off their states, and actions beside states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import msgspec
import torch
from torch import Tensor

from steelyard.errors import MissingDependency
from steelyard_world.learner import Learner
from steelyard_world.models.baselines.position_head import PositionHead

__all__ = ["Rival", "RivalConfig"]


class RivalConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The head of every rival's config. ``VIDEO`` holds what differs from the defaults for plain video."""

    VIDEO: ClassVar[Mapping[str, Any]] = {}
    action_size: int = 2

    @classmethod
    def for_video(cls, **changed: Any) -> Self:
        """Give the sizes for plain video, which are near the JEPA's, with some of them changed."""
        return cls(**{"action_size": 0} | dict(cls.VIDEO) | changed)


class Rival(Learner):
    """A learner that plans by positions. The head for them is None where the training has no actions."""

    places: PositionHead | None

    def distance(self, states: Tensor, goals: Tensor) -> Tensor:
        """Give the distances between positions of states (B, N, K, D) and of goal frames (B, H, W, 3): (B, N, K).

        Raises MissingDependency where the model was trained on plain video.
        """
        if self.places is None:
            raise MissingDependency("this model learned from plain video: it knows no actions to tell distances in")
        return self.places.apart(states, self.encode(goals[:, None])[:, 0])

    def _expect_actions(self) -> None:
        """Raise MissingDependency where the model was trained on plain video."""
        if self.config.action_size == 0:
            raise MissingDependency("this model learned from plain video: it knows no actions to imagine under")

    def _with_actions(self, states: Tensor, actions: Tensor | None) -> Tensor:
        """Put actions (…, A) beside states (…, D), zeros where they are unknown; states alone for plain video."""
        if not self.config.action_size:
            return states
        if actions is None:
            actions = states.new_zeros(*states.shape[:-1], self.config.action_size)
        return torch.cat([states, actions], -1)

    def _one_more(self, actions: Tensor | None) -> Tensor | None:
        """Append an action of 0 to actions (B, T − 1, A), for the state after the last frame."""
        return None if actions is None else torch.cat([actions, torch.zeros_like(actions[:, :1])], 1)
