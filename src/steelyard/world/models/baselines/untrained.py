"""The control: the JEPA's network with the weights that it begins with."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Generator, Tensor, nn

from steelyard.world.data.batch import Batch
from steelyard.world.models.jepa import Jepa, JepaConfig

__all__ = ["Untrained"]


class Untrained(Jepa):
    """Answers as a JEPA does, and a training leaves it as it is: what it scores, the architecture alone scores."""

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
        """Nothing follows."""
