"""LeWM and PLDM through a stub of their documented interface: shapes, scales, and errors when it changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from steelyard.errors import InputError, MissingDependency  # noqa: E402
from steelyard_world.evaluation.adapters.stable_worldmodel import StableWorldModel, peer_class  # noqa: E402


class Stub(torch.nn.Module):  # type: ignore[misc,name-defined]
    """Embeds a frame as its mean colour; an action adds its first number to all three."""

    def encode(self, info: dict[str, Any]) -> dict[str, Any]:
        info["emb"] = info["pixels"].mean((-1, -2))
        return info

    def rollout(self, info: dict[str, Any], actions: Any) -> dict[str, Any]:
        start = info["pixels"].mean((-1, -2))  # (B, S, 1, 3)
        steps = actions[..., :1].cumsum(2)
        info["predicted_emb"] = torch.cat([start, start + steps], 2)
        return info


def adapted(module: Any | None = None, **options: Any) -> StableWorldModel:
    module = Stub() if module is None else module
    return StableWorldModel(module, "stub", image_side=32, mean=(0, 0, 0), deviation=(1, 1, 1), **options)


def test_states_follow_the_actions_and_the_goal_is_embedded_alike() -> None:
    frames = np.zeros((2, 64, 64, 3), dtype=np.uint8)
    actions = np.full((2, 5, 3, 2), 4.0, dtype=np.float32)
    world = adapted(action_deviation=4.0)
    states = world.rollout(frames, actions)
    assert states.shape == (2, 5, 3, 3)
    distances = world.distance(states, np.full_like(frames, 255))
    # After one, two and three units from black, white lies 0, 1 and 2 units away in each of three colours.
    assert np.allclose(distances[0, 0], [0, 3, 12], atol=1e-4)


def test_features_are_one_embedding_a_frame() -> None:
    clips = np.random.default_rng(0).integers(0, 255, (2, 4, 64, 64, 3), dtype=np.uint8)
    assert np.allclose(adapted().features(clips), clips.mean((2, 3)) / 255, atol=1e-3)


def test_surprise_without_actions_is_refused() -> None:
    with pytest.raises(MissingDependency, match="predicts nothing without actions"):
        adapted().surprise(np.zeros((1, 3, 64, 64, 3), dtype=np.uint8))


def test_a_changed_interface_raises_a_one_line_error() -> None:
    with pytest.raises(InputError, match="has no encode and no rollout: this is no LeWM or PLDM"):
        adapted(torch.nn.Identity())

    class Moved(Stub):
        def rollout(self, info: dict[str, Any], actions: Any) -> dict[str, Any]:
            return {"predicted_emb": torch.zeros(1, 2)}

    with pytest.raises(InputError, match=r"gave \(1, 2\) as predicted_emb.*0\.1\.1"):
        adapted(Moved()).rollout(np.zeros((1, 64, 64, 3), dtype=np.uint8), np.zeros((1, 2, 3, 2), dtype=np.float32))


def test_the_package_is_named_where_it_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "stable_worldmodel", None)
    with pytest.raises(MissingDependency, match=r"pip install stable-worldmodel==0\.1\.1"):
        peer_class("lewm")
    with pytest.raises(InputError, match="there are lewm, pldm"):
        peer_class("dino")
