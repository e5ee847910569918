"""A slow copy of a network, as a target that is not pulled towards what is easily predicted."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import nn

__all__ = ["follow", "slow_copy"]

Net = TypeVar("Net", bound=nn.Module)


def slow_copy(network: Net) -> Net:
    """Copy a network for use as a target, without gradients."""
    twin = copy.deepcopy(network)
    twin.requires_grad_(False)
    return twin


@torch.no_grad()
def follow(copied: nn.Module, network: nn.Module, momentum: float) -> None:
    """Move the copy towards the network by 1 − momentum of the way (exponential moving average)."""
    for slow, quick in zip(copied.parameters(), network.parameters(), strict=True):
        slow.lerp_(quick, 1 - momentum)
    for kept, current in zip(copied.buffers(), network.buffers(), strict=True):
        kept.copy_(current)
