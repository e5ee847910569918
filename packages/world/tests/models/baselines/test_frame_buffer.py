"""The buffer of frames: it holds what was seen, newest first, and is surprised by what it does not hold."""

from __future__ import annotations

import pytest
import torch

from steelyard.errors import InputError
from steelyard_world.data.batch import Batch
from steelyard_world.models.baselines.frame_buffer import FrameBuffer, FrameBufferConfig
from steelyard_world.models.kinds import make_learner


def _noise(rows: int, length: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    blocks = torch.randint(0, 256, (rows, length, 8, 8, 3), generator=generator, dtype=torch.uint8)
    return blocks.repeat_interleave(8, 2).repeat_interleave(8, 3)


def _buffer(frames: int = 4, parts: int = 32) -> FrameBuffer:
    learner = FrameBuffer(FrameBufferConfig(action_size=0, parts=parts, frames=frames))
    learner.see(Batch(_noise(40, 6)))
    assert learner.solve() == {}
    return learner


def test_features_are_the_last_frames_newest_first_and_the_first_stands_before_the_clip() -> None:
    learner, frames = _buffer(), _noise(2, 6, seed=1)
    states = learner.encode(frames)
    held = learner.features(frames).reshape(2, 6, 4, 32)
    assert torch.equal(held[:, 5], states[:, [5, 4, 3, 2]])
    assert torch.equal(held[:, 1], states[:, [1, 0, 0, 0]])


def test_a_picture_that_it_holds_surprises_it_not_and_a_forgotten_one_does() -> None:
    learner, frames = _buffer(), _noise(3, 8, seed=2)
    frames[:, 6] = frames[:, 3]
    frames[:, 7] = frames[:, 0]
    surprise = learner.surprise(frames)
    assert float(surprise[:, 5].max()) < 1e-9
    assert float(surprise[:, 6].min()) > 1e-3


def test_an_imagined_state_is_the_last_frame() -> None:
    learner, frames = _buffer(), _noise(2, 3, seed=3)
    states = learner.imagine(frames, torch.zeros(2, 4, 5, 0))
    assert states.shape == (2, 4, 5, 32)
    assert float(learner.distance(states, frames[:, -1]).max()) < 1e-6


@pytest.mark.parametrize("config", [{"parts": 0}, {"parts": 769}, {"frames": 0}])
def test_settings_that_make_no_buffer_are_refused(config: dict[str, int]) -> None:
    with pytest.raises(InputError):
        make_learner("frame-buffer", config, 0)
