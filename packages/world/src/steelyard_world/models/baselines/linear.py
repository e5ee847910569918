"""The simplest predictor: a linear one. Principal parts of small pictures, by ridge from those of the last frames."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

import msgspec
import torch
from torch import Tensor

from steelyard.errors import MissingDependency
from steelyard_world.data.batch import Batch
from steelyard_world.learner import Solved
from steelyard_world.models.baselines.pictures import NUMBERS, kept, principal_parts, restored, small, windows

__all__ = ["Linear", "LinearConfig"]

_CLIPS_AT_ONCE = 100
_LEAST_VARIANCE = 1e-5  # of a residual: the Mahalanobis distance divides by it


class LinearConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``parts`` of the picture are kept, ``frames`` looked back, and ``strength`` is the ridge's, of sums."""

    action_size: int = 2
    parts: int = 64
    frames: int = 14
    strength: float = 1.0
    residual: Literal["squared", "mahalanobis"] = "squared"

    @classmethod
    def for_video(cls, **changed: Any) -> Self:
        """Give the settings for plain video."""
        return cls(**{"action_size": 0} | changed)


class Linear(Solved):
    """Predicts the next picture's 64 principal parts linearly from those of the last 14 frames, and the action.

    A state is a picture's parts, (…, 64). Solved from all clips at once, in seconds; random weights have no part in it.
    What it scores needs no more than linear prediction, so a learned model is worth what it gains over this.
    """

    kind: ClassVar[str] = "linear"
    Config: ClassVar[type[LinearConfig]] = LinearConfig

    def __init__(self, config: LinearConfig) -> None:
        super().__init__()
        if not (0 < config.parts <= NUMBERS and config.frames > 0 and config.strength > 0):
            raise ValueError(f"1 to {NUMBERS} parts, one frame or more, and a strength above 0")
        self.config = config
        inputs = config.frames * config.parts + config.action_size + 1
        self.register_buffer("mean", torch.zeros(NUMBERS))
        self.register_buffer("axes", torch.zeros(NUMBERS, config.parts))
        self.register_buffer("weights", torch.zeros(inputs, config.parts))
        self.register_buffer("whitening", torch.eye(config.parts))
        self.mean: Tensor
        self.axes: Tensor
        self.weights: Tensor
        self.whitening: Tensor
        self._pictures: list[Tensor] = []
        self._actions: list[Tensor | None] = []

    def see(self, batch: Batch) -> None:
        """Keep the small pictures of a batch, a byte a number."""
        self._pictures.append(kept(small(batch.frames)))
        self._actions.append(batch.actions)

    def solve(self) -> dict[str, float]:
        """Fit parts, prediction and the residual's covariance to all clips seen, and forget them.

        ``next_frame``: the share of the parts' variance that the prediction leaves.
        """
        self.mean, self.axes = principal_parts(self._pictures, self.config.parts)
        size = len(self.weights)
        gram = torch.zeros(size, size, dtype=torch.float64)
        wanted = torch.zeros(size, self.config.parts, dtype=torch.float64)
        for inputs, following, _ in self._pairs():
            gram += (inputs.T @ inputs).double()
            wanted += (inputs.T @ following).double()
        ridge = self.config.strength * torch.eye(size, dtype=torch.float64)
        self.weights = torch.linalg.solve(gram + ridge, wanted).float()
        scatter = torch.zeros(self.config.parts, self.config.parts, dtype=torch.float64)
        count, spread = 0, 0.0
        for inputs, following, latest in self._pairs():
            left = (inputs @ self.weights - following).double()
            scatter += left.T @ left
            count += len(left)
            spread += float((following - latest).double().square().sum())
        covariance = scatter / count + _LEAST_VARIANCE * torch.eye(len(scatter), dtype=torch.float64)
        self.whitening = torch.linalg.cholesky(torch.linalg.inv(covariance)).float()
        self._pictures, self._actions = [], []
        return {"next_frame": float(scatter.trace()) / max(spread, 1e-12)}

    def encode(self, frames: Tensor) -> Tensor:
        """Frames (B, T, H, W, 3) → principal parts (B, T, 64)."""
        return (small(frames) - self.mean) @ self.axes

    def imagine(self, frames: Tensor, actions: Tensor) -> Tensor:
        """From past frames (B, T, H, W, 3) under actions (B, N, K, A): predicted parts (B, N, K, 64).

        Raises MissingDependency where it was solved from plain video.
        """
        if not self.config.action_size:
            raise MissingDependency("this model learned from plain video: it knows no actions to imagine under")
        rows, plans, steps, _ = actions.shape
        seen = windows(self.encode(frames), self.config.frames)[:, -1].repeat_interleave(plans, 0)
        imagined = []
        for step in range(steps):
            following = self._inputs(seen, actions[:, :, step].flatten(0, 1)) @ self.weights
            seen = torch.cat([following, seen[:, : -self.config.parts]], 1)
            imagined.append(following)
        return torch.stack(imagined, 1).reshape(rows, plans, steps, -1)

    def distance(self, states: Tensor, goals: Tensor) -> Tensor:
        """Distance of states (B, N, K, 64) from goal frames (B, H, W, 3): (B, N, K)."""
        return (states - self.encode(goals[:, None])[:, :, None]).square().mean(-1).sqrt()

    def surprise(self, frames: Tensor, actions: Tensor | None = None) -> Tensor:
        """Mean square of the residual, or of the whitened one (Mahalanobis): (B, T − 1)."""
        parts = self.encode(frames)
        seen = windows(parts, self.config.frames)[:, :-1]
        left = self._inputs(seen, actions) @ self.weights - parts[:, 1:]
        if self.config.residual == "mahalanobis":
            left = left @ self.whitening
        return left.square().mean(-1)

    def features(self, frames: Tensor, actions: Tensor | None = None) -> Tensor:
        """The window after each frame: (B, T, 14 × 64)."""
        return windows(self.encode(frames), self.config.frames)

    def read_by(self, residual: Literal["squared", "mahalanobis"]) -> Linear:
        """Give the same solution with its surprise read in another way."""
        other = Linear(msgspec.structs.replace(self.config, residual=residual))
        other.load_state_dict(self.state_dict())
        return other

    def _pairs(self) -> Any:
        """Inputs, next parts and last parts of all steps seen, some clips at a time: (n, I), (n, 64), (n, 64)."""
        for pictures, actions in zip(self._pictures, self._actions, strict=True):
            for first in range(0, len(pictures), _CLIPS_AT_ONCE):
                rows = slice(first, first + _CLIPS_AT_ONCE)
                parts = (restored(pictures[rows]) - self.mean) @ self.axes
                seen = windows(parts, self.config.frames)[:, :-1]
                done = None if actions is None else actions[rows]
                yield self._inputs(seen, done).flatten(0, 1), parts[:, 1:].flatten(0, 1), parts[:, :-1].flatten(0, 1)

    def _inputs(self, seen: Tensor, actions: Tensor | None) -> Tensor:
        """Windows (…, 14 × 64), actions (…, A), zeros where they are unknown, and a one beside each other."""
        if actions is None:
            actions = seen.new_zeros(*seen.shape[:-1], self.config.action_size)
        return torch.cat([seen, actions[..., : self.config.action_size], seen.new_ones(*seen.shape[:-1], 1)], -1)
