"""The recipe for plain video: what changes in a clip fills the latent, and frames further ahead are predicted."""

from __future__ import annotations

import pytest
import torch

from steelyard.errors import InputError
from steelyard_world.data.batch import Batch
from steelyard_world.data.scenes_source import ScenesSource
from steelyard_world.models.jepa import Jepa, JepaConfig

SMALL = {"latent": 8, "width": 4, "hidden": 16}
WHOLE = slice(None)


def _losses(jepa: Jepa, batch: Batch) -> dict[str, float]:
    losses = jepa(batch, 0, torch.Generator().manual_seed(0))
    return {name: float(value.detach()) for name, value in losses.items()}


def test_only_the_centred_term_penalises_constant_latents() -> None:
    torch.manual_seed(0)
    jepa = Jepa(JepaConfig.for_video(**SMALL))
    frames = ScenesSource(rows=8).batch(0, WHOLE).frames
    still = frames[:, :1].expand(-1, frames.shape[1], -1, -1, -1)
    moving, standing = _losses(jepa, Batch(frames)), _losses(jepa, Batch(still))
    assert standing["centred"] > moving["centred"]
    assert "centred" not in _losses(Jepa(JepaConfig.for_video(**SMALL, centred_weight=0.0)), Batch(frames))


def test_each_head_learns_the_frame_that_far_ahead() -> None:
    torch.manual_seed(0)
    jepa = Jepa(JepaConfig.for_video(**SMALL, horizons=(2, 5)))
    frames = ScenesSource(rows=2).batch(0, WHOLE).frames
    latents = jepa.encode(frames)
    memories = jepa.predictor.watch(latents, None)
    misses = [
        (head(memories[:, :-ahead]) - latents[:, ahead:]).square().mean()
        for ahead, head in zip((2, 5), jepa.further, strict=True)
    ]
    assert _losses(jepa, Batch(frames))["further"] == pytest.approx(float(torch.stack(misses).mean().detach()))


def test_heads_that_no_clip_reaches_change_no_loss_and_have_a_gradient_of_nothing() -> None:
    """Where processes train together, DDP waits for every parameter's gradient."""
    torch.manual_seed(0)
    jepa = Jepa(JepaConfig.for_video(**SMALL, horizons=(2, 5, 8)))
    frames = ScenesSource(rows=2).batch(0, WHOLE).frames[:, :5]
    losses = jepa(Batch(frames), 0, torch.Generator().manual_seed(0))
    losses["total"].backward()
    latents = jepa.encode(frames)
    reached = jepa.further[0](jepa.predictor.watch(latents, None)[:, :-2]) - latents[:, 2:]
    assert torch.equal(losses["further"], reached.square().mean())
    gradients = {name: parameter.grad for name, parameter in jepa.named_parameters()}
    assert all(gradient is not None for gradient in gradients.values())
    still = {name.split(".")[1] for name, gradient in gradients.items() if gradient is not None and not gradient.any()}
    assert still == {"1", "2"}
    assert _losses(jepa, Batch(frames[:, :2]))["further"] == 0


@pytest.mark.parametrize("changed", [{"horizons": (0,)}, {"horizons": (4,), "action_size": 2}])
def test_horizons_are_of_plain_video_and_ahead(changed: dict[str, object]) -> None:
    with pytest.raises(InputError, match="horizons are whole frames"):
        Jepa(JepaConfig.for_video(**SMALL, **changed))


def test_a_pool_of_scenes_is_drawn_again_and_again() -> None:
    pool = ScenesSource(seed=3, rows=16, pool=4)
    clips = torch.cat([pool.batch(step, WHOLE).frames for step in range(2)])
    assert len({clip.numpy().tobytes() for clip in clips}) == 4
    endless = ScenesSource(seed=3, rows=16)
    assert torch.equal(endless.batch(5, slice(4, 8)).frames, endless.batch(5, WHOLE).frames[4:8])
    assert not torch.equal(endless.batch(5, WHOLE).frames, endless.batch(6, WHOLE).frames)
