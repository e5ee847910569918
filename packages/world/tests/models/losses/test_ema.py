"""The slow copy."""

from __future__ import annotations

import torch
from torch import nn

from steelyard_world.models.losses.ema import follow, slow_copy


def test_a_copy_moves_by_its_share_and_has_no_gradient() -> None:
    network = nn.Linear(2, 2, bias=False)
    copied = slow_copy(network)
    with torch.no_grad():
        before = network.weight.clone()
        network.weight += 1
    follow(copied, network, 0.9)
    torch.testing.assert_close(copied.weight, before + 0.1)
    assert not copied.weight.requires_grad
