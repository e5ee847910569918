"""A control: the JEPA's network with its initial weights."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Generator, Tensor, nn

from steelyard_world.data.batch import Batch
from steelyard_world.models.jepa import Jepa, JepaConfig

__all__ = ["Untrained"]


class Untrained(Jepa):
    """Works as a JEPA does, but training leaves it unchanged: its score is that of the architecture alone."""

    kind: ClassVar[str] = "untrained"
    can_collapse: ClassVar[bool] = False

    def __init__(self, config: JepaConfig) -> None:
        super().__init__(config)
        for parameter in self.parameters():
            parameter.requires_grad_(False)
        self.nothing = nn.Parameter(torch.zeros(0))

    def forward(self, batch: Batch, step: int, generator: Generator) -> dict[str, Tensor]:
        """Nothing is learned: ``total`` is 0."""
        return {"total": self.nothing.sum()}

    def after_step(self, step: int, progress: float) -> None:
        """Do nothing."""
